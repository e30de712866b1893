// A ClientHello as browsers send them: the extensions and sizes of a current one, with a name of our choice.
#pragma once

#include <string_view>

#include "tests/unit/tls_hello.h"

namespace sluis::bench {

using test::Buffer;

/// Sizes of a whole ClientHello message, header included, bytes.
inline constexpr std::size_t kSmallHello = 512;   ///< X25519 alone, padded as RFC 7685 asks
inline constexpr std::size_t kLargeHello = 1795;  ///< with a post-quantum key share; 1.8 KB in its record

/// A handshake message (RFC 8446, section 4.1.2) of `size` bytes; the name stands behind half of the extensions.
/// REQUIRES: size >= 400 + name.size().
inline Buffer browser_hello(std::string_view name, std::size_t size, std::string_view alpn = "\x02h2\x08http/1.1") {
    using namespace test;
    const Buffer suites =
        buffer({0x1a, 0x1a, 0x13, 0x01, 0x13, 0x02, 0x13, 0x03, 0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30,
                0xcc, 0xa9, 0xcc, 0xa8, 0xc0, 0x13, 0xc0, 0x14, 0x00, 0x9c, 0x00, 0x9d, 0x00, 0x2f, 0x00, 0x35});
    const Buffer head = buffer({3, 3}) + Buffer(32, std::byte{0x5c}) + prefixed(1, Buffer(32, std::byte{0x51})) +
                        prefixed(2, suites) + prefixed(1, buffer({0}));
    const Buffer before = extension(0x4a4a, {}) + extension(23, {}) + extension(0xff01, prefixed(1, {})) +
                          extension(10, prefixed(2, buffer({0x2a, 0x2a, 0, 29, 0, 23, 0, 24}))) +
                          extension(11, prefixed(1, buffer({0}))) + extension(35, {}) +
                          extension(16, prefixed(2, buffer(alpn)));
    const Buffer behind = extension(5, buffer({1, 0, 0, 0, 0})) +
                          extension(13, prefixed(2, buffer({4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1}))) +
                          extension(18, {}) + extension(45, prefixed(1, buffer({1}))) +
                          extension(43, prefixed(1, buffer({0x6a, 0x6a, 3, 4, 3, 3}))) +
                          extension(27, prefixed(1, buffer({0, 2})));
    // What a browser fills up with padding or with a large key share costs a reader the same: one length to step over.
    const auto body = [&](std::size_t share) {
        const Buffer key_share = extension(51, prefixed(2, buffer({0, 29}) + prefixed(2, Buffer(share))));
        return head + prefixed(2, before + key_share + server_name(name) + behind);
    };
    const std::size_t least = handshake(1, body(0)).size();
    return handshake(1, body(size > least ? size - least : 0));
}

}  // namespace sluis::bench
