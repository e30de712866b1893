// A mirror's address: an HTTPS folder with a note and bundles in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace sluis {

/// Bytes.
inline constexpr std::size_t kMirrorUrlLimit = 1024;

/// The folder with one slash at its end. Only https, without user, query or fragment (RFC 3986, section 3), in
/// printable ASCII. The error is a part of a sentence: "is … ; write …".
tl::expected<std::string, std::string> read_mirror_url(std::string_view text);

/// "http://HOST:PORT", likewise.
tl::expected<std::string, std::string> read_proxy_url(std::string_view text);

}  // namespace sluis
