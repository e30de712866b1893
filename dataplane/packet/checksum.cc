#include "dataplane/packet/checksum.h"

#include <bit>
#include <cstring>

#include "dataplane/packet/byte_order.h"

namespace sluis {

namespace {

std::uint64_t load_word(const std::byte* at) noexcept {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// One's-complement addition: what overflows comes in again at the bottom.
std::uint64_t add_with_carry(std::uint64_t sum, std::uint64_t word) noexcept {
    sum += word;
    return sum + (sum < word);
}

}  // namespace

std::uint64_t add_to_checksum(std::uint64_t sum, Bytes bytes) noexcept {
    // One's-complement addition does not care about byte order or word size (RFC 1071, section 2), so words are added
    // as they lie, in four sums that do not wait for each other.
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t second = 0, third = 0, fourth = 0;
    for (; left >= 32; left -= 32, at += 32) {
        sum = add_with_carry(sum, load_word(at));
        second = add_with_carry(second, load_word(at + 8));
        third = add_with_carry(third, load_word(at + 16));
        fourth = add_with_carry(fourth, load_word(at + 24));
    }
    sum = add_with_carry(add_with_carry(sum, second), add_with_carry(third, fourth));
    for (; left >= 8; left -= 8, at += 8) sum = add_with_carry(sum, load_word(at));
    if (left == 0) return sum;
    std::uint64_t word = 0;
    std::memcpy(&word, at, left);
    return add_with_carry(sum, word);
}

std::uint64_t pseudo_header_sum(const IpAddress& source, const IpAddress& destination, bool ipv6, std::uint8_t protocol,
                                std::uint32_t length) noexcept {
    const std::size_t size = ipv6 ? 16 : 4;
    std::byte rest[8];
    store_be<std::uint32_t>(rest, length);
    store_be<std::uint32_t>(rest + 4, protocol);
    std::uint64_t sum = add_to_checksum(0, Bytes(source.bytes).first(size));
    sum = add_to_checksum(sum, Bytes(destination.bytes).first(size));
    return add_to_checksum(sum, rest);
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
