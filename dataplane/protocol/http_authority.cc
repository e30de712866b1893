#include "dataplane/protocol/http_authority.h"

#include <algorithm>

#include "dataplane/protocol/http_syntax.h"

namespace sluis {
namespace {

constexpr auto npos = std::string_view::npos;

/// What can be part of a name and nothing else. The excluded are those that some server, proxy or URL library cuts at,
/// decodes or maps to other characters (IDNA maps full-width letters and the ideographic full stop).
bool is_host_character(char c) noexcept {
    return c > ' ' && c < 0x7f && std::string_view(",;/\\@?#%\"<>:[]").find(c) == npos;
}
bool is_userinfo_character(char c) noexcept {
    return c > ' ' && c < 0x7f && std::string_view("/\\@?#\"<>[]").find(c) == npos;
}
bool is_literal_character(char c) noexcept {
    return http_is_alpha(c) || http_is_digit(c) || c == ':' || c == '.' || c == '%' || c == '-' || c == '_';
}
bool is_address_character(char c) noexcept {
    return http_is_digit(c) || (http_lower(c) >= 'a' && http_lower(c) <= 'f') || c == ':' || c == '.';
}

template <typename Class>
bool all_of(std::string_view text, Class is_member) noexcept {
    return std::all_of(text.begin(), text.end(), is_member);
}

bool is_port(std::string_view text) noexcept {
    return text.empty() || (text.front() == ':' && all_of(text.substr(1), http_is_digit));
}

Result<std::string_view> read_bracketed(std::string_view value) noexcept {
    const std::size_t end = value.find(']');
    if (end == npos || end < 2 || !is_port(value.substr(end + 1))) return Failure(Reason::http_malformed);
    if (!all_of(value.substr(1, end - 1), is_literal_character)) return Failure(Reason::http_malformed);
    return value.substr(0, end + 1);
}

/// `2001:db8::1` without brackets, as careless clients write it. A dot before the first colon is refused: that is a
/// name with a port for a server that stops reading there.
bool is_bare_ipv6(std::string_view value, std::size_t first_colon) noexcept {
    return value.find(':', first_colon + 1) != npos && value.substr(0, first_colon).find('.') == npos &&
           all_of(value, is_address_character);
}

bool is_plain_name(std::string_view host) noexcept {
    return !host.empty() && host.front() != '.' && host.find("..") == npos && all_of(host, is_host_character);
}

}  // namespace

Result<std::string_view> read_http_host(std::string_view value) noexcept {
    if (value.empty() || value.size() > kHttpHostLimit + 1 + sizeof "65535") return Failure(Reason::http_malformed);
    if (value.front() == '[') return read_bracketed(value);
    const std::size_t colon = value.find(':');
    if (colon != npos && is_bare_ipv6(value, colon)) return value;
    std::string_view host = value.substr(0, colon);
    if (!is_plain_name(host) || (colon != npos && !is_port(value.substr(colon))))
        return Failure(Reason::http_malformed);
    if (host.back() == '.') host.remove_suffix(1);
    if (host.size() > kHttpHostLimit) return Failure(Reason::http_malformed);
    return host;
}

Result<std::string_view> read_http_authority(std::string_view authority) noexcept {
    const std::size_t at = authority.find('@');
    if (at == npos) return read_http_host(authority);
    if (!all_of(authority.substr(0, at), is_userinfo_character)) return Failure(Reason::http_malformed);
    return read_http_host(authority.substr(at + 1));
}

Result<std::string_view> target_authority(std::string_view target) noexcept {
    if (target.empty() || target.front() == '/' || target == "*") return std::string_view{};
    const auto is_scheme_character = [](char c) {
        return http_is_alpha(c) || http_is_digit(c) || c == '+' || c == '-' || c == '.';
    };
    const std::size_t colon = target.find("://");
    if (colon != npos && colon != 0 && all_of(target.substr(0, colon), is_scheme_character)) {
        const std::string_view rest = target.substr(colon + 3);
        const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
        if (authority.empty()) return Failure(Reason::http_malformed);
        return authority;
    }
    if (target.find_first_of(":\\@ \t") != npos) return Failure(Reason::http_malformed);
    return std::string_view{};
}

}  // namespace sluis
