#include "dataplane/packet/tunnel_header.h"

#include <algorithm>
#include <array>

#include "dataplane/packet/byte_reader.h"
#include "dataplane/packet/ether_type.h"
#include "dataplane/packet/tunnel_port.h"

namespace sluis {
namespace {

using Found = std::optional<Tunnelled>;

Found found(const ByteReader& reader, std::uint16_t type) noexcept {
    return reader.ok() ? Found({type, reader.rest()}) : std::nullopt;
}

Found read_ethernet(Bytes bytes) noexcept { return Tunnelled{kEtherTransparent, bytes}; }
Found read_ipv4(Bytes bytes) noexcept { return Tunnelled{kEtherIpv4, bytes}; }
Found read_ipv6(Bytes bytes) noexcept { return Tunnelled{kEtherIpv6, bytes}; }
Found read_mpls(Bytes bytes) noexcept { return Tunnelled{kEtherMpls, bytes}; }

/// IP of the version that its own first four bits tell.
Found read_ip(Bytes bytes) noexcept {
    const unsigned version = bytes.empty() ? 0 : std::to_integer<unsigned>(bytes[0]) >> 4;
    if (version == 4) return read_ipv4(bytes);
    return version == 6 ? read_ipv6(bytes) : std::nullopt;
}

/// PPP with address and control bytes before it, or without (RFC 1661, section 6.6).
Found read_framed_ppp(Bytes bytes) noexcept {
    const bool framed = bytes.size() >= 2 && load_be<std::uint16_t>(bytes.data()) == 0xff03;
    return read_ppp(framed ? bytes.subspan(2) : bytes);
}

/// RFC 1701, section 2: source routes, up to one without address family and length.
void skip_routes(ByteReader& reader) noexcept {
    while (reader.ok()) {
        const std::uint16_t family = reader.u16();
        reader.skip(1);
        const std::uint8_t length = reader.u8();
        if (family == 0 && length == 0) return;
        reader.skip(length);
    }
}

/// Web Cache Communication Protocol, version 2: a header of four bytes may come first, which does not look like IPv4.
Found read_wccp(Bytes bytes) noexcept {
    if (bytes.size() >= 4 && std::to_integer<unsigned>(bytes[0]) >> 4 != 4) bytes = bytes.subspan(4);
    return read_ipv4(bytes);
}

/// draft-foschiano-erspan, sections 4.1 and 4.2: without a sequence number there is no header (type I).
Found read_erspan2(Bytes bytes, bool numbered) noexcept {
    ByteReader reader(bytes);
    reader.skip(numbered ? 8 : 0);
    return found(reader, kEtherTransparent);
}

/// The same, section 4.3: the lowest bit says that eight bytes more follow.
Found read_erspan3(Bytes bytes) noexcept {
    ByteReader reader(bytes);
    reader.skip(11);
    reader.skip((reader.u8() & 1) != 0 ? 8 : 0);
    return found(reader, kEtherTransparent);
}

constexpr std::uint16_t kGreChecksum = 0x8000, kGreRouting = 0x4000, kGreKey = 0x2000, kGreSequence = 0x1000,
                        kGreAcknowledgment = 0x0080, kGreVersion = 0x0007;

/// Version 1: PPP (RFC 2637, section 4.1), or Ethernet as MikroTik routers send it.
Found read_gre1(ByteReader reader, std::uint16_t flags, std::uint16_t type) noexcept {
    constexpr std::uint16_t kPpp = 0x880b, kEthernet = 0x6400;
    reader.skip(4);
    if (type == kEthernet) return found(reader, kEtherTransparent);
    if ((flags & kGreSequence) != 0) reader.skip(4);
    if ((flags & kGreAcknowledgment) != 0) reader.skip(4);
    return type == kPpp && reader.ok() ? read_framed_ppp(reader.rest()) : std::nullopt;
}

/// What GRE holds, by its protocol type.
Found read_gre_payload(std::uint16_t type, Bytes bytes, bool numbered) noexcept {
    constexpr std::uint16_t kWccp = 0x883e, kErspan2 = 0x88be, kErspan3 = 0x22eb;
    switch (type) {
        case kWccp:
            return read_wccp(bytes);
        case kErspan2:
            return read_erspan2(bytes, numbered);
        case kErspan3:
            return read_erspan3(bytes);
        default:
            return Tunnelled{type, bytes};
    }
}

/// RFC 2784, section 2; RFC 2890, section 2; RFC 1701, section 2.
Found read_gre(Bytes bytes) noexcept {
    ByteReader reader(bytes);
    const std::uint16_t flags = reader.u16();
    const std::uint16_t type = reader.u16();
    if ((flags & kGreVersion) == 1) return read_gre1(reader, flags, type);
    if ((flags & kGreVersion) != 0) return std::nullopt;
    const bool summed = (flags & kGreChecksum) != 0 && reader.remaining() >= 4;
    const std::byte* const checksum = summed ? reader.rest().data() : nullptr;
    if ((flags & (kGreChecksum | kGreRouting)) != 0) reader.skip(4);
    if ((flags & kGreKey) != 0) reader.skip(4);
    if ((flags & kGreSequence) != 0) reader.skip(4);
    if ((flags & kGreRouting) != 0) skip_routes(reader);
    if (!reader.ok()) return std::nullopt;
    Found payload = read_gre_payload(type, reader.rest(), (flags & kGreSequence) != 0);
    if (payload) payload->checksum = checksum;
    return payload;
}

/// RFC 3378, section 2.
Found read_etherip(Bytes bytes) noexcept {
    ByteReader reader(bytes);
    return reader.u16() == 0x3000 ? found(reader, kEtherTransparent) : std::nullopt;
}

/// Whether bytes may be an Ethernet frame with a packet in it.
bool holds_packet(Bytes frame) noexcept {
    ByteReader reader(frame);
    reader.skip(12);
    const std::uint16_t type = reader.u16();
    const unsigned version = static_cast<unsigned>(reader.u8()) >> 4;
    return reader.ok() && (is_vlan_tag(type) || (type == kEtherIpv4 && version == 4) ||
                           (type == kEtherIpv6 && version == 6) || type == kEtherPppoe || type == kEtherMpls);
}

/// RFC 3931, section 4.1: a session's data, behind a cookie of 0, 4 or 8 bytes and a sublayer of 0 or 4, as both ends
/// agreed on when they set it up; holds an Ethernet frame, or else PPP.
Found read_l2tp3(Bytes bytes) noexcept {
    ByteReader reader(bytes);
    if (reader.u32() == 0 || !reader.ok()) return std::nullopt;  // control messages
    for (const std::size_t before : {0u, 4u, 8u, 12u})
        if (before <= reader.remaining() && holds_packet(reader.rest().subspan(before)))
            return read_ethernet(reader.rest().subspan(before));
    for (const std::size_t before : {0u, 4u, 8u, 12u}) {
        if (before > reader.remaining()) break;
        if (const Found ppp = read_framed_ppp(reader.rest().subspan(before))) return ppp;
    }
    return std::nullopt;
}

/// RFC 2661, section 3.1; version 3: RFC 3931, section 4.1.2.
Found read_l2tp(Bytes bytes) noexcept {
    constexpr std::uint16_t kControl = 0x8000, kLength = 0x4000, kSequence = 0x0800, kOffset = 0x0200;
    ByteReader reader(bytes);
    const std::uint16_t flags = reader.u16();
    if (!reader.ok() || (flags & kControl) != 0) return std::nullopt;
    if ((flags & 0xf) == 3) {
        reader.skip(2);
        return read_l2tp3(reader.rest());
    }
    if ((flags & 0xf) != 2) return std::nullopt;
    if ((flags & kLength) != 0) reader.skip(2);
    reader.skip(4);  // tunnel and session
    if ((flags & kSequence) != 0) reader.skip(4);
    if ((flags & kOffset) != 0) reader.skip(reader.u16());
    return reader.ok() ? read_framed_ppp(reader.rest()) : std::nullopt;
}

/// 3GPP TS 29.281, section 5: a packet of a user (a G-PDU), behind extension headers in units of four bytes.
Found read_gtp(Bytes bytes) noexcept {
    constexpr std::uint8_t kVersion1 = 0x30, kUserPacket = 0xff, kExtended = 0x04, kAnyOption = 0x07;
    ByteReader reader(bytes);
    const std::uint8_t flags = reader.u8();
    if ((flags & 0xf0) != kVersion1 || reader.u8() != kUserPacket) return std::nullopt;
    const std::uint16_t length = reader.u16();
    reader.skip(4);
    ByteReader user = reader.sub(length);
    std::uint8_t next = 0;
    if ((flags & kAnyOption) != 0) {
        user.skip(3);
        next = user.u8();
    }
    if ((flags & kExtended) == 0) next = 0;
    while (next != 0 && user.ok()) {
        const std::uint32_t size = 4u * user.u8();
        if (size == 0) return std::nullopt;
        user.skip(size - 2);
        next = user.u8();
    }
    if (!user.ok()) return std::nullopt;
    const Found ip = read_ip(user.rest());
    return ip ? ip : read_ethernet(user.rest());
}

/// RFC 4380, section 5.1.1: authentication and origin indications may come first.
Found read_teredo(Bytes bytes) noexcept {
    ByteReader reader(bytes);
    constexpr std::uint16_t kAuthentication = 1, kOrigin = 0;
    const auto begins = [&](std::uint16_t with) {
        return reader.remaining() >= 2 && load_be<std::uint16_t>(reader.rest().data()) == with;
    };
    if (begins(kAuthentication)) {
        reader.skip(2);
        const std::uint8_t id = reader.u8();
        const std::uint8_t value = reader.u8();
        reader.skip(std::size_t{id} + value + 9);
    }
    if (begins(kOrigin)) reader.skip(8);
    return found(reader, kEtherIpv6);
}

/// RFC 9300, section 5.1.
Found read_lisp(Bytes bytes) noexcept { return bytes.size() < 8 ? std::nullopt : read_ip(bytes.subspan(8)); }

/// RFC 7348, section 5.
Found read_vxlan(Bytes bytes) noexcept {
    ByteReader reader(bytes);
    const bool valid = (reader.u8() & 0x08) != 0;
    reader.skip(7);
    return valid ? found(reader, kEtherTransparent) : std::nullopt;
}

/// draft-ietf-nvo3-vxlan-gpe, section 3: a bit says that the header's fourth byte tells what follows.
Found read_vxlan_gpe(Bytes bytes) noexcept {
    constexpr std::array<std::uint16_t, 6> kNext{0, kEtherIpv4, kEtherIpv6, kEtherTransparent, 0, kEtherMpls};
    ByteReader reader(bytes);
    const std::uint8_t flags = reader.u8();
    reader.skip(2);
    const std::uint8_t next = (flags & 0x04) != 0 ? reader.u8() : std::uint8_t{3};
    if ((flags & 0x08) == 0 || next >= kNext.size() || kNext[next] == 0 || bytes.size() < 8) return std::nullopt;
    return Tunnelled{kNext[next], bytes.subspan(8)};
}

/// RFC 8926, section 3.4.
Found read_geneve(Bytes bytes) noexcept {
    ByteReader reader(bytes);
    const std::uint8_t version_length = reader.u8();
    reader.skip(1);
    const std::uint16_t type = reader.u16();
    reader.skip(4 + 4u * (version_length & 0x3f));
    return version_length >> 6 == 0 ? found(reader, type) : std::nullopt;
}

/// Foo over UDP (Linux): no header at all. IP, or else GRE.
Found read_fou(Bytes bytes) noexcept {
    const Found ip = read_ip(bytes);
    return ip ? ip : read_gre(bytes);
}

/// draft-ietf-intarea-gue, section 3: version 0 names an IP protocol, and version 1 is IP itself.
Found read_gue(Bytes bytes) noexcept {
    ByteReader reader(bytes);
    const std::uint8_t first = reader.u8();
    if (first >> 6 == 1) return read_ip(bytes);
    constexpr std::uint8_t kControl = 0x20;
    const std::uint8_t protocol = reader.u8();
    reader.skip(2 + 4u * (first & 0x1f));
    if (!reader.ok() || first >> 6 != 0 || (first & kControl) != 0) return std::nullopt;
    const TunnelReader read = tunnel_in_ip(protocol);
    return read != nullptr ? read(reader.rest()) : std::nullopt;
}

struct IpTunnel {
    std::uint8_t protocol;
    TunnelReader read;
};
constexpr std::array kIpTunnels{
    IpTunnel{4, read_ipv4},                                 // RFC 2003
    IpTunnel{41, read_ipv6},                                // RFC 4213
    IpTunnel{47, read_gre},                                 // RFC 2784
    IpTunnel{97, read_etherip}, IpTunnel{115, read_l2tp3},  // RFC 3931, section 4.1.1
    IpTunnel{137, read_mpls},                               // RFC 4023
};

struct UdpTunnel {
    std::uint16_t port;
    TunnelReader read;
};
constexpr std::array kUdpTunnels{
    UdpTunnel{kPortVxlan, read_vxlan}, UdpTunnel{kPortVxlanOld, read_vxlan}, UdpTunnel{kPortGeneve, read_geneve},
    UdpTunnel{kPortGtpU, read_gtp},    UdpTunnel{kPortL2tp, read_l2tp},      UdpTunnel{kPortVxlanGpe, read_vxlan_gpe},
    UdpTunnel{kPortMpls, read_mpls},   UdpTunnel{kPortGre, read_gre},        UdpTunnel{kPortFou, read_fou},
    UdpTunnel{kPortGue, read_gue},     UdpTunnel{kPortTeredo, read_teredo},  UdpTunnel{kPortLisp, read_lisp},
};
static_assert(kUdpTunnels.size() == kTunnelPorts.size());

}  // namespace

TunnelReader tunnel_in_ip(std::uint8_t protocol) noexcept {
    const auto* const tunnel = std::find_if(kIpTunnels.begin(), kIpTunnels.end(),
                                            [&](const IpTunnel& known) { return known.protocol == protocol; });
    return tunnel == kIpTunnels.end() ? nullptr : tunnel->read;
}

TunnelReader tunnel_in_udp(std::uint16_t destination_port) noexcept {
    if (!is_tunnel_port(destination_port)) return nullptr;
    const auto* const tunnel = std::find_if(kUdpTunnels.begin(), kUdpTunnels.end(),
                                            [&](const UdpTunnel& known) { return known.port == destination_port; });
    return tunnel == kUdpTunnels.end() ? nullptr : tunnel->read;
}

std::optional<Tunnelled> read_ppp(Bytes bytes) noexcept {
    ByteReader reader(bytes);
    std::uint16_t protocol = reader.u8();
    if ((protocol & 1) == 0) protocol = static_cast<std::uint16_t>(protocol << 8 | reader.u8());
    switch (protocol) {
        case 0x0021:  // RFC 1332
            return found(reader, kEtherIpv4);
        case 0x0057:  // RFC 5072
            return found(reader, kEtherIpv6);
        case 0x0281:  // RFC 3032, section 4.3
        case 0x0283:
            return found(reader, kEtherMpls);
        default:
            return std::nullopt;
    }
}

}  // namespace sluis
