// DNS over TLS and over QUIC, told by what their clients announce (RFC 7858, 9250).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "dataplane/packet/byte_reader.h"

namespace sluis {

/// Ports of DNS over TLS, over TCP.
inline constexpr std::array<std::uint16_t, 1> kDotPorts{853};
/// Ports of DNS over QUIC, over UDP: RFC 9250's, and those of its drafts and first servers.
inline constexpr std::array<std::uint16_t, 3> kDoqPorts{853, 784, 8853};

/// Whether a ProtocolNameList's content (`ClientHello::alpn`) has `dot`, `doq`, or a draft of DNS over QUIC
/// (`doq-i03`).
inline bool announces_encrypted_dns(Bytes alpn) noexcept {
    ByteReader names(alpn);
    while (names.ok() && !names.at_end()) {
        const std::string_view name = as_text(names.bytes(names.u8()));
        if (name == "dot" || name == "doq" || name.starts_with("doq-")) return true;
    }
    return false;
}

/// Whether a hello to `port` with these protocols is for encrypted DNS.
template <std::size_t Count>
bool is_encrypted_dns(Bytes alpn, std::uint16_t port, const std::array<std::uint16_t, Count>& ports) noexcept {
    return std::find(ports.begin(), ports.end(), port) != ports.end() || announces_encrypted_dns(alpn);
}

}  // namespace sluis
