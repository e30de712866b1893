// The last events, numbered, for those who ask for them over the API: each reads at its own pace, as far as they reach.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "control/events/event_line.h"

namespace sluis {

/// May be called by any thread.
class EventMemory {
public:
    static constexpr std::size_t kEventLimit = 8192;
    static constexpr std::size_t kByteLimit = std::size_t{8} << 20;

    /// `wake`: a descriptor of eventfd(2) that is written to when something is new; -1: none.
    explicit EventMemory(int wake = -1) : wake_(wake) {}

    void add(SharedLine line);

    struct Entry {
        std::uint64_t number = 0;  ///< from 1
        SharedLine line;
    };
    struct Excerpt {
        std::vector<Entry> entries;
        std::uint64_t lost = 0;  ///< that followed `after`, and are not remembered any more
    };
    /// What followed the event `after` (0: from the beginning): at least one when there is one, and about `bytes` more.
    Excerpt read(std::uint64_t after, std::size_t bytes) const;
    /// The number of the newest one; 0: there was none.
    std::uint64_t newest() const;

private:
    int wake_;
    mutable std::mutex mutex_;
    std::deque<SharedLine> lines_;
    std::uint64_t first_ = 1;  ///< number of lines_.front()
    std::size_t bytes_ = 0;
};

}  // namespace sluis
