#include "control/notice/notice_request.h"

#include <algorithm>

namespace sluis {
namespace {

/// Methods and field names are tokens (RFC 9110, section 5.6.2).
bool is_token(std::string_view text) noexcept {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    const auto may = [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               kMarks.find(c) != kMarks.npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), may);
}

bool equal_folded(std::string_view text, std::string_view lower_case) noexcept {
    return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
    });
}

std::string_view take_line(std::string_view& text) noexcept {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
}

/// The path of a target in origin form or in absolute form (RFC 9112, section 3.2), without its query.
std::string_view path_of(std::string_view target) noexcept {
    constexpr std::string_view kScheme = "http://";
    if (equal_folded(target.substr(0, kScheme.size()), kScheme)) {
        target.remove_prefix(kScheme.size());
        target.remove_prefix(std::min(target.find('/'), target.size()));
    }
    return target.substr(0, target.find('?'));
}

std::optional<NoticeLanguage> page_of(std::string_view path) noexcept {
    if (path.empty() || path.front() != '/') return std::nullopt;
    for (std::size_t i = 0; i < kNoticeLanguages; ++i)
        if (path.substr(1) == kNoticeLanguageTags[i]) return static_cast<NoticeLanguage>(i);
    return std::nullopt;
}

void read_field(std::string_view line, LanguagePreference& preference) noexcept {
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !equal_folded(line.substr(0, colon), "accept-language")) return;
    preference.add(line.substr(colon + 1));
}

}  // namespace

std::optional<std::size_t> notice_head_size(std::string_view received) noexcept {
    for (std::size_t end = received.find('\n'); end != received.npos; end = received.find('\n', end + 1)) {
        const std::string_view rest = received.substr(end + 1);
        if (rest.starts_with('\n')) return end + 2;
        if (rest.starts_with("\r\n")) return end + 3;
    }
    return std::nullopt;
}

tl::expected<NoticeRequest, NoticeMistake> parse_notice_request(std::string_view head) noexcept {
    const std::string_view line = take_line(head);
    const std::size_t first = line.find(' '), last = line.rfind(' ');
    if (first == line.npos || last == first) return tl::unexpected(NoticeMistake::bad_request);
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    const bool is_http = version.size() == 8 && version.starts_with("HTTP/");
    if (!is_token(method) || !is_http || target.empty() || target.find(' ') != target.npos)
        return tl::unexpected(NoticeMistake::bad_request);
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return tl::unexpected(NoticeMistake::version_not_supported);
    NoticeRequest request;
    request.head_only = method == "HEAD";
    if (method == "GET" || request.head_only) request.page = page_of(path_of(target));
    while (!head.empty()) read_field(take_line(head), request.preference);
    return request;
}

}  // namespace sluis
