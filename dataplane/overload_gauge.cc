#include "dataplane/overload_gauge.h"

namespace sluis {

bool OverloadGauge::note_onset(const Signs& signs, std::uint64_t missed, Nanoseconds now) noexcept {
    if (rounds_ == 0) missed_ = missed;
    ++rounds_;
    const bool lost = missed != missed_;
    if (rounds_ < kOnsetRounds || !(signs.deep || lost)) return false;
    on_ = true;
    waited_ = now;
    return true;
}

bool OverloadGauge::note_during(const Signs& signs, std::uint64_t missed, Nanoseconds now) noexcept {
    if (signs.deep || signs.waiting || missed != missed_) waited_ = now;
    missed_ = missed;
    if (now - waited_ < kCalm) return false;
    on_ = false;
    rounds_ = 0;
    return true;
}

}  // namespace sluis
