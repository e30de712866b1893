#include "dataplane/packet/checksum.h"

#include <bit>
#include <cstring>

#include "dataplane/packet/byte_order.h"

namespace sluis {

namespace {

/// Bytes as they lie.
template <typename Word>
Word load(const std::byte* at) noexcept {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// One's-complement addition: what overflows comes in again at the bottom.
std::uint64_t add_with_carry(std::uint64_t sum, std::uint64_t word) noexcept {
    sum += word;
    return sum + (sum < word);
}

/// A register of the vector unit that every processor of the two architectures has.
typedef std::uint64_t Lanes __attribute__((vector_size(16)));

/// The sum of the halves of a block's 64-bit words. A lane has room for the carries of 2^32 halves.
std::uint64_t sum_of_lanes(const std::byte* at, std::size_t blocks) noexcept {
    Lanes low{}, high{};
    for (; blocks > 0; --blocks, at += 2 * sizeof(Lanes)) {
        const auto first = load<Lanes>(at), second = load<Lanes>(at + sizeof(Lanes));
        low += (first & 0xffff'ffffU) + (second & 0xffff'ffffU);
        high += (first >> 32) + (second >> 32);
    }
    return low[0] + low[1] + high[0] + high[1];
}

}  // namespace

std::uint64_t add_to_checksum(std::uint64_t sum, Bytes bytes) noexcept {
    // One's-complement addition does not care about byte order or word size (RFC 1071, section 2), so words are added
    // as they lie, whatever their size.
    constexpr std::size_t kBlock = 2 * sizeof(Lanes);
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    if (left >= kBlock) {
        sum = add_with_carry(sum, sum_of_lanes(at, left / kBlock));
        at += left - left % kBlock;
        left %= kBlock;
    }
    for (; left >= 8; left -= 8, at += 8) sum = add_with_carry(sum, load<std::uint64_t>(at));
    std::uint64_t tail = 0;
    if (left & 4) tail += load<std::uint32_t>(at), at += 4;
    if (left & 2) tail += load<std::uint16_t>(at), at += 2;
    if (left & 1) {
        std::uint16_t padded = 0;
        std::memcpy(&padded, at, 1);
        tail += padded;
    }
    return add_with_carry(sum, tail);
}

std::uint64_t pseudo_header_sum(const IpAddress& source, const IpAddress& destination, bool ipv6, std::uint8_t protocol,
                                std::uint32_t length) noexcept {
    std::byte rest[8];
    store_be<std::uint32_t>(rest, length);
    store_be<std::uint32_t>(rest + 4, protocol);
    const auto sum = load<std::uint64_t>(rest);
    const std::byte* const from = source.bytes.data();
    const std::byte* const to = destination.bytes.data();
    if (!ipv6)
        return add_with_carry(sum, std::uint64_t{load<std::uint32_t>(from)} + std::uint64_t{load<std::uint32_t>(to)});
    return add_with_carry(add_with_carry(sum, add_with_carry(load<std::uint64_t>(from), load<std::uint64_t>(from + 8))),
                          add_with_carry(load<std::uint64_t>(to), load<std::uint64_t>(to + 8)));
}

std::uint16_t fold_checksum(std::uint64_t sum) noexcept {
    sum = (sum & 0xffff'ffff) + (sum >> 32);
    sum = (sum & 0xffff'ffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    const auto folded = static_cast<std::uint16_t>(~sum);
    return std::endian::native == std::endian::little ? byte_swap(folded) : folded;
}

bool transport_checksum_holds(const Packet& packet) noexcept {
    if (packet.l4_checksum != ChecksumState::unknown) return packet.l4_checksum == ChecksumState::good;
    if (!packet.checksum_known) return true;
    if (packet.protocol == kProtocolUdp && !packet.endpoints.ipv6 &&
        load_be<std::uint16_t>(packet.transport.data() + 6) == 0)
        return true;  // not used (RFC 768); IPv6 has no such exception for what we read (RFC 8200, 8.1)
    return checksum_holds(
        pseudo_header_sum(packet.endpoints.source.address, packet.endpoints.destination.address, packet.endpoints.ipv6,
                          packet.protocol, static_cast<std::uint32_t>(packet.transport.size())),
        packet.transport);
}

}  // namespace sluis
