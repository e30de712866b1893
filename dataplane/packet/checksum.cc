#include "dataplane/packet/checksum.h"

#include <bit>
#include <cstring>

#include "dataplane/packet/byte_order.h"

namespace sluis {

std::uint64_t add_to_checksum(std::uint64_t sum, Bytes bytes) noexcept {
    // One's-complement addition does not care about byte order (RFC 1071, section 2), so words are added as they
    // lie; 32-bit words leave room for 2^32 carries.
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, sizeof word);
        sum += (word & 0xffff'ffff) + (word >> 32);
    }
    if (left == 0) return sum;
    std::uint64_t word = 0;
    std::memcpy(&word, at, left);
    return sum + (word & 0xffff'ffff) + (word >> 32);
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
