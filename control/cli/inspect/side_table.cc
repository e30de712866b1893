#include "control/cli/inspect/side_table.h"

#include <algorithm>

#include "dataplane/packet/decode.h"

namespace sluis {
namespace {

constexpr std::size_t kMacSize = 6;

/// Private use or link local: RFC 1918 and 3927, RFC 4193 and 4291.
bool is_private(const IpAddress& address, bool ipv6) noexcept {
    const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(address.bytes[i]); };
    if (ipv6) return (byte(0) & 0xfe) == 0xfc || (byte(0) == 0xfe && (byte(1) & 0xc0) == 0x80);
    return byte(0) == 10 || (byte(0) == 172 && (byte(1) & 0xf0) == 16) || (byte(0) == 192 && byte(1) == 168) ||
           (byte(0) == 169 && byte(1) == 254);
}

/// Ethernet addresses, destination first, in the place of those of a frame without IP.
Endpoints mac_endpoints(Bytes frame) noexcept {
    Endpoints ends;
    if (frame.size() < 2 * kMacSize) return ends;
    std::copy_n(frame.begin(), kMacSize, ends.destination.address.bytes.begin());
    std::copy_n(frame.begin() + kMacSize, kMacSize, ends.source.address.bytes.begin());
    return ends;
}

}  // namespace

Side guess_side(const Packet& packet) noexcept {
    constexpr unsigned kSyn = 0x02, kAck = 0x10;
    if (packet.protocol == kProtocolTcp && packet.transport.size() > 13) {
        const auto flags = std::to_integer<unsigned>(packet.transport[13]);
        if ((flags & kSyn) != 0) return (flags & kAck) == 0 ? Side::inside : Side::outside;
    }
    const Endpoints& ends = packet.endpoints;
    if (ends.source.port != ends.destination.port) {
        return ends.source.port > ends.destination.port ? Side::inside : Side::outside;
    }
    const bool from_public = !is_private(ends.source.address, ends.ipv6);
    return from_public && is_private(ends.destination.address, ends.ipv6) ? Side::outside : Side::inside;
}

Side SideTable::ingress_of(Frame& frame) {
    Packet packet;
    Reason reason = Reason::none;
    decode(frame, DecodeLimits{}, packet, reason);
    if (packet.endpoints.source.address == packet.endpoints.destination.address) {
        packet.endpoints = mac_endpoints(frame.bytes());
    }
    const IpAddress& source = packet.endpoints.source.address;
    const IpAddress& destination = packet.endpoints.destination.address;
    const bool source_is_low = source.bytes < destination.bytes;
    const Pair pair = source_is_low ? Pair{source, destination} : Pair{destination, source};
    const Side guess = guess_side(packet);
    const Side low = low_side_.remember(pair, source_is_low ? guess : opposite(guess));
    return source_is_low ? low : opposite(low);
}

}  // namespace sluis
