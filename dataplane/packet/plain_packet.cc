#include "dataplane/packet/plain_packet.h"

#include <cstring>

#include "dataplane/packet/checksum.h"

namespace sluis {
namespace {

using namespace plain_form;

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
