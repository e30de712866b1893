// What makes a flow one: both endpoints in an order of their own, and the network that they are in.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/packet/packet.h"
#include "dataplane/packet/plain_packet.h"

namespace sluis {

/// Both endpoints, the lesser first, so that the two directions of a flow have one key. The VLAN belongs to it: branch
/// offices use the same private addresses more than once.
struct FlowKey {
    std::array<std::byte, 16> address_a;
    std::array<std::byte, 16> address_b;
    /// Port a, port b, VLAN and IP version, 16 bits each, the lowest first: parts that are written apart and read
    /// together wait for each other.
    std::uint64_t ports_and_network;

    std::uint16_t port_a() const noexcept { return static_cast<std::uint16_t>(ports_and_network); }
    std::uint16_t port_b() const noexcept { return static_cast<std::uint16_t>(ports_and_network >> 16); }
    std::uint16_t vlan() const noexcept { return static_cast<std::uint16_t>(ports_and_network >> 32); }  ///< or 0
    std::uint16_t ip_version() const noexcept { return static_cast<std::uint16_t>(ports_and_network >> 48); }

    /// All words at once: keys of one hash are hardly ever different.
    friend bool operator==(const FlowKey& a, const FlowKey& b) noexcept {
        return (a.differs<0>(b) | a.differs<8>(b) | a.differs<16>(b) | a.differs<24>(b) | a.differs<32>(b)) == 0;
    }

private:
    template <std::size_t Offset>
    std::uint64_t differs(const FlowKey& other) const noexcept {
        std::uint64_t mine, its;
        std::memcpy(&mine, reinterpret_cast<const std::byte*>(this) + Offset, sizeof mine);
        std::memcpy(&its, reinterpret_cast<const std::byte*>(&other) + Offset, sizeof its);
        return mine ^ its;
    }
};
static_assert(sizeof(FlowKey) == 40);

/// The key of a packet, and whether its source is endpoint b (direction 1).
struct DirectedKey {
    FlowKey key;
    std::uint8_t direction;
};

/// An IPv4 endpoint as one number: endpoints in the order of their addresses and ports are in the order of these.
inline std::uint64_t ipv4_endpoint(const std::byte* address, std::uint16_t port) noexcept {
    return std::uint64_t{load_be<std::uint32_t>(address)} << 16 | port;
}

/// Whether the first endpoint comes behind the second one.
template <std::size_t Size>
bool is_after(const std::byte* first, std::uint16_t first_port, const std::byte* second,
              std::uint16_t second_port) noexcept {
    if constexpr (Size == 4) {
        return ipv4_endpoint(first, first_port) > ipv4_endpoint(second, second_port);
    } else {
        const auto a = load_be<std::uint64_t>(first), b = load_be<std::uint64_t>(second);
        const auto c = load_be<std::uint64_t>(first + 8), d = load_be<std::uint64_t>(second + 8);
        if (a != b) return a > b;
        return c != d ? c > d : first_port > second_port;
    }
}

/// Writes an address and zeroes behind it, by words: keys are read by words right after they are written.
template <std::size_t Size>
void set_address(std::array<std::byte, 16>& to, const std::byte* from) noexcept {
    std::uint64_t words[2]{};
    std::memcpy(words, from, Size);
    std::memcpy(to.data(), words, sizeof words);
}

/// Builds a key from endpoints as they lie in a packet. REQUIRES: `Size` bytes at each address: 4 or 16.
template <std::size_t Size>
[[gnu::always_inline]] inline DirectedKey directed_key(const std::byte* source, std::uint16_t source_port,
                                                       const std::byte* destination, std::uint16_t destination_port,
                                                       std::uint16_t vlan) noexcept {
    const bool swapped = is_after<Size>(source, source_port, destination, destination_port);
    const std::byte* const a = swapped ? destination : source;
    const std::byte* const b = swapped ? source : destination;
    DirectedKey directed;
    directed.direction = swapped;
    set_address<Size>(directed.key.address_a, a);
    set_address<Size>(directed.key.address_b, b);
    const std::uint64_t port_a = swapped ? destination_port : source_port;
    const std::uint64_t port_b = swapped ? source_port : destination_port;
    constexpr std::uint64_t kVersion = Size == 4 ? 4 : 6;
    directed.key.ports_and_network = port_a | port_b << 16 | std::uint64_t{vlan} << 32 | kVersion << 48;
    return directed;
}

inline DirectedKey directed_key(const Packet& packet) noexcept {
    const auto& [source, destination, ipv6] = packet.endpoints;
    const std::uint16_t vlan = packet.vlan_count ? packet.vlan[packet.vlan_count - 1u] : std::uint16_t{0};
    const std::byte* const from = source.address.bytes.data();
    const std::byte* const to = destination.address.bytes.data();
    return ipv6 ? directed_key<16>(from, source.port, to, destination.port, vlan)
                : directed_key<4>(from, source.port, to, destination.port, vlan);
}

inline DirectedKey directed_key(const PlainPacket& packet) noexcept {
    const std::byte* source = packet.addresses;
    if (packet.ipv6)
        return directed_key<16>(source, packet.source_port, source + 16, packet.destination_port, packet.vlan);
    return directed_key<4>(source, packet.source_port, source + 4, packet.destination_port, packet.vlan);
}

__extension__ using uint128 = unsigned __int128;

/// A keyed hash: clients choose ports and addresses, so the seed must not be known to them.
inline std::uint64_t hash_word(std::uint64_t hash, std::uint64_t word) noexcept {
    const auto product = static_cast<uint128>(hash ^ word ^ 0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t hash_words(const void* from, std::size_t size, std::uint64_t seed) noexcept {
    std::uint64_t hash = seed;
    const auto* at = static_cast<const std::byte*>(from);
    for (; size >= 8; size -= 8, at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, sizeof word);
        hash = hash_word(hash, word);
    }
    return hash;
}

/// The hash of an IPv4 key, from its endpoints: put into a key first, they would be read back before they are written.
inline std::uint64_t hash_ipv4(std::uint64_t endpoint_a, std::uint64_t endpoint_b, std::uint16_t vlan,
                               std::uint64_t seed) noexcept {
    return hash_word(hash_word(seed, endpoint_a), endpoint_b | std::uint64_t{vlan} << 48);
}

inline std::uint64_t hash(const FlowKey& key, std::uint64_t seed) noexcept {
    if (key.ip_version() != 4) return hash_words(&key, sizeof key, seed);
    return hash_ipv4(ipv4_endpoint(key.address_a.data(), key.port_a()),
                     ipv4_endpoint(key.address_b.data(), key.port_b()), key.vlan(), seed);
}

/// The hash of a packet's key.
inline std::uint64_t hash(const PlainPacket& packet, std::uint64_t seed) noexcept {
    if (packet.ipv6) return hash(directed_key(packet).key, seed);
    const std::uint64_t source = ipv4_endpoint(packet.addresses, packet.source_port);
    const std::uint64_t destination = ipv4_endpoint(packet.addresses + 4, packet.destination_port);
    return hash_ipv4(std::min(source, destination), std::max(source, destination), packet.vlan, seed);
}

}  // namespace sluis
