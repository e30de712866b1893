#include "control/cli/inspect/segmentation_offload.h"

#include <algorithm>
#include <utility>

#include "dataplane/interface/config.h"
#include "dataplane/packet/byte_order.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/decode.h"
#include "dataplane/packet/tcp_segment.h"

namespace sluis {
namespace {

constexpr std::size_t kEthernetMtu = 1500;
constexpr std::size_t kIpv6Header = 40, kLongestLength = 0xffff;
constexpr std::uint8_t kTcpCwr = 0x80;  // RFC 3168, section 6.1

template <typename T>
void add_be(std::byte* field, T count) noexcept {
    store_be<T>(field, static_cast<T>(load_be<T>(field) + count));
}

/// Decodes whatever the IPv4 header's checksum is: the card fills it in for each part.
Decoded decode_joined(Frame& frame, Packet& packet) noexcept {
    const ChecksumState known = std::exchange(frame.ip_checksum, ChecksumState::good);
    Reason reason = Reason::none;
    const Decoded decoded = decode(frame, DecodeLimits{}, packet, reason);
    frame.ip_checksum = known;
    return decoded;
}

/// Fills in an IPv4 total length that was left to the card. False when it was not, or the packet needs no cut.
bool fill_in_length(Frame& frame, const Packet& packet) noexcept {
    const std::size_t size = frame.length - packet.network_offset;
    std::byte* const header = frame.data + packet.network_offset;
    if (size <= kEthernetMtu || (header[0] >> 4) != std::byte{4} || load_be<std::uint16_t>(header + 2) != 0)
        return false;
    store_be(header + 2, static_cast<std::uint16_t>(std::min(size, kLongestLength)));
    return true;
}

bool is_cut_by_cards(const Packet& packet) noexcept {
    constexpr std::uint8_t kNever = kTcpSyn | kTcpRst | kTcpUrg;
    return packet.protocol == kProtocolTcp && packet.tunnels == 0 && packet.ppp_offset == 0 &&
           (tcp_flags(packet.transport) & kNever) == 0;
}

}  // namespace

std::optional<JoinedSegment> JoinedSegment::find(Frame& frame) noexcept {
    if (frame.length <= kEthernetMtu) return std::nullopt;
    Packet packet;
    Decoded decoded = decode_joined(frame, packet);
    const bool filled_in = decoded == Decoded::invalid && fill_in_length(frame, packet);
    if (filled_in) decoded = decode_joined(frame, packet);
    if (decoded != Decoded::transport || !is_cut_by_cards(packet)) return std::nullopt;
    const auto begin = static_cast<std::size_t>(packet.payload.data() - frame.data);
    // A total length has no room for the largest (BIG TCP).
    const Bytes payload = filled_in ? frame.bytes().subspan(begin) : packet.payload;
    const std::size_t headers = begin - packet.network_offset;
    const bool too_long = filled_in || headers + payload.size() > kLargestMtu;
    if (!too_long || headers >= kEthernetMtu) return std::nullopt;
    return JoinedSegment(packet, payload, kEthernetMtu - headers);
}

JoinedSegment::JoinedSegment(const Packet& packet, Bytes payload, std::size_t room) noexcept
    : headers_(packet.frame->data, payload.data()),
      payload_(payload),
      room_(room),
      network_(packet.network_offset),
      transport_(static_cast<std::size_t>(packet.transport.data() - packet.frame->data)),
      endpoints_(packet.endpoints) {}

Bytes JoinedSegment::payload_of(std::size_t part) const noexcept {
    const Bytes rest = payload_.subspan(part * room_);
    return rest.first(std::min(rest.size(), room_));
}

void JoinedSegment::write(std::size_t part, MutableBytes to) const noexcept {
    const Bytes payload = payload_of(part);
    std::copy(payload.begin(), payload.end(), std::copy(headers_.begin(), headers_.end(), to.begin()));
    write_network(part, to.subspan(network_));
    write_transport(part, to.subspan(transport_));
}

void JoinedSegment::write_network(std::size_t part, MutableBytes network) const noexcept {
    std::byte* const header = network.data();
    if (endpoints_.ipv6) return store_be(header + 4, static_cast<std::uint16_t>(network.size() - kIpv6Header));
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
