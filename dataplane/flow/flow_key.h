// What makes a flow one: both endpoints in an order of their own, and the network that they are in.
#pragma once

#include <cstring>

#include "dataplane/packet/packet.h"

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

inline DirectedKey directed_key(const Packet& packet) noexcept {
    const Endpoint& source = packet.endpoints.source;
    const Endpoint& destination = packet.endpoints.destination;
    const int order = std::memcmp(source.address.bytes.data(), destination.address.bytes.data(), 16);
    const bool swapped = order > 0 || (order == 0 && source.port > destination.port);
    const Endpoint& a = swapped ? destination : source;
    const Endpoint& b = swapped ? source : destination;
    return {{a.address.bytes, b.address.bytes, a.port, b.port,
             packet.vlan_count ? packet.vlan[packet.vlan_count - 1u] : std::uint16_t{0},
             packet.endpoints.ipv6 ? std::uint16_t{6} : std::uint16_t{4}},
            swapped};
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
    return hash_words(&key, sizeof key, seed);
}

}  // namespace sluis
