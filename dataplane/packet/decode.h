// From a frame to the packet that matters: VLAN, PPPoE, MPLS, IPv4, IPv6, tunnels.
#pragma once

#include "dataplane/packet/packet.h"

namespace sluis {

/// What `decode` came to.
enum class Decoded : std::uint8_t {
    opaque,     ///< nothing to read: not IP, another transport, or encapsulated in a way that is not looked through
    transport,  ///< TCP or UDP, whole
    fragment,   ///< a fragment of a datagram that may hold TCP or UDP
    too_deep,   ///< encapsulated deeper than a limit; `reason` says which
    invalid,    ///< endpoints discard it; `reason` says why
};

struct DecodeLimits {
    std::uint32_t tunnel_depth = 2;
};

/// Reads the layers of `frame`. Bounded by the header count; reads nothing outside of the frame. Checks what hosts
/// check to accept a packet (lengths, IPv4 header checksum, order of extension headers), and fills in `packet`.
Decoded decode(Frame& frame, const DecodeLimits& limits, Packet& packet, Reason& reason) noexcept;

/// Reads a reassembled datagram: `transport` is what its fragments held, from the header `protocol` on. `packet` keeps
/// the addresses and link layers of its first fragment.
Decoded decode_reassembled(Bytes transport, std::uint8_t protocol, const DecodeLimits& limits, Packet& packet,
                           Reason& reason) noexcept;

}  // namespace sluis
