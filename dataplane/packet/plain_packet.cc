#include "dataplane/packet/plain_packet.h"

#include <cstring>

#include "dataplane/packet/checksum.h"

namespace sluis {
namespace {

using namespace plain_form;

bool header_checksum_holds(const Frame& frame, const std::byte* header) noexcept {
    if (frame.ip_checksum != ChecksumState::unknown) return frame.ip_checksum == ChecksumState::good;
    return ipv4_header_checksum_holds(header);
}

/// Copied in few steps; to assign a fresh one takes a detour over the stack.
constexpr Packet kNothing;

template <std::size_t Size>
void read_addresses(const std::byte* addresses, Endpoints& endpoints) noexcept {
    std::memcpy(endpoints.source.address.bytes.data(), addresses, Size);
    std::memcpy(endpoints.destination.address.bytes.data(), addresses + Size, Size);
}

}  // namespace

bool expand_plain_packet(Frame& frame, const PlainPacket& plain, Packet& packet) noexcept {
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
