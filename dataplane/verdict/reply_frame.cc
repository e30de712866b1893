#include "dataplane/verdict/reply_frame.h"

#include <algorithm>
#include <cstring>

#include "dataplane/packet/byte_writer.h"
#include "dataplane/packet/checksum.h"

namespace sluis {
namespace {

constexpr std::size_t kMacSize = 6, kIpv4Header = 20, kIpv6Header = 40, kPppoeHeader = 6;
constexpr std::uint8_t kHopLimit = 64;

void write_link(const Packet& packet, ReplyTo to, MutableBytes link, std::size_t ip_length) noexcept {
    std::copy_n(packet.frame->data, link.size(), link.data());
    if (to == ReplyTo::sender) std::swap_ranges(link.begin(), link.begin() + kMacSize, link.begin() + kMacSize);
    if (packet.ppp_offset == 0) return;
    const std::size_t ppp = link.size() - packet.ppp_offset - kPppoeHeader;  // the PPP protocol field
    store_be<std::uint16_t>(&link[packet.ppp_offset + 4], static_cast<std::uint16_t>(ppp + ip_length));
}

void write_ipv4(ByteWriter& writer, const IpAddress& from, const IpAddress& to, std::uint8_t protocol,
                std::size_t size) noexcept {
    writer.u16(0x4500);
    writer.u16(static_cast<std::uint16_t>(kIpv4Header + size));
    writer.u16(0);
    writer.u16(0x4000);  // don't fragment; the identification means nothing then (RFC 6864)
    writer.u8(kHopLimit);
    writer.u8(protocol);
    writer.u16(0);
    writer.bytes(Bytes(from.bytes).first(4));
    writer.bytes(Bytes(to.bytes).first(4));
}

void write_ipv6(ByteWriter& writer, const IpAddress& from, const IpAddress& to, std::uint8_t protocol,
                std::size_t size) noexcept {
    writer.u32(0x6000'0000);
    writer.u16(static_cast<std::uint16_t>(size));
    writer.u8(protocol);
    writer.u8(kHopLimit);
    writer.bytes(from.bytes);
    writer.bytes(to.bytes);
}

}  // namespace

void ReplyFrame::finish(std::size_t offset) noexcept {
    std::uint16_t sum = fold_checksum(add_to_checksum(pseudo_sum, transport));
    if (sum == 0 && offset == 6) sum = 0xffff;
    store_be(&transport[offset], sum);
}

ReplyFrame begin_reply(FrameIo& io, const Packet& packet, ReplyTo to, std::uint8_t protocol,
                       std::size_t size) noexcept {
    if (!packet.answerable) return {};
    const bool ipv6 = packet.endpoints.ipv6;
    const std::size_t ip_length = (ipv6 ? kIpv6Header : kIpv4Header) + size;
    const std::size_t total = packet.network_offset + ip_length;
    Frame* frame = io.allocate(static_cast<std::uint32_t>(total));
    if (frame == nullptr) return {};
    frame->length = static_cast<std::uint32_t>(total);
    frame->injected = true;
    frame->next = nullptr;
    const Side back = packet.ingress();
    const Side egress = to == ReplyTo::sender ? back : opposite(back);
    frame->ingress = opposite(egress);
    frame->link = packet.frame->link;

    const MutableBytes bytes(frame->data, total);
    write_link(packet, to, bytes.first(packet.network_offset), ip_length);
    const Endpoints& ends = packet.endpoints;
    const IpAddress& source = to == ReplyTo::sender ? ends.destination.address : ends.source.address;
    const IpAddress& destination = to == ReplyTo::sender ? ends.source.address : ends.destination.address;
    const MutableBytes ip = bytes.subspan(packet.network_offset);
    ByteWriter writer(ip);
    if (ipv6) {
        write_ipv6(writer, source, destination, protocol, size);
    } else {
        write_ipv4(writer, source, destination, protocol, size);
        store_be(&ip[10], fold_checksum(add_to_checksum(0, ip.first(kIpv4Header))));
    }
    const MutableBytes transport = ip.subspan(ip_length - size);
    std::fill(transport.begin(), transport.end(), std::byte{0});
    return {frame, egress, transport,
            pseudo_header_sum(source, destination, ipv6, protocol, static_cast<std::uint32_t>(size))};
}

}  // namespace sluis
