// What one source may keep in the box: a client that floods spends its own share, not another's.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/flow/flow_key.h"
#include "dataplane/flow/slot_index.h"
#include "dataplane/packet/byte_order.h"
#include "dataplane/packet/packet.h"

namespace sluis {

/// What a budget is kept of.
enum class Budget : std::uint8_t {
    flows,
    quic_connections,
    quic_large_hellos,
    datagrams,
    fragments,
    http2_connections,
    blocked_flows,
    stream_bytes
};
inline constexpr std::size_t kBudgets = 8;

/// Counts what each source holds. A source is an IPv4 address or an IPv6 /64, whose hosts choose addresses freely: no
/// number of them takes more than the prefix's budget. Within it, one address has a quarter of it at the most, and all
/// addresses of one Ethernet station on the inside a half: who floods, from one address or from many, leaves the rest
/// to its neighbours. An address counts for each station by itself: who forges a neighbour's spends nothing of his.
class SourceBudget {
public:
    static constexpr std::uint32_t kNone = SlotIndex::kNone;
    static constexpr std::uint32_t kStationPart = 2;  ///< of a /64's budget: one half
    static constexpr std::uint32_t kAddressPart = 4;  ///< one quarter

    /// REQUIRES: `capacity` is at least the sum of all that can be held, so that there is a slot for every source.
    SourceBudget(std::uint32_t capacity, std::uint64_t seed)
        : seed_(seed), index_(kLevels * (capacity + 1)), pool_(kLevels * (capacity + 1)) {}

    /// Takes one of the share of the packet's source: a slot for it, or kNone when that goes beyond `limit` or a part
    /// of it (or no slot is free). No part is smaller than `least`.
    std::uint32_t take(const Packet& packet, Budget budget, std::uint32_t limit, std::uint32_t least = 1) noexcept {
        if (limit == 0 || pool_.capacity() - pool_.used() < kLevels) return kNone;
        const std::uint32_t slot = enter(source_of(packet));
        if (charge(slot, budget, 1, limit, least)) return slot;
        leave(slot);
        return kNone;
    }
    /// Takes `amount` more for the source of a slot that holds something already; false when that goes beyond `limit`
    /// or a part of it. No part is smaller than `least`.
    bool charge(std::uint32_t slot, Budget budget, std::uint32_t amount, std::uint32_t limit,
                std::uint32_t least = 1) noexcept {
        for (std::uint32_t at = slot; at != kNone; at = pool_[at].wider) {
            const std::uint32_t share = share_of(pool_[at].source.kind, limit, least);
            const std::uint32_t held = pool_[at].held[number(budget)];
            if (held > share || amount > share - held) return false;
        }
        for (std::uint32_t at = slot; at != kNone; at = pool_[at].wider) pool_[at].held[number(budget)] += amount;
        return true;
    }
    void give_back(std::uint32_t slot, Budget budget, std::uint32_t amount = 1) noexcept {
        for (std::uint32_t at = slot; at != kNone; at = pool_[at].wider) pool_[at].held[number(budget)] -= amount;
        leave(slot);
    }
    /// The slot of the whole source, an IPv4 address or an IPv6 /64, that a slot belongs to.
    std::uint32_t whole(std::uint32_t slot) const noexcept {
        while (pool_[slot].wider != kNone) slot = pool_[slot].wider;
        return slot;
    }
    std::uint32_t held(std::uint32_t slot, Budget budget) const noexcept { return pool_[slot].held[number(budget)]; }
    /// Slots are less than that.
    std::uint32_t slots() const noexcept { return pool_.capacity(); }
    /// Slots that hold something.
    std::uint32_t used() const noexcept { return pool_.used(); }

private:
    static constexpr std::uint32_t kLevels = 3;

    enum class SourceKind : std::uint64_t { ipv4_address, ipv6_prefix, ipv6_address, station, address_of_station };
    struct Source {
        std::uint64_t prefix = 0;        ///< an IPv4 address, or the first half of an IPv6 one, as it lies in a packet
        std::uint64_t interface = 0;     ///< the second half
        std::uint64_t station : 48 = 0;  ///< Ethernet source address
        SourceKind kind : 16 = SourceKind::ipv4_address;
        friend bool operator==(const Source&, const Source&) = default;
    };
    static_assert(sizeof(Source) == 24);
    struct Entry {
        Source source;
        std::uint32_t wider;  ///< the slot of the source that it is a part of, or kNone
        std::array<std::uint32_t, kBudgets> held;
    };

    static constexpr std::size_t number(Budget budget) noexcept { return static_cast<std::size_t>(budget); }

    static Source source_of(const Packet& packet) noexcept {
        Source source;
        const std::byte* address = packet.endpoints.source.address.bytes.data();
        if (!packet.endpoints.ipv6) {
            source.prefix = load_be<std::uint32_t>(address);
            return source;
        }
        source.prefix = load_be<std::uint64_t>(address);
        source.interface = load_be<std::uint64_t>(address + 8);
        source.kind = SourceKind::ipv6_address;
        // Behind the destination address. All that comes from outside has the router's.
        constexpr std::size_t kStationOffset = 6, kStationSize = 6;
        if (packet.ingress() == Side::outside || packet.frame->length < kStationOffset + kStationSize) return source;
        const std::byte* station = packet.frame->data + kStationOffset;
        source.station = (std::uint64_t{load_be<std::uint32_t>(station)} << 16 | load_be<std::uint16_t>(station + 4)) &
                         0xffff'ffff'ffff;
        source.kind = SourceKind::address_of_station;
        return source;
    }
    static bool is_whole(SourceKind kind) noexcept {
        return kind == SourceKind::ipv4_address || kind == SourceKind::ipv6_prefix;
    }
    /// What a source is a part of. REQUIRES: it is not whole.
    static Source wider_of(Source source) noexcept {
        source.interface = 0;
        const bool of_station = source.kind == SourceKind::address_of_station;
        if (!of_station) source.station = 0;
        source.kind = of_station ? SourceKind::station : SourceKind::ipv6_prefix;
        return source;
    }
    std::uint64_t hash_of(const Source& source) const noexcept {
        const std::uint64_t rest = std::uint64_t{source.station} << 16 | static_cast<std::uint64_t>(source.kind);
        return hash_word(hash_word(hash_word(seed_, source.prefix), source.interface), rest);
    }
    static std::uint32_t share_of(SourceKind kind, std::uint32_t limit, std::uint32_t least) noexcept {
        if (is_whole(kind)) return limit;
        const std::uint32_t part = limit / (kind == SourceKind::station ? kStationPart : kAddressPart);
        return std::max(part, std::min(least, limit));
    }

    /// The slot of a source, new if need be. REQUIRES: kLevels slots are free.
    std::uint32_t enter(const Source& source) noexcept {
        const std::uint64_t hash = hash_of(source);
        const std::uint32_t found = index_.find(hash, [&](std::uint32_t at) { return pool_[at].source == source; });
        if (found != kNone) return found;
        const std::uint32_t wider = is_whole(source.kind) ? kNone : enter(wider_of(source));
        const std::uint32_t slot = pool_.take();
        pool_[slot] = {source, wider, {}};
        index_.insert(hash, slot);
        return slot;
    }
    /// Forgets a source that holds nothing, and what it was the last part of.
    void leave(std::uint32_t slot) noexcept {
        while (slot != kNone && pool_[slot].held == std::array<std::uint32_t, kBudgets>{}) {
            const Entry& entry = pool_[slot];
            const std::uint32_t wider = entry.wider;
            index_.erase(hash_of(entry.source), slot);
            pool_.give_back(slot);
            slot = wider;
        }
    }

    std::uint64_t seed_;
    SlotIndex index_;
    SlotPool<Entry> pool_;
};

}  // namespace sluis
