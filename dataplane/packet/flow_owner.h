// Which worker owns a frame's flow: a hash over the two IP addresses, the same for both directions and for every
// fragment.
//
// The hash is the Toeplitz hash that network cards compute for receive-side scaling, over addresses only, with the
// symmetric key 0x6d5a repeated; so a card that is given this key and `owner_of_hash` as its table brings most frames
// to their owner by itself. What a card does not hash alike (PPPoE, MPLS, QinQ, other tags) is hashed here.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/packet/bytes.h"

namespace sluis {

/// A hash key of any length is made of this, most significant byte first: 6d 5a 6d 5a …
inline constexpr std::array<std::uint8_t, 2> kSymmetricRssKey{0x6d, 0x5a};

/// Slots of the table from hash to worker; a card's larger table repeats it.
inline constexpr std::uint32_t kRssSlots = 64;

/// The worker, of `workers`, that owns a hash. REQUIRES: workers > 0.
constexpr std::uint32_t owner_of_hash(std::uint32_t hash, std::uint32_t workers) noexcept {
    return hash % kRssSlots % workers;
}

/// The hash over the addresses of the first IP header behind Ethernet, up to eight tags (802.1Q, 802.1ad, 0x9100),
/// PPPoE and MPLS labels; zero for a frame that is not IP or ends before its addresses do.
std::uint32_t flow_hash(Bytes frame) noexcept;

/// The worker that owns a frame: worker 0 owns all that is not IP.
inline std::uint32_t flow_owner(Bytes frame, std::uint32_t workers) noexcept {
    return owner_of_hash(flow_hash(frame), workers);
}

}  // namespace sluis
