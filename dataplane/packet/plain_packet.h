// The frames that nearly all traffic consists of, read in few instructions: TCP or UDP in IP in Ethernet, and nothing
// that `decode` has to think about. What is not of this form is decoded in full.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/packet/byte_order.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/ether_type.h"
#include "dataplane/packet/packet.h"
#include "dataplane/packet/tunnel_port.h"

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

namespace plain_form {

constexpr std::size_t kEthernetHeader = 14, kVlanTag = 4, kIpv4Header = 20, kIpv6Header = 40;
constexpr std::size_t kIpv4Addresses = 12, kIpv6Addresses = 8;  ///< where they begin in the header
/// What follows any of the headers below lies within a frame of this length: it needs no test at each step.
constexpr std::size_t kLeast = kEthernetHeader + 2 * kVlanTag + kIpv4Header;

/// The part of an IPv4 packet behind its header; empty when it is not plain.
inline Bytes ipv4(Bytes bytes, PlainPacket& packet) noexcept {
    const std::byte* header = bytes.data();
    const std::size_t total = load_be<std::uint16_t>(header + 2);
    const bool whole = (load_be<std::uint16_t>(header + 6) & 0x3fff) == 0;
    if (header[0] != std::byte{0x45} || total > bytes.size() || total < kIpv4Header || !whole) return {};
    packet.protocol = std::to_integer<std::uint8_t>(header[9]);
    packet.addresses = header + kIpv4Addresses;
    return bytes.subspan(kIpv4Header, total - kIpv4Header);
}

inline Bytes ipv6(Bytes bytes, PlainPacket& packet) noexcept {
    if (bytes.size() < kIpv6Header) return {};
    const std::byte* header = bytes.data();
    const std::size_t length = load_be<std::uint16_t>(header + 4);
    if ((header[0] >> 4) != std::byte{6} || length > bytes.size() - kIpv6Header) return {};
    packet.protocol = std::to_integer<std::uint8_t>(header[6]);
    packet.addresses = header + kIpv6Addresses;
    packet.ipv6 = true;
    return bytes.subspan(kIpv6Header, length);
}

inline bool tcp(PlainPacket& packet) noexcept {
    if (packet.transport.size() < 20) return false;
    const std::size_t header = std::to_integer<std::size_t>(packet.transport[12] >> 4) * 4;
    if (header < 20 || header > packet.transport.size()) return false;
    packet.payload = packet.transport.subspan(header);
    return true;
}

inline bool udp(PlainPacket& packet) noexcept {
    if (packet.transport.size() < 8 || load_be<std::uint16_t>(packet.transport.data() + 4) != packet.transport.size())
        return false;
    packet.payload = packet.transport.subspan(8);
    return !is_tunnel_port(packet.destination_port);
}

}  // namespace plain_form

/// Reads `frame` if it is one: at most two VLAN tags, lengths that agree, no fragment, no port of a tunnel. Checksums
/// are not looked at.
inline bool read_plain_packet(const Frame& frame, PlainPacket& packet) noexcept {
    using namespace plain_form;
    if (frame.length < kLeast) return false;
    const std::byte* at = frame.data + kEthernetHeader - 2;
    std::uint16_t type = load_be<std::uint16_t>(at);
    for (int tags = 0; tags < 2 && (type == kEtherVlan || type == kEtherServiceVlan); ++tags) {
        packet.vlan = load_be<std::uint16_t>(at + 2) & 0x0fff;
        at += kVlanTag;
        type = load_be<std::uint16_t>(at);
    }
    const Bytes network = frame.bytes().subspan(static_cast<std::size_t>(at + 2 - frame.data));
    if (type != kEtherIpv4 && type != kEtherIpv6) return false;
    packet.transport = type == kEtherIpv4 ? ipv4(network, packet) : ipv6(network, packet);
    if (packet.transport.size() < 8) return false;
    packet.source_port = load_be<std::uint16_t>(packet.transport.data());
    packet.destination_port = load_be<std::uint16_t>(packet.transport.data() + 2);
    if (packet.protocol == kProtocolTcp) return tcp(packet);
    return packet.protocol == kProtocolUdp && udp(packet);
}

namespace plain_form {

/// Copied in few steps; to assign a fresh one takes a detour over the stack.
inline constexpr Packet kNothing;

inline bool header_checksum_holds(const Frame& frame, const std::byte* header) noexcept {
    if (frame.ip_checksum != ChecksumState::unknown) return frame.ip_checksum == ChecksumState::good;
    return ipv4_header_checksum_holds(header);
}

template <std::size_t Size>
void read_addresses(const std::byte* addresses, Endpoints& endpoints) noexcept {
    std::memcpy(endpoints.source.address.bytes.data(), addresses, Size);
    std::memcpy(endpoints.destination.address.bytes.data(), addresses + Size, Size);
}

}  // namespace plain_form

/// Fills in what `decode` would for a frame that `read_plain_packet` read, at a part of the cost. False when the IPv4
/// header's checksum is wrong: what that means is for `decode` to say.
inline bool expand_plain_packet(Frame& frame, const PlainPacket& plain, Packet& packet) noexcept {
    using namespace plain_form;
    const std::byte* const header = plain.addresses - (plain.ipv6 ? kIpv6Addresses : kIpv4Addresses);
    if (!plain.ipv6 && !header_checksum_holds(frame, header)) return false;
    packet = kNothing;
    packet.frame = &frame;
    packet.l4_checksum = frame.l4_checksum;
    packet.network_offset = static_cast<std::uint32_t>(header - frame.data);
    for (std::size_t tag = kEthernetHeader; tag < packet.network_offset; tag += kVlanTag)
        packet.vlan[packet.vlan_count++] = load_be<std::uint16_t>(frame.data + tag) & 0x0fff;
    plain.ipv6 ? read_addresses<16>(plain.addresses, packet.endpoints)
               : read_addresses<4>(plain.addresses, packet.endpoints);
    packet.endpoints.source.port = plain.source_port;
    packet.endpoints.destination.port = plain.destination_port;
    packet.endpoints.ipv6 = plain.ipv6;
    packet.protocol = plain.protocol;
    packet.transport = plain.transport;
    packet.payload = plain.payload;
    return true;
}

}  // namespace sluis
