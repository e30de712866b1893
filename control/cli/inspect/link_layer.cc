#include "control/cli/inspect/link_layer.h"

#include <algorithm>

#include "dataplane/packet/byte_reader.h"
#include "dataplane/packet/byte_writer.h"

namespace sluis {
namespace {

// LINKTYPE_ values, of the registry that libpcap keeps.
constexpr std::uint16_t kNull = 0;
constexpr std::uint16_t kEthernet = 1;
constexpr std::uint16_t kPpp = 9;
constexpr std::uint16_t kRawBsd = 12;      // DLT_RAW as some systems write it
constexpr std::uint16_t kRawOpenBsd = 14;  // the same on OpenBSD
constexpr std::uint16_t kPppHdlc = 50;
constexpr std::uint16_t kPppoe = 51;
constexpr std::uint16_t kRaw = 101;
constexpr std::uint16_t kLoop = 108;
constexpr std::uint16_t kLinuxSll = 113;
constexpr std::uint16_t kIpv4 = 228;
constexpr std::uint16_t kIpv6 = 229;
constexpr std::uint16_t kLinuxSll2 = 276;

constexpr std::array kSupported{kNull, kEthernet, kPpp,      kRawBsd, kRawOpenBsd, kPppHdlc,  kPppoe,
                                kRaw,  kLoop,     kLinuxSll, kIpv4,   kIpv6,       kLinuxSll2};

constexpr std::uint16_t kEtherIpv4 = 0x0800;
constexpr std::uint16_t kEtherIpv6 = 0x86dd;
constexpr std::uint16_t kEtherPpp = 0x880b;
constexpr std::uint16_t kEtherPppoeSession = 0x8864;
constexpr std::uint16_t kEtherMpls = 0x8847;
constexpr std::uint16_t kEtherNone = 0x9000;

/// From and to locally administered addresses.
EthernetParts behind_ethernet(std::uint16_t ether_type, Bytes rest) noexcept {
    EthernetParts parts;
    ByteWriter header(parts.header);
    header.u16(0x0200);
    header.u32(2);
    header.u16(0x0200);
    header.u32(1);
    header.u16(ether_type);
    parts.header_size = parts.header.size();
    parts.rest = rest;
    return parts;
}

EthernetParts raw_ip(Bytes packet) noexcept {
    if (packet.empty()) return behind_ethernet(kEtherNone, packet);
    const bool ipv6 = std::to_integer<unsigned>(packet[0]) >> 4 == 6;
    return behind_ethernet(ipv6 ? kEtherIpv6 : kEtherIpv4, packet);
}

/// BSD's address family in the byte order of the capturing host (LINKTYPE_NULL) or of the network (LINKTYPE_LOOP).
EthernetParts loopback(Bytes packet) noexcept {
    ByteReader reader(packet);
    const std::uint32_t value = reader.u32();
    if (!reader.ok()) return behind_ethernet(kEtherNone, packet);
    const std::uint32_t family = value > 0xffff ? byte_swap(value) : value;
    const bool ipv6 = family == 24 || family == 28 || family == 30 || family == 10;  // BSDs, macOS, Linux
    if (family != 2 && !ipv6) return behind_ethernet(kEtherNone, reader.rest());
    return behind_ethernet(ipv6 ? kEtherIpv6 : kEtherIpv4, reader.rest());
}

/// PPP (RFC 1661), with or without the address and control bytes of HDLC (RFC 1662).
EthernetParts ppp(Bytes packet) noexcept {
    ByteReader reader(packet);
    if (packet.size() >= 2 && packet[0] == std::byte{0xff} && packet[1] == std::byte{0x03}) reader.skip(2);
    const Bytes whole = reader.rest();
    std::uint16_t protocol = reader.u8();
    if ((protocol & 1) == 0) protocol = static_cast<std::uint16_t>(protocol << 8 | reader.u8());
    if (!reader.ok()) return behind_ethernet(kEtherNone, packet);
    switch (protocol) {
        case 0x0021:
            return behind_ethernet(kEtherIpv4, reader.rest());
        case 0x0057:
            return behind_ethernet(kEtherIpv6, reader.rest());
        case 0x0281:
            return behind_ethernet(kEtherMpls, reader.rest());
        default:
            return behind_ethernet(kEtherPpp, whole);
    }
}

/// Linux "cooked" captures: the EtherType stands at the end of a 16-byte header (SLL), or at the start of a 20-byte
/// one.
EthernetParts cooked(Bytes packet, std::size_t header_size, std::size_t type_offset) noexcept {
    if (packet.size() < header_size) return behind_ethernet(kEtherNone, packet);
    return behind_ethernet(load_be<std::uint16_t>(&packet[type_offset]), packet.subspan(header_size));
}

}  // namespace

bool is_supported_link_type(std::uint16_t link_type) noexcept {
    return std::find(kSupported.begin(), kSupported.end(), link_type) != kSupported.end();
}

std::string unsupported(std::uint16_t link_type) {
    return "link type " + std::to_string(link_type) +
           " cannot be read; these can: Ethernet, raw IP, Linux cooked (SLL, SLL2), BSD loopback, PPP, PPPoE";
}

EthernetParts as_ethernet(std::uint16_t link_type, Bytes packet) noexcept {
    switch (link_type) {
        case kNull:
        case kLoop:
            return loopback(packet);
        case kPpp:
        case kPppHdlc:
            return ppp(packet);
        case kPppoe:
            return behind_ethernet(kEtherPppoeSession, packet);
        case kRaw:
        case kRawBsd:
        case kRawOpenBsd:
        case kIpv4:
        case kIpv6:
            return raw_ip(packet);
        case kLinuxSll:
            return cooked(packet, 16, 14);
        case kLinuxSll2:
            return cooked(packet, 20, 0);
        default:
            return {.rest = packet};
    }
}

}  // namespace sluis
