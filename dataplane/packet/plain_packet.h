// The frames that nearly all traffic consists of, read in few instructions: TCP or UDP in IP in Ethernet, and nothing
// that `decode` has to think about. What is not of this form is decoded in full.
#pragma once

#include "dataplane/packet/byte_order.h"
#include "dataplane/packet/packet.h"

namespace sluis {

/// A whole TCP segment or UDP datagram without IP options, extension headers, fragments or tunnels.
struct PlainPacket {
    const std::byte* addresses = nullptr;  ///< source, then destination, as they lie in the frame
    Bytes transport;                       ///< header and payload, by the IP length
    Bytes payload;
    std::uint16_t vlan = 0;  ///< innermost tag, or 0
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint8_t protocol = 0;  ///< kProtocolTcp or kProtocolUdp
    bool ipv6 = false;

    bool involves(std::uint16_t port) const noexcept { return source_port == port || destination_port == port; }
};

/// Reads `frame` if it is one: at most two VLAN tags, lengths that agree, no fragment, no port of a tunnel. Checksums
/// are not looked at.
bool read_plain_packet(const Frame& frame, PlainPacket& packet) noexcept;

/// Fills in what `decode` would for a frame that `read_plain_packet` read, at a part of the cost. False when the IPv4
/// header's checksum is wrong: what that means is for `decode` to say.
bool expand_plain_packet(Frame& frame, const PlainPacket& plain, Packet& packet) noexcept;

}  // namespace sluis
