#include "control/api/http_head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "control/api/http_limits.h"

namespace sluis {
namespace {

constexpr std::array<std::string_view, 6> kMethodNames{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"};

tl::unexpected<Problem> refuse(int status, std::string detail, std::string field = "") {
    return tl::unexpected(Problem{status, std::move(detail), std::move(field)});
}

/// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               kTokenMarks.find(c) != std::string_view::npos;
    });
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string lower(std::string_view text) {
    std::string small(text);
    for (char& c : small)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return small;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Percent-decoding (RFC 3986, section 2.1); none for a broken escape.
std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

/// One head, field by field.
class HeadReader {
public:
    tl::expected<RequestHead, Problem> read(std::string_view text) {
        if (text.size() > kHeadLimit) return refuse(431, "the request's head is too long");
        const auto first = take_line(text);
        if (!first) return refuse(400, "a line of the head does not end with CR LF");
        if (auto done = read_request_line(*first); !done) return tl::unexpected(done.error());
        for (std::size_t fields = 0;; ++fields) {
            const auto line = take_line(text);
            if (!line) return refuse(400, "a line of the head does not end with CR LF");
            if (line->empty()) return text.empty() ? finish() : refuse(400, "bytes follow the head");
            if (fields == kHeaderFieldLimit) return refuse(431, "the request has too many header fields");
            if (auto done = read_field(*line); !done) return tl::unexpected(done.error());
        }
    }

private:
    using Done = tl::expected<void, Problem>;

    static std::optional<std::string_view> take_line(std::string_view& text) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos || end == 0 || text[end - 1] != '\r') return std::nullopt;
        const std::string_view line = text.substr(0, end - 1);
        text.remove_prefix(end + 1);
        return line;
    }

    /// RFC 9112, section 3: method, target and version, one space between them.
    Done read_request_line(std::string_view line) {
        const auto space = line.find(' '), last = line.rfind(' ');
        if (space == std::string_view::npos || space == last) return refuse(400, "the request line is malformed");
        const std::string_view method = line.substr(0, space), version = line.substr(last + 1);
        if (!is_token(method)) return refuse(400, "the method is malformed");
        if (version != "HTTP/1.1" && version != "HTTP/1.0") return refuse(505, "write HTTP/1.1 or HTTP/1.0");
        is_old_ = version == "HTTP/1.0";
        head_.keep_alive = !is_old_;
        const auto known = std::find(kMethodNames.begin(), kMethodNames.end(), method);
        head_.method = static_cast<Method>(known - kMethodNames.begin());
        return read_target(line.substr(space + 1, last - space - 1));
    }

    Done read_target(std::string_view target) {
        if (!is_printable(target)) return refuse(400, "the target holds a byte that has to be percent-encoded");
        if (target.starts_with("http://") || target.starts_with("https://")) {  // absolute-form
            const auto slash = target.find('/', target.find("//") + 2);
            target = slash == std::string_view::npos ? "/" : target.substr(slash);
        }
        if (!target.starts_with('/') && !(target == "*" && head_.method == Method::options))
            return refuse(400, "the target is no path");
        const auto mark = target.find('?');
        const auto path = decoded(target.substr(0, mark));
        if (!path || !is_printable(*path)) return refuse(400, "the path holds a broken or odd escape");
        head_.path = *path;
        return mark == std::string_view::npos ? Done{} : read_query(target.substr(mark + 1));
    }

    Done read_query(std::string_view query) {
        while (!query.empty()) {
            const std::string_view pair = query.substr(0, query.find('&'));
            query.remove_prefix(std::min(query.size(), pair.size() + 1));
            const auto equals = pair.find('=');
            const auto name = decoded(pair.substr(0, equals));
            const auto value = equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1));
            if (!name || !value || name->empty()) return refuse(400, "the query is malformed");
            if (head_.parameter(*name) != nullptr) return refuse(400, "a parameter is there twice", *name);
            head_.query.push_back({*name, *value});
        }
        return {};
    }

    Done read_field(std::string_view line) {
        const auto colon = line.find(':');
        // A space before the colon, and a line that continues another, come out here too: neither is a token.
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
            return refuse(400, "a header field is malformed");
        const std::string name = lower(line.substr(0, colon));
        const std::string_view value = trimmed(line.substr(colon + 1));
        const auto is_odd = [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f'; };
        if (std::any_of(value.begin(), value.end(), is_odd)) return refuse(400, "a header field is malformed", name);
        return take_field(name, value);
    }

    /// Fields that decide where a request ends, or what it means, may be there once.
    Done take_field(const std::string& name, std::string_view value) {
        constexpr std::array<std::string_view, 9> kOnce{"host",           "content-length",    "content-type",
                                                        "if-match",       "transfer-encoding", "origin",
                                                        "sec-fetch-site", "sec-fetch-mode",    "sec-fetch-dest"};
        if (std::find(kOnce.begin(), kOnce.end(), name) != kOnce.end()) {
            if (std::find(seen_.begin(), seen_.end(), name) != seen_.end())
                return refuse(400, "a header field is there twice", name);
            seen_.push_back(name);
        }
        if (name == "accept") head_.accept += (head_.accept.empty() ? "" : ",") + std::string(value);
        if (name == "content-type") head_.content_type = lower(trimmed(value.substr(0, value.find(';'))));
        if (name == "host") head_.host = lower(value);
        if (name == "if-match") head_.if_match = value;
        if (name == "if-none-match") head_.if_none_match = value;
        if (name == "last-event-id") head_.last_event_id = value;
        take_browser_field(name, value);
        if (name == "transfer-encoding") head_.chunked = true;
        if (name == "content-encoding") head_.encoded = lower(value) != "identity";
        if (name == "connection") return take_connection(lower(value));
        if (name == "expect") return take_expectation(lower(value));
        if (name == "content-length") return take_length(value);
        return {};
    }

    void take_browser_field(const std::string& name, std::string_view value) {
        if (name == "origin") head_.origin = lower(value);
        if (name == "sec-fetch-site") head_.fetch_site = lower(value);
        if (name == "sec-fetch-mode") head_.fetch_mode = lower(value);
        if (name == "sec-fetch-dest") head_.fetch_dest = lower(value);
    }

    Done take_connection(const std::string& value) {
        if (value.find("close") != std::string::npos) head_.keep_alive = false;
        if (is_old_ && value == "keep-alive") head_.keep_alive = true;
        return {};
    }

    Done take_expectation(const std::string& value) {
        if (value != "100-continue") return refuse(417, "only 100-continue can be expected", "expect");
        head_.expects_continue = !is_old_;
        return {};
    }

    Done take_length(std::string_view value) {
        std::uint64_t length = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
        if (value.empty() || error != std::errc{} || end != value.data() + value.size())
            return refuse(400, "the length is no number", "content-length");
        head_.content_length = length;
        return {};
    }

    tl::expected<RequestHead, Problem> finish() {
        const bool has_host = std::find(seen_.begin(), seen_.end(), "host") != seen_.end();
        if (!has_host && !is_old_) return refuse(400, "the header field is missing", "host");
        if (head_.chunked && head_.content_length)
            return refuse(400, "a request has one length", "transfer-encoding");  // RFC 9112, section 6.3
        return std::move(head_);
    }

    RequestHead head_;
    std::vector<std::string> seen_;
    bool is_old_ = false;
};

}  // namespace

std::string_view method_name(Method method) {
    const auto index = static_cast<std::size_t>(method);
    return index < kMethodNames.size() ? kMethodNames[index] : "other";
}

const std::string* RequestHead::parameter(std::string_view name) const {
    const auto found = std::find_if(query.begin(), query.end(), [&](const auto& each) { return each.name == name; });
    return found == query.end() ? nullptr : &found->value;
}

tl::expected<RequestHead, Problem> parse_request_head(std::string_view head) { return HeadReader().read(head); }

}  // namespace sluis
