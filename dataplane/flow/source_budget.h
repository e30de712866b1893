// What one source may keep in the box: a client that floods spends its own share, not another's.
#pragma once

#include "dataplane/flow/flow_key.h"
#include "dataplane/flow/slot_index.h"

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

/// Counts what each source holds. A source is an IPv4 address or an IPv6 /64 (whose hosts choose addresses freely).
class SourceBudget {
public:
    static constexpr std::uint32_t kNone = SlotIndex::kNone;

    /// REQUIRES: `capacity` is at least the sum of all that can be held, so that there is a slot for every source.
    SourceBudget(std::uint32_t capacity, std::uint64_t seed) : seed_(seed), index_(capacity), pool_(capacity) {}

    /// Takes one of `source`'s share: the source's slot, or kNone when it holds `limit` already (or no slot is free).
    std::uint32_t take(const Endpoints& packet, Budget budget, std::uint32_t limit) noexcept {
        if (limit == 0) return kNone;
        const Source source = source_of(packet);
        const std::uint64_t hash = hash_words(&source, sizeof source, seed_);
        std::uint32_t slot = index_.find(hash, [&](std::uint32_t at) { return pool_[at].source == source; });
        if (slot == kNone) {
            slot = pool_.take();
            if (slot == kNone) return kNone;
            pool_[slot] = {source, {}};
            index_.insert(hash, slot);
        }
        std::uint32_t& held = pool_[slot].held[static_cast<std::size_t>(budget)];
        if (held >= limit) return kNone;
        ++held;
        return slot;
    }
    /// Takes `amount` more for the source of a slot that holds something already; false when that goes beyond `limit`.
    bool charge(std::uint32_t slot, Budget budget, std::uint32_t amount, std::uint32_t limit) noexcept {
        std::uint32_t& held = pool_[slot].held[static_cast<std::size_t>(budget)];
        if (held > limit || amount > limit - held) return false;
        held += amount;
        return true;
    }
    std::uint32_t held(std::uint32_t slot, Budget budget) const noexcept {
        return pool_[slot].held[static_cast<std::size_t>(budget)];
    }
    std::uint32_t capacity() const noexcept { return pool_.capacity(); }
    void give_back(std::uint32_t slot, Budget budget, std::uint32_t amount = 1) noexcept {
        Entry& entry = pool_[slot];
        entry.held[static_cast<std::size_t>(budget)] -= amount;
        if (entry.held != std::array<std::uint32_t, kBudgets>{}) return;
        index_.erase(hash_words(&entry.source, sizeof entry.source, seed_), slot);
        pool_.give_back(slot);
    }

private:
    struct Source {
        std::array<std::byte, 8> prefix;
        std::uint64_t version;
        friend bool operator==(const Source&, const Source&) = default;
    };
    struct Entry {
        Source source;
        std::array<std::uint32_t, kBudgets> held;
    };
    static Source source_of(const Endpoints& packet) noexcept {
        Source source{};
        std::memcpy(source.prefix.data(), packet.source.address.bytes.data(), packet.ipv6 ? 8 : 4);
        source.version = packet.ipv6 ? 6 : 4;
        return source;
    }

    std::uint64_t seed_;
    SlotIndex index_;
    SlotPool<Entry> pool_;
};

}  // namespace sluis
