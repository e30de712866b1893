#include "dataplane/verdict/ech_frame.h"

#include <algorithm>
#include <array>
#include <functional>

#include "dataplane/packet/checksum.h"
#include "dataplane/protocol/dns_message.h"
#include "dataplane/verdict/dns_ech.h"

namespace sluis {
namespace {

constexpr std::size_t kUdpChecksum = 6, kTcpChecksum = 16;

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

/// Changes a transport payload by `change`, and mends the checksum at `offset` of `transport`.
template <typename Change>
bool rewrite(const Packet& packet, MutableBytes memory, std::size_t offset, Change&& change) noexcept {
    const MutableBytes transport = writable(memory, packet.transport);
    if (transport.size() < packet.payload.size() || packet.payload.empty()) return false;
    const std::uint64_t before = add_to_checksum(0, transport);
    if (!change(transport.subspan(static_cast<std::size_t>(packet.payload.data() - packet.transport.data()),
                                  packet.payload.size())))
        return false;
    const auto field = load_be<std::uint16_t>(&transport[offset]);
    if (offset == kUdpChecksum && field == 0) return true;  // not computed (RFC 768)
    const std::uint16_t sum = updated(field, before, add_to_checksum(0, transport));
    store_be(&transport[offset], sum == 0 && offset == kUdpChecksum ? std::uint16_t{0xffff} : sum);
    return true;
}

}  // namespace

bool strip_ech_from_datagram(const Packet& packet, MutableBytes memory) noexcept {
    return rewrite(packet, memory, kUdpChecksum, strip_ech);
}

bool overwrite_payload(const Packet& packet, MutableBytes memory, std::size_t offset, Bytes bytes) noexcept {
    return rewrite(packet, memory, kTcpChecksum, [&](MutableBytes payload) {
        const MutableBytes place = payload.subspan(offset, bytes.size());
        if (std::equal(place.begin(), place.end(), bytes.begin())) return false;
        std::copy(bytes.begin(), bytes.end(), place.begin());
        return true;
    });
}

void write_back(Frame* fragments, Bytes datagram, const DecodeLimits& limits) noexcept {
    for (Frame* frame = fragments; frame != nullptr; frame = frame->next) {
        Packet packet;
        Reason why = Reason::none;
        if (decode(*frame, limits, packet, why) != Decoded::fragment) continue;
        const MutableBytes place = writable({frame->data, frame->length}, packet.transport);
        const std::size_t offset = packet.fragment.offset;
        if (offset > datagram.size() || place.size() > datagram.size() - offset) continue;
        std::copy_n(datagram.begin() + static_cast<std::ptrdiff_t>(offset), place.size(), place.begin());
    }
}

}  // namespace sluis
