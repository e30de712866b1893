// From a hash to slots of a fixed pool: the table behind flows, connections, datagrams and sources.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>

#include "dataplane/flow/huge_array.h"

namespace sluis {

/// A fixed-size open hash index that maps hashes to slot numbers; the owner of the slots compares the keys. A bucket is
/// one cache line of seven tags and slots; a full bucket spills into the next ones. Never allocates after construction.
class SlotIndex {
public:
    static constexpr std::uint32_t kNone = 0xffff'ffff;

    /// Room for `capacity` entries at a load of about a half.
    explicit SlotIndex(std::uint32_t capacity) {
        while (buckets_ * (kWays / 2) < capacity) buckets_ *= 2;
        table_ = HugeArray<Bucket>(buckets_);
    }

    /// The first slot under `hash` for which `same(slot)` holds, or kNone.
    template <typename Same>
    std::uint32_t find(std::uint64_t hash, Same&& same) const noexcept {
        for (std::uint32_t at = first(hash), probes = 0; probes < buckets_; at = next(at), ++probes) {
            const Bucket& bucket = table_[at];
            const std::uint32_t ways = bucket.has(tag_of(hash)) ? kWays : 0;
            for (std::uint32_t way = 0; way < ways; ++way)
                if (bucket.tag[way] == tag_of(hash) && same(bucket.slot[way])) return bucket.slot[way];
            if (bucket.spilled == 0) return kNone;
        }
        return kNone;
    }

    /// Brings the place of `hash` into the cache.
    [[gnu::always_inline]] void prefetch(std::uint64_t hash) const noexcept {
        __builtin_prefetch(&table_[first(hash)]);
    }

    /// Whether there may be a slot under `hash`: a tag is there, or entries that stand further on.
    bool may_hold(std::uint64_t hash) const noexcept {
        const Bucket& bucket = table_[first(hash)];
        return bucket.spilled != 0 || bucket.has(tag_of(hash));
    }

    /// REQUIRES: fewer entries than the capacity.
    void insert(std::uint64_t hash, std::uint32_t slot) noexcept {
        for (std::uint32_t at = first(hash);; at = next(at)) {
            Bucket& bucket = table_[at];
            for (std::uint32_t way = 0; way < kWays; ++way)
                if (bucket.tag[way] == kFree) {
                    bucket.tag[way] = tag_of(hash);
                    bucket.slot[way] = slot;
                    return;
                }
            ++bucket.spilled;
        }
    }

    /// REQUIRES: `slot` was inserted under `hash`.
    void erase(std::uint64_t hash, std::uint32_t slot) noexcept {
        for (std::uint32_t at = first(hash);; at = next(at)) {
            Bucket& bucket = table_[at];
            for (std::uint32_t way = 0; way < kWays; ++way)
                if (bucket.tag[way] != kFree && bucket.slot[way] == slot) {
                    bucket.tag[way] = kFree;
                    return;
                }
            --bucket.spilled;
        }
    }

private:
    static constexpr std::uint32_t kWays = 7;
    static constexpr std::uint32_t kFree = 0;
    struct alignas(64) Bucket {
        std::uint32_t tag[kWays];  ///< or kFree
        std::uint32_t spilled;     ///< entries that hash here or passed by, and stand further on
        std::uint32_t slot[kWays];

        /// Whether any tag is `wanted`, all compared at once; or the count behind them is, which does no harm.
        bool has(std::uint32_t wanted) const noexcept {
            typedef std::uint32_t Tags __attribute__((vector_size(16)));
            Tags low, high;
            std::memcpy(&low, tag, sizeof low);
            std::memcpy(&high, tag + 4, sizeof high);
            const auto same = (low == wanted) | (high == wanted);
            std::uint64_t halves[2];
            std::memcpy(halves, &same, sizeof halves);
            return (halves[0] | halves[1]) != 0;
        }
    };
    static_assert(sizeof(Bucket) == 64);

    static std::uint32_t tag_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 32) | 1; }
    std::uint32_t first(std::uint64_t hash) const noexcept { return static_cast<std::uint32_t>(hash) & (buckets_ - 1); }
    std::uint32_t next(std::uint32_t at) const noexcept { return (at + 1) & (buckets_ - 1); }

    std::uint32_t buckets_ = 8;
    HugeArray<Bucket> table_;
};

/// A pool of `T` with a free list threaded through slot numbers. Slots keep their place; never allocates after
/// construction.
template <typename T>
class SlotPool {
public:
    static constexpr std::uint32_t kNone = SlotIndex::kNone;

    explicit SlotPool(std::uint32_t capacity)
        : capacity_(capacity), slots_(capacity), free_(std::make_unique<std::uint32_t[]>(capacity)) {
        for (std::uint32_t i = 0; i < capacity; ++i) free_[i] = capacity - 1 - i;
        available_ = capacity;
    }
    std::uint32_t take() noexcept { return available_ == 0 ? kNone : free_[--available_]; }
    void give_back(std::uint32_t slot) noexcept { free_[available_++] = slot; }
    T& operator[](std::uint32_t slot) noexcept { return slots_[slot]; }
    const T& operator[](std::uint32_t slot) const noexcept { return slots_[slot]; }
    bool has_free() const noexcept { return available_ != 0; }
    std::uint32_t used() const noexcept { return capacity_ - available_; }
    std::uint32_t capacity() const noexcept { return capacity_; }

private:
    std::uint32_t capacity_;
    std::uint32_t available_;
    HugeArray<T> slots_;
    std::unique_ptr<std::uint32_t[]> free_;
};

}  // namespace sluis
