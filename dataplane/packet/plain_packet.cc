#include "dataplane/packet/plain_packet.h"

#include <cstring>

#include "dataplane/packet/checksum.h"
#include "dataplane/packet/tunnel_port.h"

namespace sluis {
namespace {

constexpr std::uint16_t kEtherIpv4 = 0x0800, kEtherIpv6 = 0x86dd, kEtherVlan = 0x8100, kEtherServiceVlan = 0x88a8;
constexpr std::size_t kEthernetHeader = 14, kVlanTag = 4, kIpv4Header = 20, kIpv6Header = 40;
constexpr std::size_t kIpv4Addresses = 12, kIpv6Addresses = 8;  ///< where they begin in the header
/// What follows any of the headers below lies within a frame of this length: it needs no test at each step.
constexpr std::size_t kLeast = kEthernetHeader + 2 * kVlanTag + kIpv4Header;

/// The part of an IPv4 packet behind its header; empty when it is not plain.
Bytes ipv4(Bytes bytes, PlainPacket& packet) noexcept {
    const std::byte* header = bytes.data();
    const std::size_t total = load_be<std::uint16_t>(header + 2);
    const bool whole = (load_be<std::uint16_t>(header + 6) & 0x3fff) == 0;
    if (header[0] != std::byte{0x45} || total > bytes.size() || total < kIpv4Header || !whole) return {};
    packet.protocol = std::to_integer<std::uint8_t>(header[9]);
    packet.addresses = header + kIpv4Addresses;
    return bytes.subspan(kIpv4Header, total - kIpv4Header);
}

Bytes ipv6(Bytes bytes, PlainPacket& packet) noexcept {
    if (bytes.size() < kIpv6Header) return {};
    const std::byte* header = bytes.data();
    const std::size_t length = load_be<std::uint16_t>(header + 4);
    if ((header[0] >> 4) != std::byte{6} || length > bytes.size() - kIpv6Header) return {};
    packet.protocol = std::to_integer<std::uint8_t>(header[6]);
    packet.addresses = header + kIpv6Addresses;
    packet.ipv6 = true;
    return bytes.subspan(kIpv6Header, length);
}

bool tcp(PlainPacket& packet) noexcept {
    if (packet.transport.size() < 20) return false;
    const std::size_t header = std::to_integer<std::size_t>(packet.transport[12] >> 4) * 4;
    if (header < 20 || header > packet.transport.size()) return false;
    packet.payload = packet.transport.subspan(header);
    return true;
}

bool udp(PlainPacket& packet) noexcept {
    if (packet.transport.size() < 8 || load_be<std::uint16_t>(packet.transport.data() + 4) != packet.transport.size())
        return false;
    packet.payload = packet.transport.subspan(8);
    return !is_tunnel_port(packet.destination_port);
}

bool header_checksum_holds(const Frame& frame, const std::byte* header) noexcept {
    if (frame.ip_checksum != ChecksumState::unknown) return frame.ip_checksum == ChecksumState::good;
    return checksum_holds(0, {header, kIpv4Header});
}

void read_endpoints(const PlainPacket& plain, Endpoints& endpoints) noexcept {
    const std::size_t size = plain.ipv6 ? 16 : 4;
    std::memcpy(endpoints.source.address.bytes.data(), plain.addresses, size);
    std::memcpy(endpoints.destination.address.bytes.data(), plain.addresses + size, size);
    endpoints.source.port = plain.source_port;
    endpoints.destination.port = plain.destination_port;
    endpoints.ipv6 = plain.ipv6;
}

}  // namespace

bool read_plain_packet(const Frame& frame, PlainPacket& packet) noexcept {
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

bool expand_plain_packet(Frame& frame, const PlainPacket& plain, Packet& packet) noexcept {
    const std::byte* const header = plain.addresses - (plain.ipv6 ? kIpv6Addresses : kIpv4Addresses);
    if (!plain.ipv6 && !header_checksum_holds(frame, header)) return false;
    packet = {};
    packet.frame = &frame;
    packet.l4_checksum = frame.l4_checksum;
    packet.network_offset = static_cast<std::uint32_t>(header - frame.data);
    for (std::size_t tag = kEthernetHeader; tag < packet.network_offset; tag += kVlanTag)
        packet.vlan[packet.vlan_count++] = load_be<std::uint16_t>(frame.data + tag) & 0x0fff;
    read_endpoints(plain, packet.endpoints);
    packet.protocol = plain.protocol;
    packet.transport = plain.transport;
    packet.payload = plain.payload;
    return true;
}

}  // namespace sluis
