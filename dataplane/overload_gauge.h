// Whether more comes than a worker can inspect, told by its receive queues.
#pragma once

#include <cstdint>

#include "dataplane/interface/limits.h"

namespace sluis {

/// Driven by numbers alone. One look at `rounds_` and `on_` a round where nothing is wrong.
class OverloadGauge {
public:
    /// Rounds of polling in a row, of a full burst each, that leave a queue half full. A worker that was kept from its
    /// processor for a while finds one deep, too, and has it empty after fewer.
    static constexpr std::uint32_t kOnsetRounds = 4;
    /// An overload is over when nothing has waited for so long.
    static constexpr Nanoseconds kCalm = kSecond / 4;

    /// What was seen in one round.
    struct Signs {
        bool deep = false;     ///< a queue was at least half full
        bool blind = false;    ///< a burst was full, and its queue does not tell how deep it is
        bool waiting = false;  ///< after the round there was more than a burst left
    };

    /// `missed`: frames that the ports have lost before the worker, in all. They count where queues do not tell, since
    /// a port that is looked at in time does not come so far. True when it began or ended.
    bool note(const Signs& signs, std::uint64_t missed, Nanoseconds now) noexcept {
        if (!on_ && !signs.deep && !signs.blind) [[likely]] {
            rounds_ = 0;
            return false;
        }
        return on_ ? note_during(signs, missed, now) : note_onset(signs, missed, now);
    }
    bool is_on() const noexcept { return on_; }

private:
    bool note_onset(const Signs& signs, std::uint64_t missed, Nanoseconds now) noexcept;
    bool note_during(const Signs& signs, std::uint64_t missed, Nanoseconds now) noexcept;

    bool on_ = false;
    std::uint32_t rounds_ = 0;  ///< in a row, with a sign of an onset
    std::uint64_t missed_ = 0;  ///< when the first of them came
    Nanoseconds waited_ = 0;    ///< when something was left last
};

}  // namespace sluis
