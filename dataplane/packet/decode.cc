#include "dataplane/packet/decode.h"

#include <cstring>

#include "dataplane/packet/byte_reader.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/ipv6_extension.h"
#include "dataplane/packet/tunnel_port.h"

namespace sluis {
namespace {

constexpr std::uint16_t kEtherIpv4 = 0x0800, kEtherIpv6 = 0x86dd, kEtherVlan = 0x8100, kEtherServiceVlan = 0x88a8,
                        kEtherOldVlan1 = 0x9100, kEtherOldVlan2 = 0x9200, kEtherMpls = 0x8847, kEtherMplsUp = 0x8848,
                        kEtherPppoe = 0x8864, kEtherTransparent = 0x6558;
constexpr std::uint8_t kProtocolIpIp = 4, kProtocolIpv6 = 41, kProtocolGre = 47;
constexpr std::uint8_t kMacAddresses = 12;

/// One walk down the layers of one frame.
class Decoder {
public:
    Decoder(Bytes all, const DecodeLimits& limits, Packet& packet, Reason& reason) noexcept
        : all_(all), limits_(limits), packet_(packet), reason_(reason) {}

    Decoded ethernet(Bytes frame) noexcept {
        ByteReader reader(frame);
        reader.skip(kMacAddresses);
        const std::uint16_t type = reader.u16();
        return ether_type(reader, type);
    }

    Decoded transport(std::uint8_t protocol, Bytes bytes) noexcept {
        packet_.protocol = protocol;
        packet_.transport = bytes;
        switch (protocol) {
            case kProtocolTcp:
                return tcp(bytes);
            case kProtocolUdp:
                return udp(bytes);
            case kProtocolGre:
                return gre(bytes);
            case kProtocolIpIp:
                return tunnelled(kEtherIpv4, bytes);
            case kProtocolIpv6:
                return tunnelled(kEtherIpv6, bytes);
            default:
                return Decoded::opaque;
        }
    }

private:
    Decoded invalid(Reason reason) noexcept {
        if (inner_)
            return Decoded::opaque;  // the far end of the tunnel may think otherwise of what only looks like one
        reason_ = reason;
        return Decoded::invalid;
    }

    Decoded ether_type(ByteReader reader, std::uint16_t type) noexcept {
        while (type == kEtherVlan || type == kEtherServiceVlan || type == kEtherOldVlan1 || type == kEtherOldVlan2) {
            const std::uint16_t tag = reader.u16();
            type = reader.u16();
            if (!reader.ok() || packet_.vlan_count == packet_.vlan.size()) return Decoded::opaque;
            packet_.vlan[packet_.vlan_count++] = tag & 0x0fff;
        }
        if (!reader.ok()) return Decoded::opaque;
        switch (type) {
            case kEtherIpv4:
                return ipv4(reader.rest());
            case kEtherIpv6:
                return ipv6(reader.rest());
            case kEtherPppoe:
                return pppoe(reader);
            case kEtherMpls:
            case kEtherMplsUp:
                return mpls(reader);
            default:
                return Decoded::opaque;
        }
    }

    /// RFC 2516, section 4; RFC 1661, section 2 (a compressed protocol field is one odd byte).
    Decoded pppoe(ByteReader reader) noexcept {
        packet_.ppp_offset = offset_of(reader.rest());
        const std::uint16_t version_code = reader.u16();
        reader.skip(2);
        const std::uint16_t length = reader.u16();
        if (version_code != 0x1100) return Decoded::opaque;
        ByteReader ppp = reader.sub(length);
        std::uint16_t protocol = ppp.u8();
        if ((protocol & 1) == 0) protocol = static_cast<std::uint16_t>(protocol << 8 | ppp.u8());
        if (!ppp.ok()) return Decoded::opaque;
        if (protocol == 0x0021) return ipv4(ppp.rest());
        if (protocol == 0x0057) return ipv6(ppp.rest());
        return Decoded::opaque;
    }

    /// RFC 3032, 2.1. What follows the bottom label is not announced: routers guess by the first nibble, and so do we
    /// (RFC 4928); 0 is a pseudowire's control word before an Ethernet frame (RFC 4385).
    Decoded mpls(ByteReader reader) noexcept {
        packet_.answerable = false;  // a label switched path has one direction
        inner_ = true;
        for (int labels = 0; labels < 8; ++labels) {
            const std::uint32_t label = reader.u32();
            if (!reader.ok() || reader.at_end()) return Decoded::opaque;
            if ((label & 0x100) == 0) continue;
            switch (std::to_integer<int>(reader.rest()[0]) >> 4) {
                case 4:
                    return ipv4(reader.rest());
                case 6:
                    return ipv6(reader.rest());
                case 0:
                    reader.skip(4);
                    return tunnelled(kEtherTransparent, reader.rest());
                default:
                    return Decoded::opaque;
            }
        }
        return Decoded::opaque;
    }

    Decoded ipv4(Bytes bytes) noexcept {
        packet_.network_offset = offset_of(bytes);
        ByteReader reader(bytes);
        const std::uint8_t first = reader.u8();
        reader.skip(1);
        const std::uint16_t total = reader.u16();
        const std::uint16_t identification = reader.u16();
        const std::uint16_t fragment = reader.u16();
        reader.skip(1);
        const std::uint8_t protocol = reader.u8();
        const std::size_t header = std::size_t{4} * (first & 0xf);
        if (first >> 4 != 4 || header < 20 || total < header || total > bytes.size()) return invalid(Reason::ip_header);
        if (!checksum_good(bytes.first(header))) return invalid(Reason::ip_header);
        packet_.endpoints = {};
        std::memcpy(packet_.endpoints.source.address.bytes.data(), bytes.data() + 12, 4);
        std::memcpy(packet_.endpoints.destination.address.bytes.data(), bytes.data() + 16, 4);
        const Bytes inner = bytes.first(total).subspan(header);
        packet_.fragment = {identification, 8u * (fragment & 0x1fffu), (fragment & 0x2000) != 0, protocol};
        if (packet_.fragment.offset == 0 && !packet_.fragment.more) return transport(protocol, inner);
        return fragmented(protocol, inner);
    }

    Decoded ipv6(Bytes bytes) noexcept {
        packet_.network_offset = offset_of(bytes);
        ByteReader reader(bytes);
        const std::uint32_t version = reader.u32() >> 28;
        const std::uint16_t length = reader.u16();
        const std::uint8_t next = reader.u8();
        reader.skip(1 + 32);
        if (!reader.ok() || version != 6 || length > reader.remaining()) return invalid(Reason::ip_header);
        packet_.endpoints = {};
        packet_.endpoints.ipv6 = true;
        std::memcpy(packet_.endpoints.source.address.bytes.data(), bytes.data() + 8, 16);
        std::memcpy(packet_.endpoints.destination.address.bytes.data(), bytes.data() + 24, 16);
        return extensions(next, reader.rest().first(length), true);
    }

    Decoded extensions(std::uint8_t next, Bytes bytes, bool allow_hop_by_hop) noexcept {
        const auto chain = walk_extensions(next, bytes, allow_hop_by_hop);
        if (!chain) return invalid(chain.error());
        packet_.checksum_known = packet_.checksum_known && !chain->source_routed;
        const Bytes inner = bytes.subspan(chain->length);
        if (!chain->is_fragment) return transport(chain->protocol, inner);
        packet_.fragment = chain->fragment;
        return fragmented(chain->fragment.protocol, inner);
    }

    /// Fragments of what could hold a name are held; others cross as they are.
    Decoded fragmented(std::uint8_t protocol, Bytes inner) noexcept {
        packet_.protocol = protocol;
        packet_.transport = inner;
        switch (protocol) {
            case kProtocolTcp:
            case kProtocolUdp:
            case kProtocolGre:
            case kProtocolIpIp:
            case kProtocolIpv6:
                return Decoded::fragment;
            default:
                return packet_.endpoints.ipv6 && is_extension(protocol) ? Decoded::fragment : Decoded::opaque;
        }
    }

    static bool is_extension(std::uint8_t protocol) noexcept {
        return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60 ||
               protocol == 135 || protocol == 139 || protocol == 140;
    }

    Decoded tcp(Bytes bytes) noexcept {
        if (bytes.size() < 20) return invalid(Reason::tcp_header);
        const std::size_t header = std::size_t{4} * (std::to_integer<unsigned>(bytes[12]) >> 4);
        if (header < 20 || header > bytes.size()) return invalid(Reason::tcp_header);
        ports(bytes);
        packet_.payload = bytes.subspan(header);
        return Decoded::transport;
    }

    Decoded udp(Bytes bytes) noexcept {
        if (bytes.size() < 8) return invalid(Reason::udp_header);
        const std::uint16_t length = load_be<std::uint16_t>(bytes.data() + 4);
        if (length < 8 || length > bytes.size()) return invalid(Reason::udp_header);
        ports(bytes);
        packet_.transport = bytes.first(length);
        packet_.payload = packet_.transport.subspan(8);
        const std::uint16_t to = packet_.endpoints.destination.port;
        if (to == kPortVxlan || to == kPortVxlanOld) return vxlan(packet_.payload);
        if (to == kPortGeneve) return geneve(packet_.payload);
        return Decoded::transport;
    }

    void ports(Bytes bytes) noexcept {
        packet_.endpoints.source.port = load_be<std::uint16_t>(bytes.data());
        packet_.endpoints.destination.port = load_be<std::uint16_t>(bytes.data() + 2);
    }

    /// RFC 2784, section 2; RFC 2890, section 2.
    Decoded gre(Bytes bytes) noexcept {
        ByteReader reader(bytes);
        const std::uint16_t flags = reader.u16();
        const std::uint16_t type = reader.u16();
        if ((flags & 0x4007) != 0) return Decoded::opaque;  // source routes, or version 1 (PPTP)
        if (flags & 0x8000) {
            if (reader.remaining() >= 4) packet_.tunnel_checksum = reader.rest().data();
            reader.skip(4);
        }
        if (flags & 0x2000) reader.skip(4);
        if (flags & 0x1000) reader.skip(4);
        if (!reader.ok()) return Decoded::opaque;
        return tunnelled(type, reader.rest());
    }

    /// RFC 7348, section 5.
    Decoded vxlan(Bytes bytes) noexcept {
        if (bytes.size() < 8 + 14 || (std::to_integer<unsigned>(bytes[0]) & 0x08) == 0) return Decoded::transport;
        return tunnelled_in_udp(kEtherTransparent, bytes.subspan(8));
    }

    /// RFC 8926, section 3.4.
    Decoded geneve(Bytes bytes) noexcept {
        ByteReader reader(bytes);
        const std::uint8_t version_length = reader.u8();
        reader.skip(1);
        const std::uint16_t type = reader.u16();
        reader.skip(4 + 4u * (version_length & 0x3f));
        if (!reader.ok() || version_length >> 6 != 0) return Decoded::transport;
        return tunnelled_in_udp(type, reader.rest());
    }

    /// What comes to a tunnel's port and holds no packet is a datagram like any other.
    Decoded tunnelled_in_udp(std::uint16_t type, Bytes bytes) noexcept {
        const Packet outer = packet_;
        const bool was_inner = inner_;
        const std::byte* const checksum = packet_.transport.data() + 6;
        if (load_be<std::uint16_t>(checksum) != 0) packet_.tunnel_checksum = checksum;
        const Decoded decoded = tunnelled(type, bytes);
        if (decoded != Decoded::opaque) return decoded;
        packet_ = outer;
        inner_ = was_inner;
        return Decoded::transport;
    }

    bool may_enter_tunnel() noexcept {
        packet_.answerable = false;
        return packet_.tunnels++ < limits_.tunnel_depth;
    }

    Decoded tunnelled(std::uint16_t type, Bytes bytes) noexcept {
        if (!may_enter_tunnel()) return Decoded::too_deep;
        packet_.l4_checksum = ChecksumState::unknown;  // what the driver said was about the outer packet
        inner_ = true;
        switch (type) {
            case kEtherIpv4:
                return ipv4(bytes);
            case kEtherIpv6:
                return ipv6(bytes);
            case kEtherTransparent:
                return ethernet(bytes);
            default:
                return Decoded::opaque;
        }
    }

    bool checksum_good(Bytes header) const noexcept {
        if (!inner_ && packet_.frame->ip_checksum != ChecksumState::unknown)
            return packet_.frame->ip_checksum == ChecksumState::good;
        return checksum_holds(0, header);
    }

    std::uint32_t offset_of(Bytes part) const noexcept { return static_cast<std::uint32_t>(part.data() - all_.data()); }

    Bytes all_;
    const DecodeLimits& limits_;
    Packet& packet_;
    Reason& reason_;
    bool inner_ = false;

public:
    Decoded reassembled(std::uint8_t protocol, Bytes bytes) noexcept {
        if (packet_.endpoints.ipv6) return extensions(protocol, bytes, false);
        return transport(protocol, bytes);
    }
};

}  // namespace

Decoded decode(Frame& frame, const DecodeLimits& limits, Packet& packet, Reason& reason) noexcept {
    packet = {};
    packet.frame = &frame;
    packet.l4_checksum = frame.l4_checksum;
    return Decoder(frame.bytes(), limits, packet, reason).ethernet(frame.bytes());
}

Decoded decode_reassembled(Bytes transport, std::uint8_t protocol, const DecodeLimits& limits, Packet& packet,
                           Reason& reason) noexcept {
    packet.l4_checksum = ChecksumState::unknown;
    const std::uint8_t tunnels = packet.tunnels;
    const Decoded decoded = Decoder(transport, limits, packet, reason).reassembled(protocol, transport);
    if (decoded != Decoded::fragment) return decoded;
    // Fragments in a tunnel that came in fragments itself are not followed. A fragment's own fragments are: no host
    // takes them.
    if (packet.tunnels != tunnels) return Decoded::too_deep;
    reason = Reason::ipv6_extension;
    return Decoded::invalid;
}

}  // namespace sluis
