// A frame's layers, as far as the inspection needs them. Everything is a view on the frame.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/packet/address.h"
#include "dataplane/packet/frame.h"

namespace sluis {

inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::uint8_t kProtocolUdp = 17;

/// A fragment's place in its datagram (RFC 791, section 3.2; RFC 8200, section 4.5).
struct FragmentInfo {
    std::uint32_t identification = 0;
    std::uint32_t offset = 0;   ///< bytes
    bool more = false;          ///< more fragments follow
    std::uint8_t protocol = 0;  ///< of what is fragmented: the first header of the reassembled bytes
};

/// What a frame holds, innermost IP header. Filled in by `decode`.
struct Packet {
    Frame* frame = nullptr;  ///< the first of the chain that carries it
    Endpoints endpoints;     ///< ports are zero unless TCP or UDP
    Bytes transport;         ///< transport header and payload, by the IP length
    Bytes payload;           ///< of TCP or UDP
    FragmentInfo fragment;
    /// Of the tunnel headers around the packet, the checksum field (two bytes) of the innermost one that has one in use
    /// (RFC 2784, section 2.3; UDP: not zero). It covers all that follows it. nullptr: none has.
    const std::byte* tunnel_checksum = nullptr;
    std::uint32_t network_offset = 0;  ///< of the innermost IP header, in the first frame
    std::uint32_t ppp_offset = 0;      ///< of the PPPoE header, or 0
    /// The most VLANs that are looked through around a packet: two (IEEE 802.1ad), and as many within a tunnel.
    static constexpr std::size_t kVlanLimit = 4;
    std::array<std::uint16_t, kVlanLimit> vlan{};  ///< VLAN IDs, outermost first; of more, without those that are 0
    std::uint8_t vlan_count = 0;
    std::uint8_t protocol = 0;   ///< kProtocolTcp, kProtocolUdp or other
    std::uint8_t tunnels = 0;    ///< headers of tunnels around the innermost IP header
    bool answerable = true;      ///< the layers below IP can be turned round: no MPLS, no tunnel
    bool checksum_known = true;  ///< false behind a routing header whose last address is not in the packet's place
    ChecksumState l4_checksum = ChecksumState::unknown;

    Side ingress() const noexcept { return frame->ingress; }
};

}  // namespace sluis
