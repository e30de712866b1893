#include "dataplane/packet/control_frame.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "dataplane/packet/byte_reader.h"
#include "dataplane/packet/ether_type.h"
#include "dataplane/packet/packet.h"

namespace sluis {
namespace {

// IANA, Protocol Numbers.
constexpr std::uint8_t kEigrp = 88, kOspf = 89, kPim = 103, kVrrp = 112;
/// RIP and RIPng; LDP; HSRP; HSRP for IPv6; GLBP; BFD: one hop (RFC 5881), its echo, several hops (RFC 5883), members
/// of a LAG (RFC 7130).
constexpr std::array<std::uint16_t, 10> kPorts{520, 521, 646, 1985, 2029, 3222, 3784, 3785, 4784, 6784};

bool is_control_address(std::uint64_t mac) noexcept {
    const std::uint64_t group = mac & ~std::uint64_t{0x3f};
    return group == 0x0180'c200'0000 || (mac & ~std::uint64_t{0xf}) == 0x0900'2b00'0000 ||
           (mac & ~std::uint64_t{0x1}) == 0x0100'0ccc'cccc;
}

/// `reader` stands behind the IP header.
bool is_control_protocol(std::uint8_t protocol, ByteReader reader) noexcept {
    if (protocol == kOspf || protocol == kVrrp || protocol == kPim || protocol == kEigrp) return true;
    if (protocol != kProtocolUdp) return false;
    reader.skip(2);  // source port
    const std::uint16_t port = reader.u16();
    return reader.ok() && std::find(kPorts.begin(), kPorts.end(), port) != kPorts.end();
}

bool is_ipv4_control(ByteReader reader) noexcept {
    const std::uint32_t header = (reader.u8() & 0x0fu) * 4;
    reader.skip(5);
    const bool whole = (reader.u16() & 0x3fff) == 0;  // fragments stay with the others of their datagram
    reader.skip(1);                                   // TTL
    const std::uint8_t protocol = reader.u8();
    if (header < 20 || !whole) return false;
    reader.skip(header - 10);
    return reader.ok() && is_control_protocol(protocol, reader);
}

bool is_ipv6_control(ByteReader reader) noexcept {
    reader.skip(6);
    const std::uint8_t protocol = reader.u8();
    reader.skip(33);  // hop limit and addresses
    return reader.ok() && is_control_protocol(protocol, reader);
}

}  // namespace

bool is_control_frame(Bytes frame) noexcept {
    ByteReader reader(frame);
    const std::uint64_t high = reader.u32();
    const std::uint64_t destination = high << 16 | reader.u16();
    reader.skip(6);  // source address
    std::uint16_t type = reader.u16();
    if (!reader.ok()) return false;
    if (is_control_address(destination)) return true;
    for (int tags = 0; tags < 2 && is_vlan_tag(type); ++tags) {
        reader.skip(2);
        type = reader.u16();
    }
    if (type == kEtherIpv4) return is_ipv4_control(reader);
    return type == kEtherIpv6 && is_ipv6_control(reader);
}

}  // namespace sluis
