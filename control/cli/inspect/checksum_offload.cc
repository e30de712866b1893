#include "control/cli/inspect/checksum_offload.h"

#include "dataplane/packet/byte_order.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/decode.h"

namespace sluis {
namespace {

enum class Found { none, right, partial, wrong };

/// How the checksum of a TCP segment or UDP datagram looks.
Found transport_checksum(const Packet& packet) noexcept {
    const bool udp = packet.protocol == kProtocolUdp;
    const std::size_t offset = udp ? 6 : 16;
    if (packet.transport.size() < offset + 2 || !packet.checksum_known) return Found::none;
    const auto field = load_be<std::uint16_t>(&packet.transport[offset]);
    if (udp && field == 0 && !packet.endpoints.ipv6) return Found::none;  // not computed (RFC 768)
    const Endpoints& ends = packet.endpoints;
    const std::uint64_t pseudo =
        pseudo_header_sum(ends.source.address, ends.destination.address, ends.ipv6, packet.protocol,
                          static_cast<std::uint32_t>(packet.transport.size()));
    if (checksum_holds(pseudo, packet.transport)) return Found::right;
    return field == static_cast<std::uint16_t>(~fold_checksum(pseudo)) ? Found::partial : Found::wrong;
}

}  // namespace

void ChecksumOffload::mark(Frame& frame) {
    Packet packet;
    Reason reason = Reason::none;
    Decoded decoded = decode(frame, DecodeLimits{}, packet, reason);
    const bool ip_wrong = decoded == Decoded::invalid && reason == Reason::ip_header;
    if (ip_wrong) {
        frame.ip_checksum = ChecksumState::good;  // to read the addresses
        packet = {};
        decoded = decode(frame, DecodeLimits{}, packet, reason);
        frame.ip_checksum = ChecksumState::unknown;
    }
    if (decoded != Decoded::transport) return;
    const Found found = transport_checksum(packet);
    const bool offloading = offloading_.remember(packet.endpoints.source.address,
                                                 ip_wrong || found == Found::partial || found == Found::wrong);
    if (ip_wrong && offloading) frame.ip_checksum = ChecksumState::good;
    if (found == Found::partial || (found == Found::wrong && offloading)) frame.l4_checksum = ChecksumState::good;
}

}  // namespace sluis
