#include "dataplane/verdict/ech_frame.h"

#include <algorithm>
#include <array>
#include <functional>

#include "dataplane/packet/checksum.h"
#include "dataplane/protocol/dns_message.h"
#include "dataplane/verdict/dns_ech.h"

namespace sluis {
namespace {

constexpr std::size_t kUdpChecksum = 6, kTcpChecksum = 16, kChecksumSize = 2;

/// The part of `memory` that a view shows; empty when the view is of other memory.
MutableBytes writable(MutableBytes memory, Bytes view) noexcept {
    const std::less_equal<const std::byte*> not_after;
    const bool inside =
        not_after(memory.data(), view.data()) && not_after(view.data() + view.size(), memory.data() + memory.size());
    return inside ? memory.subspan(static_cast<std::size_t>(view.data() - memory.data()), view.size()) : MutableBytes{};
}

/// The checksum field for bytes that summed up to `before` and now to `after` (RFC 1624): right if it was right.
std::uint16_t updated(std::uint16_t field, std::uint64_t before, std::uint64_t after) noexcept {
    std::array<std::byte, 6> terms;
    store_be(terms.data(), static_cast<std::uint16_t>(~field));
    store_be(terms.data() + 2, fold_checksum(before));
    store_be(terms.data() + 4, static_cast<std::uint16_t>(~fold_checksum(after)));
    return fold_checksum(add_to_checksum(0, terms));
}

/// Changes `part` of `memory` by `change`. The checksum field at `field` covers all from its end to that of `part`, and
/// is mended; nullptr, or one in other memory: nothing covers it. Sums begin behind the field, where 16-bit words do,
/// however many bytes the headers between have.
template <typename Change>
bool rewrite(MutableBytes memory, const std::byte* field, Bytes part, Change&& change) noexcept {
    const MutableBytes place = writable(memory, part);
    if (place.empty()) return false;
    const MutableBytes sum = field == nullptr ? MutableBytes{} : writable(memory, {field, kChecksumSize});
    if (sum.empty()) return change(place);
    const Bytes covered(sum.data() + kChecksumSize, place.data() + place.size());
    const std::uint64_t before = add_to_checksum(0, covered);
    if (!change(place)) return false;
    const std::uint16_t mended = updated(load_be<std::uint16_t>(sum.data()), before, add_to_checksum(0, covered));
    // UDP writes 0 for "none" (RFC 768); to all who add up it is the same as this.
    store_be(sum.data(), mended == 0 ? std::uint16_t{0xffff} : mended);
    return true;
}

/// The checksum field that tells whether a datagram's payload is whole: its own, or where that is not in use (RFC 768;
/// over IPv6 only a tunnel's may be unused: RFC 6935) that of a tunnel around it.
const std::byte* datagram_checksum(const Packet& packet) noexcept {
    const std::byte* const own = packet.transport.data() + kUdpChecksum;
    return load_be<std::uint16_t>(own) == 0 ? packet.tunnel_checksum : own;
}

/// Writes bytes over others. Returns whether that changed any.
bool replace(MutableBytes place, Bytes bytes) noexcept {
    if (std::equal(bytes.begin(), bytes.end(), place.begin())) return false;
    std::copy(bytes.begin(), bytes.end(), place.begin());
    return true;
}

}  // namespace

bool strip_ech_from_datagram(const Packet& packet, MutableBytes memory) noexcept {
    if (packet.payload.empty()) return false;
    return rewrite(memory, datagram_checksum(packet), packet.payload, strip_ech);
}

bool overwrite_payload(const Packet& packet, MutableBytes memory, std::size_t offset, Bytes bytes) noexcept {
    return rewrite(memory, packet.transport.data() + kTcpChecksum, packet.payload.subspan(offset, bytes.size()),
                   [&](MutableBytes place) { return replace(place, bytes); });
}

void write_back(Frame* fragments, Bytes datagram, const DecodeLimits& limits) noexcept {
    for (Frame* frame = fragments; frame != nullptr; frame = frame->next) {
        Packet packet;
        Reason why = Reason::none;
        if (decode(*frame, limits, packet, why) != Decoded::fragment) continue;
        const std::size_t offset = packet.fragment.offset, size = packet.transport.size();
        if (offset > datagram.size() || size > datagram.size() - offset) continue;
        const Bytes part = datagram.subspan(offset, size);
        // A tunnel's checksum is about this fragment alone: what moved from one into another changes both.
        rewrite({frame->data, frame->length}, packet.tunnel_checksum, packet.transport,
                [&](MutableBytes place) { return replace(place, part); });
    }
}

}  // namespace sluis
