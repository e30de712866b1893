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
/// And no station has more than a half of a table, with whatever addresses: it cannot exhaust the whole. That is no
/// less than one source has, and enough for the router of an office, behind which all are one station.
class SourceBudget {
public:
    static constexpr std::uint32_t kNone = SlotIndex::kNone;
    static constexpr std::uint32_t kStationPart = 2;  ///< of a /64's budget: one half
    static constexpr std::uint32_t kAddressPart = 4;  ///< one quarter
    static constexpr std::uint32_t kTablePart = 2;    ///< of a table, for a station: one half

    /// How much there is of each in all; 0 where nothing bounds it.
    using Tables = std::array<std::uint32_t, kBudgets>;

    /// REQUIRES: `capacity` is at least the sum of all that can be held, so that there is a slot for every source.
    SourceBudget(std::uint32_t capacity, std::uint64_t seed, const Tables& tables = {})
        : seed_(seed), tables_(tables), index_(kLevels * (capacity + 1)), pool_(kLevels * (capacity + 1)) {}

    /// Takes one of the share of the packet's source: a slot for it, or kNone when that goes beyond `limit` or a part
    /// of it (or no slot is free). No part is smaller than `least`.
    std::uint32_t take(const Packet& packet, Budget budget, std::uint32_t limit, std::uint32_t least = 1) noexcept {
        if (limit == 0 || pool_.capacity() - pool_.used() < kLevels) return kNone;
        const std::uint32_t slot = enter_all(source_of(packet));
        if (charge(slot, budget, 1, limit, least)) return slot;
        leave(slot);
        return kNone;
    }
    /// The slot of the packet's station, where `take` fails for no other reason than that this has its part of the
    /// table; else kNone.
    std::uint32_t full_station(const Packet& packet, Budget budget, std::uint32_t limit,
                               std::uint32_t least = 1) const noexcept {
        const Source source = source_of(packet);
        if (limit == 0 || source.station() == 0) return kNone;
        const auto has_room = [&](const Source& each) { return fits(find(each), budget, 1, limit, least); };
        bool own = has_room(source);
        if (source.kind() == SourceKind::ipv6_address)
            own = own && has_room(widened(source, SourceKind::ipv6_prefix_of_station)) &&
                  has_room(widened(source, SourceKind::ipv6_prefix));
        const std::uint32_t station = find(widened(source, SourceKind::station));
        return own && !fits(station, budget, 1, limit, least) ? station : kNone;
    }
    /// Takes `amount` more for the source of a slot that holds something already; false when that goes beyond `limit`
    /// or a part of it. No part is smaller than `least`.
    bool charge(std::uint32_t slot, Budget budget, std::uint32_t amount, std::uint32_t limit,
                std::uint32_t least = 1) noexcept {
        if (!fits(slot, budget, amount, limit, least)) return false;
        for (const std::uint32_t at : pool_[slot].wider) {
            if (at == kNone) break;
            if (!fits(at, budget, amount, limit, least)) return false;
        }
        add(slot, budget, amount);
        return true;
    }
    /// Brings the place of the packet's source into the cache. Inline: a call that does nothing else has no effect in
    /// GCC's eyes, and goes.
    [[gnu::always_inline]] void prefetch(const Frame& frame, const PlainPacket& packet) const noexcept {
        index_.prefetch(hash_of(source_of(frame, packet.addresses, packet.ipv6)));
    }
    void give_back(std::uint32_t slot, Budget budget, std::uint32_t amount = 1) noexcept {
        add(slot, budget, 0 - amount);
        leave(slot);
    }
    /// Gives back what was charged beside something that the slot's source still holds.
    void discharge(std::uint32_t slot, Budget budget, std::uint32_t amount) noexcept { add(slot, budget, 0 - amount); }
    /// The slot of all that one sender may choose addresses from: its station, or from outside, where all that comes
    /// has the router's, its IPv4 address or IPv6 /64.
    std::uint32_t whole(std::uint32_t slot) const noexcept {
        std::uint32_t widest = slot;
        for (const std::uint32_t at : pool_[slot].wider) {
            if (at == kNone) break;
            widest = at;
        }
        return widest;
    }
    std::uint32_t held(std::uint32_t slot, Budget budget) const noexcept { return pool_[slot].held[number(budget)]; }
    /// Slots are less than that.
    std::uint32_t slots() const noexcept { return pool_.capacity(); }
    /// Slots that hold something.
    std::uint32_t used() const noexcept { return pool_.used(); }

private:
    static constexpr std::uint32_t kLevels = 4;

    enum class SourceKind : std::uint64_t {
        ipv4_address,            ///< of a station, where that is known
        ipv6_address,            ///< the same
        ipv6_prefix,             ///< a /64
        ipv6_prefix_of_station,  ///< all of a station's addresses in it
        station,                 ///< all of its addresses
    };
    struct Source {
        std::uint64_t prefix = 0;     ///< an IPv4 address, or the first half of an IPv6 one, as it lies in a packet
        std::uint64_t interface = 0;  ///< the second half
        /// Ethernet source address (0: from outside) and kind, in one word: parts that are written apart and read
        /// together wait for each other.
        std::uint64_t station_and_kind = 0;

        std::uint64_t station() const noexcept { return station_and_kind >> 16; }
        SourceKind kind() const noexcept { return static_cast<SourceKind>(station_and_kind & 0xffff); }
        friend bool operator==(const Source&, const Source&) = default;
    };
    static_assert(sizeof(Source) == 24);
    /// The slots of what an address is a part of, the widest last, then kNone; of any other source: none.
    using Wider = std::array<std::uint32_t, kLevels - 1>;
    struct Entry {
        Source source;
        Wider wider;
        std::array<std::uint32_t, kBudgets> held;
    };

    static constexpr std::size_t number(Budget budget) noexcept { return static_cast<std::size_t>(budget); }

    static Source source_of(const Packet& packet) noexcept {
        return source_of(*packet.frame, packet.endpoints.source.address.bytes.data(), packet.endpoints.ipv6);
    }
    static Source source_of(const Frame& frame, const std::byte* address, bool ipv6) noexcept {
        const std::uint64_t station = station_of(frame) << 16;
        if (!ipv6)
            return {load_be<std::uint32_t>(address), 0, station | static_cast<std::uint64_t>(SourceKind::ipv4_address)};
        return {load_be<std::uint64_t>(address), load_be<std::uint64_t>(address + 8),
                station | static_cast<std::uint64_t>(SourceKind::ipv6_address)};
    }
    /// The Ethernet source address, behind the destination; 0 from outside, where all that comes has the router's.
    static std::uint64_t station_of(const Frame& frame) noexcept {
        constexpr std::size_t kStationOffset = 6, kStationSize = 6;
        if (frame.ingress == Side::outside || frame.length < kStationOffset + kStationSize) return 0;
        constexpr std::uint64_t kBroadcast = 0xffff'ffff'ffff;  // no sender's own address, nor is 0
        const std::byte* const at = frame.data + kStationOffset;
        const std::uint64_t sender = std::uint64_t{load_be<std::uint32_t>(at)} << 16 | load_be<std::uint16_t>(at + 4);
        return sender != 0 ? sender : kBroadcast;
    }
    std::uint64_t hash_of(const Source& source) const noexcept {
        const std::uint64_t hash = hash_word(hash_word(seed_, source.prefix), source.station_and_kind);
        return source.kind() == SourceKind::ipv6_address ? hash_word(hash, source.interface) : hash;
    }

    std::uint32_t share_of(SourceKind kind, Budget budget, std::uint32_t limit, std::uint32_t least) const noexcept {
        switch (kind) {
            case SourceKind::ipv6_address:
                return std::max(limit / kAddressPart, std::min(least, limit));
            case SourceKind::ipv6_prefix_of_station:
                return std::max(limit / kStationPart, std::min(least, limit));
            case SourceKind::station:
                return tables_[number(budget)] == 0 ? ~0u : std::max(limit, tables_[number(budget)] / kTablePart);
            default:
                return limit;
        }
    }
    bool fits(std::uint32_t slot, Budget budget, std::uint32_t amount, std::uint32_t limit,
              std::uint32_t least) const noexcept {
        if (slot == kNone) return true;
        const std::uint32_t share = share_of(pool_[slot].source.kind(), budget, limit, least);
        const std::uint32_t held = pool_[slot].held[number(budget)];
        return held <= share && amount <= share - held;
    }
    void add(std::uint32_t slot, Budget budget, std::uint32_t amount) noexcept {
        pool_[slot].held[number(budget)] += amount;
        for (const std::uint32_t at : pool_[slot].wider) {
            if (at == kNone) break;
            pool_[at].held[number(budget)] += amount;
        }
    }

    /// What an address is a part of.
    static Source widened(const Source& source, SourceKind kind) noexcept {
        const std::uint64_t station = kind == SourceKind::ipv6_prefix ? 0 : source.station() << 16;
        return {kind == SourceKind::station ? 0 : source.prefix, 0, station | static_cast<std::uint64_t>(kind)};
    }
    /// The slot of an address, new if need be, and with it what it is a part of. REQUIRES: kLevels slots are free.
    std::uint32_t enter_all(const Source& source) noexcept {
        const std::uint64_t hash = hash_of(source);
        if (const std::uint32_t found = find(source, hash); found != kNone) return found;
        Wider wider{kNone, kNone, kNone};
        std::size_t count = 0;
        if (source.kind() == SourceKind::ipv6_address) {
            if (source.station() != 0) wider[count++] = enter(widened(source, SourceKind::ipv6_prefix_of_station));
            wider[count++] = enter(widened(source, SourceKind::ipv6_prefix));
        }
        if (source.station() != 0) wider[count] = enter(widened(source, SourceKind::station));
        return insert(source, hash, wider);
    }
    std::uint32_t enter(const Source& source) noexcept {
        const std::uint64_t hash = hash_of(source);
        const std::uint32_t found = find(source, hash);
        return found != kNone ? found : insert(source, hash, {kNone, kNone, kNone});
    }
    std::uint32_t find(const Source& source) const noexcept { return find(source, hash_of(source)); }
    std::uint32_t find(const Source& source, std::uint64_t hash) const noexcept {
        return index_.find(hash, [&](std::uint32_t at) { return pool_[at].source == source; });
    }
    std::uint32_t insert(const Source& source, std::uint64_t hash, const Wider& wider) noexcept {
        const std::uint32_t slot = pool_.take();
        Entry& entry = pool_[slot];
        entry.source = source;
        entry.wider = wider;
        entry.held.fill(0);
        index_.insert(hash, slot);
        return slot;
    }
    /// Forgets a source that holds nothing, and what it was the last part of.
    void leave(std::uint32_t slot) noexcept {
        const Wider wider = pool_[slot].wider;
        if (!forget_empty(slot)) return;
        for (const std::uint32_t at : wider) {
            if (at == kNone) break;
            forget_empty(at);
        }
    }
    bool forget_empty(std::uint32_t slot) noexcept {
        const Entry& entry = pool_[slot];
        std::uint32_t any = 0;
        for (const std::uint32_t held : entry.held) any |= held;
        if (any != 0) return false;
        index_.erase(hash_of(entry.source), slot);
        pool_.give_back(slot);
        return true;
    }

    std::uint64_t seed_;
    Tables tables_;
    SlotIndex index_;
    SlotPool<Entry> pool_;
};

}  // namespace sluis
