#include "control/cli/inspect/segmentation_offload.h"

#include <algorithm>
#include <utility>

#include "dataplane/interface/config.h"
#include "dataplane/packet/byte_order.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/decode.h"
#include "dataplane/packet/tcp_segment.h"
#include "dataplane/packet/tunnel_port.h"

namespace sluis {
namespace {

constexpr std::size_t kEthernetMtu = 1500;
constexpr std::size_t kIpv6Header = 40, kLongestLength = 0xffff;
constexpr std::uint32_t kJumboOption = 8;
constexpr std::size_t kPppoeHeader = 6;
constexpr std::uint8_t kTcpCwr = 0x80;  // RFC 3168, section 6.1

template <typename T>
void add_be(std::byte* field, T count) noexcept {
    store_be<T>(field, static_cast<T>(load_be<T>(field) + count));
}

/// Decodes whatever the IPv4 header's checksum is: the card fills it in for each part.
Decoded decode_joined(Frame& frame, std::size_t tunnels, Packet& packet) noexcept {
    const ChecksumState known = std::exchange(frame.ip_checksum, ChecksumState::good);
    Reason reason = Reason::none;
    const Decoded decoded = decode(frame, {static_cast<std::uint32_t>(tunnels)}, packet, reason);
    frame.ip_checksum = known;
    return decoded;
}

/// Whether the option of a jumbogram, and nothing else, is between an IPv6 header and TCP (RFC 2675, section 2).
bool has_jumbo_option(Bytes packet) noexcept {
    const std::byte* const options = packet.data() + kIpv6Header;
    return packet[6] == std::byte{0} && load_be<std::uint32_t>(options) == (kProtocolTcp << 24 | 0xc204) &&
           load_be<std::uint32_t>(options + 4) == packet.size() - kIpv6Header;
}

/// As whoever gives such a packet to a card does. The headers before it move up to what follows it.
void take_out_jumbo_option(Frame& frame, std::size_t network) noexcept {
    frame.data[network + 6] = std::byte{kProtocolTcp};
    std::copy_backward(frame.data, frame.data + network + kIpv6Header,
                       frame.data + network + kIpv6Header + kJumboOption);
    frame.data += kJumboOption;
    frame.length -= kJumboOption;
}

/// Fills in an IP length that was left to the card. False when it was not, or the packet needs no cut.
bool fill_in_length(Frame& frame, const Packet& packet) noexcept {
    const std::size_t network = packet.network_offset;
    const Bytes bytes = frame.bytes().subspan(network);
    if (bytes.size() <= kEthernetMtu) return false;
    const bool ipv6 = (bytes[0] >> 4) == std::byte{6};
    const std::size_t field = ipv6 ? 4 : 2;
    if ((!ipv6 && (bytes[0] >> 4) != std::byte{4}) || load_be<std::uint16_t>(bytes.data() + field) != 0) return false;
    if (ipv6 && has_jumbo_option(bytes))
        take_out_jumbo_option(frame, network);
    else if (ipv6 && bytes[6] != std::byte{kProtocolTcp})
        return false;
    const std::size_t length = frame.length - network - (ipv6 ? kIpv6Header : 0);
    store_be(frame.data + network + field, static_cast<std::uint16_t>(std::min(length, kLongestLength)));
    return true;
}

bool is_cut_by_cards(const Packet& packet) noexcept {
    constexpr std::uint8_t kNever = kTcpSyn | kTcpRst | kTcpUrg;
    return packet.protocol == kProtocolTcp && (tcp_flags(packet.transport) & kNever) == 0;
}

bool is_cut_within(const Packet& outer) noexcept {
    const std::uint16_t port = outer.endpoints.destination.port;
    return outer.protocol == kProtocolUdp && (port == kPortVxlan || port == kPortVxlanOld || port == kPortGeneve);
}

}  // namespace

std::optional<JoinedSegment> JoinedSegment::find(Frame& frame) noexcept {
    if (frame.length <= kEthernetMtu) return std::nullopt;
    Packet packet;
    Decoded decoded = decode_joined(frame, Outers::kLimit, packet);
    const bool filled_in = decoded == Decoded::invalid && fill_in_length(frame, packet);
    if (filled_in) decoded = decode_joined(frame, Outers::kLimit, packet);
    if (decoded != Decoded::transport || !is_cut_by_cards(packet)) return std::nullopt;
    const auto outers = outers_of(frame, packet.tunnels);
    if (!outers) return std::nullopt;
    const auto begin = static_cast<std::size_t>(packet.payload.data() - frame.data);
    // A total length has no room for the largest (BIG TCP).
    const Bytes payload = filled_in ? frame.bytes().subspan(begin) : packet.payload;
    std::size_t lowest = outers->count == 0 ? packet.network_offset : outers->all[0].network;
    if (packet.ppp_offset != 0) lowest = std::min<std::size_t>(lowest, packet.ppp_offset);
    const std::size_t headers = begin - lowest;
    const bool too_long = filled_in || headers + payload.size() > kLargestMtu;
    if (!too_long || headers >= kEthernetMtu) return std::nullopt;
    return JoinedSegment(packet, payload, *outers, lowest);
}

/// The datagrams around a packet in tunnels; nothing when one of them is none that segments are cut within.
std::optional<JoinedSegment::Outers> JoinedSegment::outers_of(Frame& frame, std::size_t count) noexcept {
    Outers outers;
    for (; outers.count < count; ++outers.count) {
        Packet outer;
        if (decode_joined(frame, outers.count, outer) != Decoded::too_deep || !is_cut_within(outer))
            return std::nullopt;
        const auto transport = static_cast<std::size_t>(outer.transport.data() - frame.data);
        outers.all[outers.count] = {outer.network_offset, transport, outer.endpoints};
    }
    return outers;
}

JoinedSegment::JoinedSegment(const Packet& packet, Bytes payload, const Outers& outers, std::size_t lowest) noexcept
    : headers_(packet.frame->data, payload.data()),
      payload_(payload),
      room_(kEthernetMtu - (headers_.size() - lowest)),
      ppp_(packet.ppp_offset),
      network_(packet.network_offset),
      transport_(static_cast<std::size_t>(packet.transport.data() - packet.frame->data)),
      endpoints_(packet.endpoints),
      outers_(outers) {}

Bytes JoinedSegment::payload_of(std::size_t part) const noexcept {
    const Bytes rest = payload_.subspan(part * room_);
    return rest.first(std::min(rest.size(), room_));
}

void JoinedSegment::write(std::size_t part, MutableBytes to) const noexcept {
    const Bytes payload = payload_of(part);
    std::copy(payload.begin(), payload.end(), std::copy(headers_.begin(), headers_.end(), to.begin()));
    if (ppp_ != 0) store_be(to.data() + ppp_ + 4, static_cast<std::uint16_t>(to.size() - ppp_ - kPppoeHeader));
    write_network(part, endpoints_.ipv6, to.subspan(network_));
    write_transport(part, to.subspan(transport_));
    for (std::size_t i = outers_.count; i-- != 0;) {  // each has a checksum over those within
        write_network(part, outers_.all[i].endpoints.ipv6, to.subspan(outers_.all[i].network));
        write_outer(outers_.all[i].endpoints, to.subspan(outers_.all[i].transport));
    }
}

/// A UDP header; a checksum of 0 is none.
void JoinedSegment::write_outer(const Endpoints& endpoints, MutableBytes transport) noexcept {
    std::byte* const header = transport.data();
    store_be(header + 4, static_cast<std::uint16_t>(transport.size()));
    if (load_be<std::uint16_t>(header + 6) == 0) return;
    store_be<std::uint16_t>(header + 6, 0);
    const std::uint64_t pseudo =
        pseudo_header_sum(endpoints.source.address, endpoints.destination.address, endpoints.ipv6, kProtocolUdp,
                          static_cast<std::uint32_t>(transport.size()));
    const std::uint16_t sum = fold_checksum(add_to_checksum(pseudo, transport));
    store_be<std::uint16_t>(header + 6, sum == 0 ? 0xffff : sum);
}

void JoinedSegment::write_network(std::size_t part, bool ipv6, MutableBytes network) noexcept {
    std::byte* const header = network.data();
    if (ipv6) return store_be(header + 4, static_cast<std::uint16_t>(network.size() - kIpv6Header));
    store_be(header + 2, static_cast<std::uint16_t>(network.size()));
    add_be(header + 4, static_cast<std::uint16_t>(part));
    store_be<std::uint16_t>(header + 10, 0);
    const std::size_t size = std::size_t{4} * std::to_integer<unsigned>(header[0] & std::byte{0xf});
    store_be(header + 10, fold_checksum(add_to_checksum(0, network.first(size))));
}

void JoinedSegment::write_transport(std::size_t part, MutableBytes transport) const noexcept {
    std::byte* const header = transport.data();
    add_be(header + 4, static_cast<std::uint32_t>(part * room_));
    if (part != 0) header[13] &= ~std::byte{kTcpCwr};
    if (part + 1 != parts()) header[13] &= ~std::byte{kTcpFin | kTcpPsh};
    store_be<std::uint16_t>(header + 16, 0);
    const std::uint64_t pseudo =
        pseudo_header_sum(endpoints_.source.address, endpoints_.destination.address, endpoints_.ipv6, kProtocolTcp,
                          static_cast<std::uint32_t>(transport.size()));
    store_be(header + 16, fold_checksum(add_to_checksum(pseudo, transport)));
}

}  // namespace sluis
