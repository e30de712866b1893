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

template <std::size_t Size>
struct VectorRegister {
    typedef std::uint64_t Lanes __attribute__((vector_size(Size)));
};

constexpr std::size_t kBlock = 64;

/// The sum of the 32-bit halves of whole blocks' words. Only the high halves are added apart: the words' sum, which
/// loses what overflows, less theirs is the low halves' sum. A lane has room for 2^32 halves.
template <typename Lanes>
[[gnu::always_inline]] inline std::uint64_t sum_of_blocks(const std::byte* at, std::size_t blocks) noexcept {
    Lanes words{}, high{};
    const auto add = [&](std::size_t offset) __attribute__((always_inline)) {
        Lanes some;
        std::memcpy(&some, at + offset, sizeof some);
        words += some;
        high += some >> 32;
    };
    for (const std::byte* const end = at + blocks * kBlock; at != end; at += kBlock) {
        add(0);
        if constexpr (sizeof(Lanes) == 16) add(16), add(48);
        add(32);
    }
    const Lanes lanes = words - (high << 32) + high;
    std::uint64_t sum = 0;
    for (std::size_t lane = 0; lane < sizeof(Lanes) / sizeof sum; ++lane) sum += lanes[lane];
    return sum;
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] std::uint64_t sum_with_avx2(const std::byte* at, std::size_t blocks) noexcept {
    return sum_of_blocks<VectorRegister<32>::Lanes>(at, blocks);
}
std::uint64_t sum_blocks(const std::byte* at, std::size_t blocks) noexcept {
    return __builtin_cpu_supports("avx2") ? sum_with_avx2(at, blocks)
                                          : sum_of_blocks<VectorRegister<16>::Lanes>(at, blocks);
}
#else
std::uint64_t sum_blocks(const std::byte* at, std::size_t blocks) noexcept {
    return sum_of_blocks<VectorRegister<16>::Lanes>(at, blocks);
}
#endif

/// One's-complement addition does not care about byte order or word size (RFC 1071, section 2), so words are added as
/// they lie, whatever their size.
[[gnu::always_inline]] inline std::uint64_t add_bytes(std::uint64_t sum, Bytes bytes) noexcept {
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    if (left >= kBlock) {
        sum = add_with_carry(sum, sum_blocks(at, left / kBlock));
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

/// The sum of the pseudo-header. `length` is that of the transport header and payload, bytes.
[[gnu::always_inline]] inline std::uint64_t sum_of_pseudo_header(const std::byte* from, const std::byte* to, bool ipv6,
                                                                 std::uint8_t protocol, std::uint32_t length) noexcept {
    // Length and protocol end in the low bytes of two big-endian words of 32 bits.
    std::uint64_t sum = std::uint64_t{length} + protocol;
    if (std::endian::native == std::endian::little) sum = byte_swap(sum);
    if (!ipv6)
        return add_with_carry(sum, std::uint64_t{load<std::uint32_t>(from)} + std::uint64_t{load<std::uint32_t>(to)});
    return add_with_carry(add_with_carry(sum, add_with_carry(load<std::uint64_t>(from), load<std::uint64_t>(from + 8))),
                          add_with_carry(load<std::uint64_t>(to), load<std::uint64_t>(to + 8)));
}

}  // namespace

std::uint64_t add_to_checksum(std::uint64_t sum, Bytes bytes) noexcept { return add_bytes(sum, bytes); }

std::uint64_t pseudo_header_sum(const IpAddress& source, const IpAddress& destination, bool ipv6, std::uint8_t protocol,
                                std::uint32_t length) noexcept {
    return sum_of_pseudo_header(source.bytes.data(), destination.bytes.data(), ipv6, protocol, length);
}

std::uint16_t fold_checksum(std::uint64_t sum) noexcept {
    sum = (sum & 0xffff'ffff) + (sum >> 32);
    sum = (sum & 0xffff'ffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    const auto folded = static_cast<std::uint16_t>(~sum);
    return std::endian::native == std::endian::little ? byte_swap(folded) : folded;
}

bool sum_of_transport_holds(const Packet& packet) noexcept {
    if (!packet.checksum_known) return true;
    if (packet.protocol == kProtocolUdp && !packet.endpoints.ipv6 &&
        load_be<std::uint16_t>(packet.transport.data() + 6) == 0)
        return true;  // not used (RFC 768); IPv6 has no such exception for what we read (RFC 8200, 8.1)
    const auto& [source, destination, ipv6] = packet.endpoints;
    const std::uint64_t pseudo =
        sum_of_pseudo_header(source.address.bytes.data(), destination.address.bytes.data(), ipv6, packet.protocol,
                             static_cast<std::uint32_t>(packet.transport.size()));
    return is_right_sum(add_bytes(pseudo, packet.transport));
}

}  // namespace sluis
