// The character classes of HTTP/1.x (RFC 9110, section 5.6), widened to what lenient servers take.
#pragma once

#include <string_view>

namespace sluis {

constexpr bool http_is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
constexpr bool http_is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
constexpr char http_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr bool http_is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool http_is_alpha(char c) noexcept { return http_lower(c) >= 'a' && http_lower(c) <= 'z'; }

/// tchar (RFC 9110, section 5.6.2).
constexpr bool http_is_token(char c) noexcept {
    return http_is_alpha(c) || http_is_digit(c) ||
           (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

/// Without the spaces and tabs at both ends (OWS).
constexpr std::string_view http_trim(std::string_view text) noexcept {
    while (!text.empty() && http_is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && http_is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Whether two texts are the same but for the case of A-Z.
constexpr bool http_equal(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (http_lower(a[i]) != http_lower(b[i])) return false;
    }
    return true;
}

/// Whether `text` begins with `prefix`, but for the case of A-Z.
constexpr bool http_starts_with(std::string_view text, std::string_view prefix) noexcept {
    return text.size() >= prefix.size() && http_equal(text.substr(0, prefix.size()), prefix);
}

}  // namespace sluis
