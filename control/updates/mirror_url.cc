#include "control/updates/mirror_url.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace sluis {
namespace {

constexpr std::string_view kWanted = "; write https://HOST/FOLDER";
constexpr std::string_view kWantedProxy = "; write http://HOST:PORT";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
constexpr std::string_view kInBrackets = "0123456789abcdefABCDEF:.";
/// RFC 3986, section 3.3: a path's characters, and the percent sign of encoded ones.
constexpr std::string_view kInPath =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@%/";

bool holds_only(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

/// Whether a host, and a port where one has to be or is.
bool is_authority(std::string_view text, bool needs_port) {
    std::string_view host = text, rest;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return false;
        host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
        if (!holds_only(host, kInBrackets) || host.find(':') == std::string_view::npos) return false;
    } else {
        const std::size_t colon = text.find(':');
        host = text.substr(0, colon);
        rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
        if (host.empty() || !holds_only(host, kLetters)) return false;
    }
    if (rest.empty()) return !needs_port;
    return rest.front() == ':' && is_port(rest.substr(1));
}

/// A folder of the mirror's: no step up, no encoded byte that is none.
bool is_path(std::string_view path) {
    if (!holds_only(path, kInPath) || path.find("/../") != std::string_view::npos || path.ends_with("/.."))
        return false;
    for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1))
        if (path.size() < at + 3 || !holds_only(path.substr(at + 1, 2), "0123456789abcdefABCDEF")) return false;
    return true;
}

}  // namespace

tl::expected<std::string, std::string> read_mirror_url(std::string_view text) {
    constexpr std::string_view kScheme = "https://";
    const auto wrong = [&](std::string_view what) {
        return tl::unexpected("is \"" + std::string(text.substr(0, kMirrorUrlLimit)) + "\", " + std::string(what) +
                              std::string(kWanted));
    };
    if (text.size() > kMirrorUrlLimit) return wrong("which is too long");
    if (!text.starts_with(kScheme)) return wrong("which is not HTTPS");
    const std::string_view rest = text.substr(kScheme.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    if (!is_authority(rest.substr(0, slash), false)) return wrong("which has no right host");
    if (!is_path(rest.substr(slash))) return wrong("which has no plain path");
    return std::string(text) + (text.ends_with('/') ? "" : "/");
}

tl::expected<std::string, std::string> read_proxy_url(std::string_view text) {
    constexpr std::string_view kScheme = "http://";
    const bool is_right =
        text.size() <= kMirrorUrlLimit && text.starts_with(kScheme) && is_authority(text.substr(kScheme.size()), true);
    if (is_right) return std::string(text);
    return tl::unexpected("is \"" + std::string(text.substr(0, kMirrorUrlLimit)) + "\", which is no proxy" +
                          std::string(kWantedProxy));
}

}  // namespace sluis
