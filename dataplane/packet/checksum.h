// The Internet checksum (RFC 1071), and the pseudo-headers of TCP and UDP (RFC 9293, 3.1; RFC 8200, 8.1).
#pragma once

#include <cstdint>
#include <cstring>

#include "dataplane/packet/address.h"
#include "dataplane/packet/bytes.h"
#include "dataplane/packet/packet.h"

namespace sluis {

/// Adds the bytes, as big-endian 16-bit words padded with zero, to a running one's-complement sum. The sum is kept
/// in the machine's own byte order; only `fold_checksum` gives it a meaning.
std::uint64_t add_to_checksum(std::uint64_t sum, Bytes bytes) noexcept;

/// The sum of the pseudo-header. `length` is that of the transport header and payload, bytes.
std::uint64_t pseudo_header_sum(const IpAddress& source, const IpAddress& destination, bool ipv6, std::uint8_t protocol,
                                std::uint32_t length) noexcept;

/// The checksum field's value for a sum, as the machine's integer (store it with store_be).
std::uint16_t fold_checksum(std::uint64_t sum) noexcept;

/// Whether a sum that covers its own checksum comes out right. A one's-complement sum of words is the number that they
/// make modulo 0xffff, where all ones are another zero; only a sum of nothing but zeroes is the other one.
constexpr bool is_right_sum(std::uint64_t sum) noexcept { return sum != 0 && sum % 0xffff == 0; }

/// Whether bytes that hold a checksum (and, in `sum`, their pseudo-header) add up.
inline bool checksum_holds(std::uint64_t sum, Bytes bytes) noexcept {
    return is_right_sum(add_to_checksum(sum, bytes));
}

/// The same of an IPv4 header without options. REQUIRES: 20 bytes.
inline bool ipv4_header_checksum_holds(const std::byte* header) noexcept {
    const auto word = [header](std::size_t at) noexcept {
        std::uint32_t value;
        std::memcpy(&value, header + at, sizeof value);
        return std::uint64_t{value};
    };
    return is_right_sum(word(0) + word(4) + word(8) + word(12) + word(16));
}

/// Whether the transport checksum of a TCP or UDP packet holds, by the driver's word or by computing it.
bool sum_of_transport_holds(const Packet& packet) noexcept;
inline bool transport_checksum_holds(const Packet& packet) noexcept {
    if (packet.l4_checksum != ChecksumState::unknown) return packet.l4_checksum == ChecksumState::good;
    return sum_of_transport_holds(packet);
}

}  // namespace sluis
