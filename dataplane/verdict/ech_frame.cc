#include "dataplane/verdict/ech_frame.h"

#include <array>
#include <functional>

#include "dataplane/packet/checksum.h"
#include "dataplane/protocol/dns_message.h"
#include "dataplane/verdict/dns_ech.h"

namespace sluis {
namespace {

constexpr std::size_t kUdpChecksum = 6, kTcpChecksum = 16;
constexpr std::size_t kLengthPrefix = 2;

/// The part of the frame that a view shows; empty when the view is of other memory.
MutableBytes in_frame(const Frame& frame, Bytes view) noexcept {
    const std::less_equal<const std::byte*> not_after;
    const std::byte* const end = frame.data + frame.length;
    const bool inside = not_after(frame.data, view.data()) && not_after(view.data() + view.size(), end);
    return inside ? MutableBytes(frame.data + (view.data() - frame.data), view.size()) : MutableBytes{};
}

/// The checksum field for bytes that summed up to `before` and now to `after` (RFC 1624): right if it was right.
std::uint16_t updated(std::uint16_t field, std::uint64_t before, std::uint64_t after) noexcept {
    std::array<std::byte, 6> terms;
    store_be(terms.data(), static_cast<std::uint16_t>(~field));
    store_be(terms.data() + 2, fold_checksum(before));
    store_be(terms.data() + 4, static_cast<std::uint16_t>(~fold_checksum(after)));
    return fold_checksum(add_to_checksum(0, terms));
}

/// Strips messages of a transport payload by `strip`, and mends the checksum at `offset` of `transport`.
template <typename Strip>
bool rewrite(const Packet& packet, std::size_t offset, Strip&& strip) noexcept {
    const MutableBytes transport = in_frame(*packet.frame, packet.transport);
    if (transport.size() < packet.payload.size() || packet.payload.empty()) return false;
    const std::uint64_t before = add_to_checksum(0, transport);
    if (!strip(transport.subspan(static_cast<std::size_t>(packet.payload.data() - packet.transport.data()),
                                 packet.payload.size())))
        return false;
    const auto field = load_be<std::uint16_t>(&transport[offset]);
    if (offset == kUdpChecksum && field == 0) return true;  // not computed (RFC 768)
    const std::uint16_t sum = updated(field, before, add_to_checksum(0, transport));
    store_be(&transport[offset], sum == 0 && offset == kUdpChecksum ? std::uint16_t{0xffff} : sum);
    return true;
}

bool strip_messages(MutableBytes stream) noexcept {
    bool changed = false;
    while (stream.size() > kLengthPrefix) {
        const std::size_t size = load_be<std::uint16_t>(stream.data());
        if (size < kDnsHeaderSize || size > stream.size() - kLengthPrefix) break;
        changed |= strip_ech(stream.subspan(kLengthPrefix, size));
        stream = stream.subspan(kLengthPrefix + size);
    }
    return changed;
}

}  // namespace

bool strip_ech_from_datagram(const Packet& packet) noexcept { return rewrite(packet, kUdpChecksum, strip_ech); }

bool strip_ech_from_segment(const Packet& packet) noexcept { return rewrite(packet, kTcpChecksum, strip_messages); }

}  // namespace sluis
