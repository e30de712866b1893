// So many events of a kind in a second, and no more: a flood of findings buries neither the collector nor the rest.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "control/events/event_line.h"

namespace sluis {

/// A token bucket for each kind. Times are nanoseconds of a clock that does not go backwards.
class EventLimiter {
public:
    /// The burst that is let through at once, in seconds of the rate.
    static constexpr std::int64_t kBurst = 2;

    explicit EventLimiter(std::uint32_t per_second) : per_second_(per_second) {}

    /// Whether an event of the kind may go; one that may not is counted.
    bool admit(EventKind kind, std::int64_t now);

    struct Suppressed {
        EventKind kind;
        std::uint64_t count;
    };
    /// What was held back since the last call.
    std::vector<Suppressed> take_suppressed();

private:
    struct Bucket {
        double tokens = 0;
        std::int64_t filled = 0;
        bool begun = false;
        std::uint64_t suppressed = 0;
    };
    std::uint32_t per_second_;
    std::array<Bucket, kEventKindNames.size()> buckets_{};
};

}  // namespace sluis
