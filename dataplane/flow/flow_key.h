// What makes a flow one: both endpoints in an order of their own, and the network that they are in.
#pragma once

#include <cstddef>
#include <cstring>
#include <utility>

#include "dataplane/packet/packet.h"
#include "dataplane/packet/plain_packet.h"

namespace sluis {

/// Both endpoints, the lesser first, so that the two directions of a flow have one key. The VLAN belongs to it: branch
/// offices use the same private addresses more than once.
struct FlowKey {
    std::array<std::byte, 16> address_a;
    std::array<std::byte, 16> address_b;
    std::uint16_t port_a;
    std::uint16_t port_b;
    std::uint16_t vlan;  ///< innermost tag, or 0
    std::uint16_t ip_version;

    friend bool operator==(const FlowKey& a, const FlowKey& b) noexcept { return std::memcmp(&a, &b, sizeof a) == 0; }
};
static_assert(sizeof(FlowKey) == 40);

/// The key of a packet, and whether its source is endpoint b (direction 1).
struct DirectedKey {
    FlowKey key;
    std::uint8_t direction;
};

/// Builds a key from endpoints as they lie in a packet. REQUIRES: `Size` bytes at each address: 4 or 16.
template <std::size_t Size>
DirectedKey directed_key(const std::byte* source, std::uint16_t source_port, const std::byte* destination,
                         std::uint16_t destination_port, std::uint16_t vlan) noexcept {
    const int order = std::memcmp(source, destination, Size);
    const bool swapped = order > 0 || (order == 0 && source_port > destination_port);
    DirectedKey directed{{{}, {}, source_port, destination_port, vlan, Size == 4 ? std::uint16_t{4} : std::uint16_t{6}},
                         swapped};
    std::memcpy(directed.key.address_a.data(), swapped ? destination : source, Size);
    std::memcpy(directed.key.address_b.data(), swapped ? source : destination, Size);
    if (swapped) std::swap(directed.key.port_a, directed.key.port_b);
    return directed;
}

inline DirectedKey directed_key(const Packet& packet) noexcept {
    const auto& [source, destination, ipv6] = packet.endpoints;
    const std::uint16_t vlan = packet.vlan_count ? packet.vlan[packet.vlan_count - 1u] : std::uint16_t{0};
    const auto make = ipv6 ? &directed_key<16> : &directed_key<4>;
    return make(source.address.bytes.data(), source.port, destination.address.bytes.data(), destination.port, vlan);
}

inline DirectedKey directed_key(const PlainPacket& packet) noexcept {
    const std::byte* source = packet.addresses;
    if (packet.ipv6)
        return directed_key<16>(source, packet.source_port, source + 16, packet.destination_port, packet.vlan);
    return directed_key<4>(source, packet.source_port, source + 4, packet.destination_port, packet.vlan);
}

__extension__ using uint128 = unsigned __int128;

/// A keyed hash: clients choose ports and addresses, so the seed must not be known to them.
inline std::uint64_t hash_words(const void* from, std::size_t size, std::uint64_t seed) noexcept {
    std::uint64_t hash = seed;
    const auto* at = static_cast<const std::byte*>(from);
    for (; size >= 8; size -= 8, at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, sizeof word);
        const auto product = static_cast<uint128>(hash ^ word ^ 0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93;
        hash = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    }
    return hash;
}
inline std::uint64_t hash(const FlowKey& key, std::uint64_t seed) noexcept {
    if (key.ip_version != 4) return hash_words(&key, sizeof key, seed);
    std::array<std::byte, 16> words;  // an IPv4 key is zero but for these
    std::memcpy(words.data(), key.address_a.data(), 4);
    std::memcpy(words.data() + 4, key.address_b.data(), 4);
    std::memcpy(words.data() + 8, reinterpret_cast<const std::byte*>(&key) + offsetof(FlowKey, port_a), 8);
    return hash_words(words.data(), words.size(), seed);
}

}  // namespace sluis
