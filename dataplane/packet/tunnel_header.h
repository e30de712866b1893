// The headers of tunnels that do not encrypt: what each says of the packet behind it.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/packet/bytes.h"

namespace sluis {

/// What a tunnel's header says.
struct Tunnelled {
    std::uint16_t type = 0;               ///< an EtherType
    Bytes payload;                        ///< what is behind the header
    const std::byte* checksum = nullptr;  ///< a field of two bytes that covers the header and all behind it
};
/// Reads a tunnel's header and those that always come with it. None when the bytes are no such header.
using TunnelReader = std::optional<Tunnelled> (*)(Bytes bytes) noexcept;

/// How what an IP header holds is read as a tunnel; nullptr when it is none. `protocol` is an IANA protocol number.
TunnelReader tunnel_in_ip(std::uint8_t protocol) noexcept;

/// How the payload of a UDP datagram to a port is read as a tunnel; nullptr when it is none.
TunnelReader tunnel_in_udp(std::uint16_t destination_port) noexcept;

/// A PPP frame without address and control bytes (RFC 1661, section 2; its protocol may be one odd byte).
std::optional<Tunnelled> read_ppp(Bytes bytes) noexcept;

}  // namespace sluis
