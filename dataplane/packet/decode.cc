#include "dataplane/packet/decode.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "dataplane/packet/byte_reader.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/ether_type.h"
#include "dataplane/packet/ipv6_extension.h"
#include "dataplane/packet/tunnel_header.h"

namespace sluis {
namespace {

constexpr std::uint8_t kProtocolHopByHop = 0, kProtocolAuthentication = 51;
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
            case kProtocolAuthentication:
                return authentication(bytes);
            default:
                return tunnel(bytes, tunnel_in_ip(protocol));
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
        bool too_many = false;
        while (is_vlan_tag(type)) {
            too_many = !remember_tag(reader.u16() & 0x0fff) || too_many;
            type = reader.u16();
        }
        if (type <= kEtherLengthLimit) type = snap_type(reader);
        if (!reader.ok()) return Decoded::opaque;
        switch (type) {
            case kEtherIpv4:
                return too_many ? too_deep(Reason::vlan_depth) : ipv4(reader.rest());
            case kEtherIpv6:
                return too_many ? too_deep(Reason::vlan_depth) : ipv6(reader.rest());
            case kEtherPppoe:
                return too_many ? too_deep(Reason::vlan_depth) : pppoe(reader);
            case kEtherMpls:
            case kEtherMplsUp:
                return too_many ? too_deep(Reason::vlan_depth) : mpls(reader);
            default:
                return Decoded::opaque;
        }
    }

    /// The type of what is in a frame with LLC and SNAP headers (RFC 1042), 0 for other LLC. Windows and some routers
    /// take IP there, too. No answer of ours would have the length in the right place.
    std::uint16_t snap_type(ByteReader& reader) noexcept {
        constexpr std::uint32_t kSnap = 0xaaaa03, kEtherTypes = 0;
        if (reader.u24() != kSnap || reader.u24() != kEtherTypes) return 0;
        packet_.answerable = false;
        return reader.u16();
    }

    /// False when there is no room for another VLAN. A priority tag (VLAN ID 0; IEEE 802.1Q, section 9.6) names none,
    /// and hosts strip any number of them: it takes no room that a VLAN needs.
    bool remember_tag(std::uint16_t id) noexcept {
        auto& vlans = packet_.vlan;
        if (packet_.vlan_count == vlans.size()) {
            if (id == 0) return true;
            const auto end = std::remove(vlans.begin(), vlans.end(), std::uint16_t{0});
            packet_.vlan_count = static_cast<std::uint8_t>(end - vlans.begin());
            std::fill(end, vlans.end(), std::uint16_t{0});
            if (packet_.vlan_count == vlans.size()) return false;
        }
        vlans[packet_.vlan_count++] = id;
        return true;
    }

    Decoded too_deep(Reason reason) noexcept {
        reason_ = reason;
        return Decoded::too_deep;
    }

    /// RFC 2516, section 4.
    Decoded pppoe(ByteReader reader) noexcept {
        packet_.ppp_offset = offset_of(reader.rest());
        const std::uint16_t version_code = reader.u16();
        reader.skip(2);
        const std::uint16_t length = reader.u16();
        if (version_code != 0x1100) return Decoded::opaque;
        const ByteReader ppp = reader.sub(length);
        const auto held = ppp.ok() ? read_ppp(ppp.rest()) : std::nullopt;
        return held ? ether_type(ByteReader(held->payload), held->type) : Decoded::opaque;
    }

    /// RFC 3032, 2.1. What follows the bottom label is not announced: routers guess by the first nibble, and so do we
    /// (RFC 4928); 0 is a pseudowire's control word before an Ethernet frame (RFC 4385).
    Decoded mpls(ByteReader reader) noexcept {
        packet_.answerable = false;  // a label switched path has one direction
        inner_ = true;
        while (true) {
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

    /// A length of 0 before hop-by-hop options may be a jumbogram's (RFC 2675): Linux takes all that is there, whether
    /// an option says so or not. Outside of tunnels such packets are dropped, since no frame could hold one.
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
        const bool whole = inner_ && length == 0 && next == kProtocolHopByHop;
        return extensions(next, whole ? reader.rest() : reader.rest().first(length), true);
    }

    Decoded extensions(std::uint8_t next, Bytes bytes, bool allow_hop_by_hop) noexcept {
        const auto chain = walk_extensions(next, bytes, allow_hop_by_hop);
        if (!chain) return invalid(chain.error());
        if (chain->too_long)
            return reason_ = Reason::ipv6_extension, Decoded::invalid;  // hosts take it, in tunnels too
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
        packet_.payload = {};  // of a tunnel's own header, if any
        const bool read = protocol == kProtocolTcp || protocol == kProtocolUdp || protocol == kProtocolAuthentication ||
                          tunnel_in_ip(protocol) != nullptr || (packet_.endpoints.ipv6 && is_extension(protocol));
        return read ? Decoded::fragment : Decoded::opaque;
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
        std::size_t length = load_be<std::uint16_t>(bytes.data() + 4);
        // As in `ipv6`: to hosts, a length of 0 is all there is (RFC 2675, section 4), in packets of any size.
        if (length == 0 && inner_ && packet_.endpoints.ipv6) length = bytes.size();
        if (length < 8 || length > bytes.size()) return invalid(Reason::udp_header);
        ports(bytes);
        packet_.transport = bytes.first(length);
        packet_.payload = packet_.transport.subspan(8);
        const TunnelReader read = tunnel_in_udp(packet_.endpoints.destination.port);
        return read == nullptr ? Decoded::transport : tunnel_over_udp(packet_.payload, read);
    }

    void ports(Bytes bytes) noexcept {
        packet_.endpoints.source.port = load_be<std::uint16_t>(bytes.data());
        packet_.endpoints.destination.port = load_be<std::uint16_t>(bytes.data() + 2);
    }

    /// RFC 4302, section 2, behind an IPv4 header (`walk_extensions` reads it behind an IPv6 header). No answer of ours
    /// would have one.
    Decoded authentication(Bytes bytes) noexcept {
        ByteReader reader(bytes);
        const std::uint8_t next = reader.u8();
        reader.skip(4u * reader.u8() + 6);
        if (!reader.ok()) return Decoded::opaque;
        return may_enter_tunnel() ? transport(next, reader.rest()) : too_deep(Reason::encapsulation_depth);
    }

    /// What an IP header holds is no tunnel where `read` is nullptr.
    Decoded tunnel(Bytes bytes, TunnelReader read) noexcept {
        const auto held = read == nullptr ? std::nullopt : read(bytes);
        if (!held) return Decoded::opaque;
        if (held->checksum != nullptr) packet_.tunnel_checksum = held->checksum;
        return tunnelled(held->type, held->payload);
    }

    /// What comes to a tunnel's port and holds no packet is a datagram like any other.
    Decoded tunnel_over_udp(Bytes bytes, TunnelReader read) noexcept {
        const Packet outer = packet_;
        const bool was_inner = inner_;
        const std::byte* const checksum = packet_.transport.data() + 6;
        if (load_be<std::uint16_t>(checksum) != 0) packet_.tunnel_checksum = checksum;
        const Decoded decoded = tunnel(bytes, read);
        if (decoded != Decoded::opaque) return decoded;
        packet_ = outer;
        inner_ = was_inner;
        return Decoded::transport;
    }

    bool may_enter_tunnel() noexcept {
        packet_.answerable = false;
        packet_.l4_checksum = ChecksumState::unknown;  // what the driver said was about the outer packet
        return packet_.tunnels++ < limits_.tunnel_depth;
    }

    Decoded tunnelled(std::uint16_t type, Bytes bytes) noexcept {
        if (!may_enter_tunnel()) return too_deep(Reason::encapsulation_depth);
        inner_ = true;
        return type == kEtherTransparent ? ethernet(bytes) : ether_type(ByteReader(bytes), type);
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
    // No host takes a fragment's own fragments. Those of a packet in a tunnel that came in fragments itself hosts do
    // take, and they are not put together here.
    reason = packet.tunnels != tunnels ? Reason::fragment_nested : Reason::ipv6_extension;
    return Decoded::invalid;
}

}  // namespace sluis
