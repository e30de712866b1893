#include "dataplane/protocol/http_request_line.h"

#include <algorithm>
#include <array>

#include "dataplane/protocol/http_syntax.h"

namespace sluis {
namespace {

constexpr auto npos = std::string_view::npos;

/// RFC 9110, section 9; RFC 5789; RFC 4918; RFC 9113, section 3.4.
constexpr std::array<std::string_view, 17> kMethods{"GET",   "HEAD",   "POST",     "PUT",       "DELETE", "OPTIONS",
                                                    "TRACE", "PRI",    "CONNECT",  "PATCH",     "COPY",   "MOVE",
                                                    "LOCK",  "UNLOCK", "PROPFIND", "PROPPATCH", "MKCOL"};

/// How long a method that is not in the list, or the white space after it, may be before its line is complete.
constexpr std::size_t kOpenTokenLimit = 64;

/// What lenient servers part the words of a request line by besides spaces and tabs: vertical tab and form feed (RFC
/// 9112, section 3), and what Python takes for white space.
constexpr bool is_odd_blank(char c) noexcept {
    return c == '\v' || c == '\f' || (c >= '\x1c' && c <= '\x1f') || c == '\x85' || c == '\xa0';
}

std::string_view leading_token(std::string_view text) noexcept {
    std::size_t length = 0;
    while (length < text.size() && http_is_token(text[length])) ++length;
    return text.substr(0, length);
}

/// Where the first version in `rest` begins: `HTTP/` in any case, after white space or at the start.
std::size_t find_version(std::string_view rest) noexcept {
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if ((i == 0 || http_is_blank(rest[i - 1])) && http_starts_with(rest.substr(i), "HTTP/")) return i;
    }
    return npos;
}

/// Whether the last word is the version of another protocol that looks alike: RTSP/1.0, SIP/2.0, ICE/1.0.
bool ends_in_other_version(std::string_view rest) noexcept {
    const std::size_t blank = rest.find_last_of(" \t");
    if (blank == npos) return false;
    std::string_view word = rest.substr(blank + 1);
    const std::size_t slash = word.find('/');
    return slash != npos && slash > 0 && slash + 1 < word.size() && http_is_digit(word[slash + 1]) &&
           std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(slash), http_is_alpha);
}

bool is_known_method(std::string_view method) noexcept {
    return std::any_of(kMethods.begin(), kMethods.end(),
                       [method](std::string_view known) { return http_equal(method, known); });
}

bool is_scheme_character(char c) noexcept {
    return http_is_alpha(c) || http_is_digit(c) || c == '+' || c == '-' || c == '.';
}

/// Whether a target begins as servers want it behind a method of any name: with a path, an asterisk or a scheme. Lines
/// of logs, which quote requests, have other words there.
bool begins_target(std::string_view text) noexcept {
    if (text.starts_with('/')) return true;
    if (text.starts_with('*')) return text.size() == 1 || http_is_blank(text[1]);
    std::size_t length = 0;
    while (length < text.size() && is_scheme_character(text[length])) ++length;
    return length != 0 && text.substr(length).starts_with("://");
}

/// HTTP/0.9 as nginx, Apache and Node still take it. A line with an absolute target is answered before any header is
/// sent, so that no name could be compared in time; the other refused forms are of no use to anybody.
Reason judge_without_version(std::string_view method, std::string_view target) noexcept {
    const bool known = std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
    const bool is_path = target.starts_with('/');
    if (!known || ends_in_other_version(target) || (!is_path && target.find("://") == npos)) {
        return Reason::not_this_protocol;
    }
    const bool simple = method == "GET" && is_path && target.find_first_of(" \t") == npos;
    return simple ? Reason::none : Reason::http_malformed;
}

bool mentions_version(std::string_view line) noexcept {
    for (std::size_t i = 0; i < line.size(); ++i)
        if (http_starts_with(line.substr(i), "HTTP/")) return true;
    return false;
}

bool has_control(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), [](char c) { return http_is_control(c) && c != '\t'; });
}

}  // namespace

Result<HttpRequestLine> read_http_request_line(std::string_view line) noexcept {
    const std::string_view method = leading_token(line);
    if (method.empty() || method.size() == line.size()) return Failure(Reason::not_this_protocol);
    if (!http_is_blank(line[method.size()])) {
        const bool odd = is_odd_blank(line[method.size()]) && is_known_method(method) && mentions_version(line);
        return Failure(odd ? Reason::http_malformed : Reason::not_this_protocol);
    }
    const std::string_view rest = http_trim(line.substr(method.size()));
    if (!is_known_method(method) && !begins_target(rest)) return Failure(Reason::not_this_protocol);
    const std::size_t version = find_version(rest);
    if (version == npos) {
        const Reason reason = judge_without_version(method, rest);
        if (reason != Reason::none) return Failure(reason);
    }
    if (has_control(rest)) return Failure(Reason::http_malformed);
    return HttpRequestLine{method, http_trim(rest.substr(0, version)), version != npos};
}

bool has_known_http_method(std::string_view prefix) noexcept {
    return std::any_of(kMethods.begin(), kMethods.end(), [prefix](std::string_view method) {
        return http_starts_with(prefix, method) && prefix.size() > method.size() &&
               (http_is_blank(prefix[method.size()]) || is_odd_blank(prefix[method.size()]));
    });
}

bool has_known_http_target(std::string_view prefix) noexcept {
    if (!has_known_http_method(prefix)) return false;
    const std::string_view method = leading_token(prefix);
    const std::string_view rest = http_trim(prefix.substr(method.size()));
    return rest.empty() || is_odd_blank(rest.front()) || begins_target(rest) || http_equal(method, "CONNECT");
}

bool may_become_http_request_line(std::string_view prefix) noexcept {
    if (has_known_http_method(prefix)) return true;
    const std::string_view method = leading_token(prefix.substr(0, kOpenTokenLimit + 1));
    if (method.empty() || method.size() > kOpenTokenLimit) return false;
    std::string_view rest = prefix.substr(method.size(), kOpenTokenLimit);
    if (rest.empty()) return true;
    if (!http_is_blank(rest.front())) return false;
    rest = http_trim(rest);
    // An unknown word followed by white space may begin a line of any text protocol. The start of a target tells.
    if (rest.empty()) return prefix.size() < method.size() + kOpenTokenLimit;
    return rest.front() == '/' || rest.front() == '*' ||
           http_equal(rest.substr(0, 4), std::string_view("http").substr(0, rest.size()));
}

}  // namespace sluis
