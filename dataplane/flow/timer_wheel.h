// Deadlines of many things at little cost: a wheel of lists.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "dataplane/interface/finding.h"

namespace sluis {

/// Holds slots (of some pool) until a deadline. A deadline that moves further away needs no call: the owner is asked
/// when the old one comes. Constant time; the resolution is kTick.
class TimerWheel {
public:
    static constexpr Nanoseconds kTick = 50'000'000;  ///< 50 ms: the shortest default of `Limits` is 5 s
    static constexpr std::uint32_t kNone = 0xffff'ffff;
    static constexpr std::uint32_t kCandidates = 64;

    explicit TimerWheel(std::uint32_t capacity) : links_(std::make_unique<Link[]>(capacity)) { heads_.fill(kNone); }

    void insert(std::uint32_t slot, Nanoseconds deadline) noexcept {
        // Beyond one turn of the wheel: come back when the turn is over, and be asked again.
        const std::uint64_t tick = std::clamp<std::uint64_t>(deadline / kTick + 1, done_ + 1, done_ + kSize - 1);
        link(slot, static_cast<std::uint32_t>(tick % kSize));
    }
    void erase(std::uint32_t slot) noexcept {
        Link& gone = links_[slot];
        (gone.previous == kNone ? heads_[gone.bucket] : links_[gone.previous].next) = gone.next;
        if (gone.next != kNone) links_[gone.next].previous = gone.previous;
    }

    /// Calls `due(slot)` for every slot whose time may have come, after taking it out; `due` returns the deadline to
    /// insert it with again, or 0 when it is gone; it may take out other slots.
    template <typename Due>
    void advance(Nanoseconds now, Due&& due) noexcept {
        const std::uint64_t target = now / kTick;
        if (done_ == 0 || target > done_ + kSize) done_ = target > kSize ? target - kSize : 0;
        while (done_ < target) {
            ++done_;
            // One by one, since `due` may take out others.
            for (const std::uint32_t& head = heads_[done_ % kSize]; head != kNone;) {
                const std::uint32_t slot = head;
                erase(slot);
                if (const Nanoseconds again = due(slot); again != 0) insert(slot, again < now ? now : again);
            }
        }
    }

    /// The first of the slots with the next deadlines for which `fits(slot)` holds, or kNone; asks about kCandidates at
    /// most.
    template <typename Fits>
    std::uint32_t soonest(Fits&& fits) const noexcept {
        std::uint32_t asked = 0;
        for (std::uint64_t tick = done_ + 1; tick <= done_ + kSize; ++tick)
            for (std::uint32_t slot = heads_[tick % kSize]; slot != kNone; slot = links_[slot].next) {
                if (fits(slot)) return slot;
                if (++asked == kCandidates) return kNone;
            }
        return kNone;
    }

private:
    static constexpr std::uint64_t kSize = 1024;  ///< about 51 s a turn
    struct Link {
        std::uint32_t next = kNone;
        std::uint32_t previous = kNone;
        std::uint32_t bucket = 0;
    };
    void link(std::uint32_t slot, std::uint32_t bucket) noexcept {
        links_[slot] = {heads_[bucket], kNone, bucket};
        if (heads_[bucket] != kNone) links_[heads_[bucket]].previous = slot;
        heads_[bucket] = slot;
    }

    std::unique_ptr<Link[]> links_;
    std::array<std::uint32_t, kSize> heads_;
    std::uint64_t done_ = 0;  ///< ticks that were advanced over
};

}  // namespace sluis
