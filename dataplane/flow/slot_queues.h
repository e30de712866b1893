// First in, first out: in what order slots of a pool came to one state or another.
#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/flow/slot_index.h"

namespace sluis {

/// A fixed number of queues of slots (of some pool); a slot is in one of them or in none. Constant time; never
/// allocates after construction.
class SlotQueues {
public:
    static constexpr std::uint32_t kNone = SlotIndex::kNone;

    SlotQueues(std::uint32_t slots, std::uint32_t queues)
        : links_(std::make_unique<Link[]>(slots)), ends_(std::make_unique<Ends[]>(queues)) {}

    /// The slot that is in `queue` for longest, or kNone.
    std::uint32_t front(std::uint32_t queue) const noexcept { return ends_[queue].first; }
    /// The queue that the slot is in, or kNone.
    std::uint32_t queue_of(std::uint32_t slot) const noexcept { return links_[slot].queue; }

    /// Puts the slot at the end of `queue`, after taking it out of the one that it is in.
    void push_back(std::uint32_t slot, std::uint32_t queue) noexcept {
        erase(slot);
        Ends& ends = ends_[queue];
        links_[slot] = {kNone, ends.last, queue};
        (ends.last == kNone ? ends.first : links_[ends.last].next) = slot;
        ends.last = slot;
    }
    /// Takes the slot out of the queue that it is in, if any.
    void erase(std::uint32_t slot) noexcept {
        Link& gone = links_[slot];
        if (gone.queue == kNone) return;
        Ends& ends = ends_[gone.queue];
        (gone.previous == kNone ? ends.first : links_[gone.previous].next) = gone.next;
        (gone.next == kNone ? ends.last : links_[gone.next].previous) = gone.previous;
        gone = {};
    }

private:
    struct Link {
        std::uint32_t next = kNone;
        std::uint32_t previous = kNone;
        std::uint32_t queue = kNone;
    };
    struct Ends {
        std::uint32_t first = kNone;
        std::uint32_t last = kNone;
    };

    std::unique_ptr<Link[]> links_;
    std::unique_ptr<Ends[]> ends_;
};

}  // namespace sluis
