// Any bytes as a frame, as a reassembled datagram and as a chain of IPv6 extension headers: what is found lies where it
// may, the frame stays as it is, and an owner is one of the workers. The first byte chooses limits and types.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "dataplane/packet/decode.h"
#include "dataplane/packet/flow_owner.h"
#include "dataplane/packet/ipv6_extension.h"
#include "dataplane/packet/tcp_segment.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

bool lies_in(Bytes part, Bytes whole) {
    return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_tcp(const Packet& packet) {
    const auto segment = read_tcp_segment(packet.transport);
    if (!segment) return require(segment.error() == Reason::tcp_options || segment.error() == Reason::tcp_flags);
    require(lies_in(segment->payload, packet.transport) && segment->flags == (tcp_flags(packet.transport) & 0x3f));
    require(segment->payload.size() == packet.payload.size() && segment->options.window_scale <= 14);
}

void check(Decoded decoded, const Packet& packet, Reason reason, Bytes whole, const DecodeLimits& limits) {
    require((decoded == Decoded::invalid || decoded == Decoded::too_deep) == (reason != Reason::none));
    if (decoded != Decoded::transport && decoded != Decoded::fragment) return;
    require(lies_in(packet.transport, whole) && lies_in(packet.payload, packet.transport));
    require(packet.vlan_count <= packet.vlan.size() && packet.tunnels <= limits.tunnel_depth);
    if (decoded == Decoded::fragment) return;
    require(packet.protocol == kProtocolTcp || packet.protocol == kProtocolUdp);
    require(packet.transport.size() >= packet.payload.size() + 8);
    if (packet.protocol == kProtocolTcp) check_tcp(packet);
}

void check_frame(Bytes bytes, const DecodeLimits& limits) {
    std::vector<std::byte> block(bytes.begin(), bytes.end());
    Frame frame{.data = block.data(), .length = static_cast<std::uint32_t>(block.size())};
    Packet packet;
    Reason reason = Reason::none;
    const Decoded decoded = decode(frame, limits, packet, reason);
    check(decoded, packet, reason, block, limits);
    require(std::ranges::equal(block, bytes));
    for (const std::uint32_t workers : {1U, 3U, 64U}) require(flow_owner(bytes, workers) < workers);
}

void check_reassembled(Bytes bytes, std::uint8_t protocol, const DecodeLimits& limits) {
    Frame frame;
    Packet packet{.frame = &frame};
    Reason reason = Reason::none;
    const Decoded decoded = decode_reassembled(bytes, protocol, limits, packet, reason);
    check(decoded, packet, reason, bytes, limits);
}

void check_extensions(Bytes bytes, std::uint8_t first, bool allow_hop_by_hop) {
    const auto chain = walk_extensions(first, bytes, allow_hop_by_hop);
    if (!chain) return require(chain.error() == Reason::ipv6_extension);
    require(chain->length <= bytes.size() && (!chain->is_fragment || chain->fragment.offset <= 65535));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::uint8_t choice = data[0];
    const std::vector<std::byte> exact(reinterpret_cast<const std::byte*>(data) + 1,
                                       reinterpret_cast<const std::byte*>(data) + size);
    const DecodeLimits limits{.tunnel_depth = choice % 4U};
    constexpr std::array<std::uint8_t, 8> kProtocols{6, 17, 4, 41, 47, 0, 60, 44};
    const std::uint8_t protocol = kProtocols[choice / 4 % kProtocols.size()];
    check_frame(exact, limits);
    check_reassembled(exact, protocol, limits);
    check_extensions(exact, protocol, (choice & 0x80) != 0);
    return 0;
}
