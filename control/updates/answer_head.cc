#include "control/updates/answer_head.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace sluis {
namespace {

/// Seconds: a mirror cannot keep a box away for longer by Retry-After.
constexpr std::uint64_t kRetryAfterLimit = 86400;

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string_view trim(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

bool is_named(std::string_view field, std::string_view lower_case) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(field.begin(), field.end(), lower_case.begin(), lower_case.end(),
                      [&](char a, char b) { return lower(a) == b; });
}

/// "HTTP/1.1 206 Partial Content"
int parse_status(std::string_view line) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.size() < space + 4) return 0;
    return static_cast<int>(parse_number(line.substr(space + 1, 3)).value_or(0));
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view value) {
    constexpr std::string_view kUnit = "bytes ";
    if (!value.starts_with(kUnit)) return std::nullopt;
    value.remove_prefix(kUnit.size());
    const std::size_t dash = value.find('-'), slash = value.find('/');
    if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return std::nullopt;
    const auto first = parse_number(value.substr(0, dash));
    const auto last = parse_number(value.substr(dash + 1, slash - dash - 1));
    const auto whole = parse_number(value.substr(slash + 1));
    if (!first || !last || !whole || *first > *last || *last >= *whole) return std::nullopt;
    return ContentRange{*first, *last, *whole};
}

bool is_entity_tag(std::string_view value) {
    if (value.starts_with("W/")) value.remove_prefix(2);
    if (value.size() < 2 || value.size() > kEntityTagLimit || value.front() != '"' || value.back() != '"') return false;
    value = value.substr(1, value.size() - 2);
    return std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '"'; });
}

void read_head_line(std::string_view line, AnswerHead& head) {
    if (line.starts_with("HTTP/")) {
        head = {};
        head.status = parse_status(line);
        return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string_view name = line.substr(0, colon), value = trim(line.substr(colon + 1));
    if (is_named(name, "content-length")) {
        const auto length = parse_number(value);
        if (!length || (head.length && *head.length != *length)) head.is_broken = true;
        head.length = length;
    }
    // A wrong one is none: the answer is then not the rest that was asked for.
    if (is_named(name, "content-range")) head.range = parse_content_range(value);
    if (is_named(name, "etag")) head.etag = is_entity_tag(value) ? std::string(value) : "";
    if (is_named(name, "retry-after")) {
        head.retry_after =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(parse_number(value).value_or(0), kRetryAfterLimit));
    }
}

}  // namespace sluis
