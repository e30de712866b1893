#include "control/guard/liveness.h"

#include <algorithm>
#include <cstddef>

namespace sluis {

DataplaneState Liveness::see(const Sample& sample, Time now) {
    const Duration passed = looked_ ? std::min(now - *looked_, kLongestLook) : Duration{0};
    looked_ = now;
    if (sample.holder != holder_) {
        holder_ = sample.holder;
        heartbeats_.clear();
        unmoved_ = Duration{0};
    }
    if (!holder_) return DataplaneState::absent;
    if (sample.blind) return DataplaneState::forwarding;
    note(sample.heartbeats, passed);
    if (!all_moved()) {
        unmoved_ += passed;
        return unmoved_ < kStartTime ? DataplaneState::starting : DataplaneState::hung;
    }
    const bool hangs = std::any_of(still_.begin(), still_.end(), [&](Duration time) { return time >= hang_after_; });
    return hangs ? DataplaneState::hung : DataplaneState::forwarding;
}

/// What is seen first is where a worker stands: it may be what an earlier process left.
void Liveness::note(const std::vector<std::uint64_t>& heartbeats, Duration passed) {
    if (heartbeats.size() != heartbeats_.size()) {
        heartbeats_ = heartbeats;
        still_.assign(heartbeats.size(), Duration{0});
        moved_.assign(heartbeats.size(), false);
        return;
    }
    for (std::size_t i = 0; i < heartbeats.size(); ++i) {
        const bool moves = heartbeats[i] != heartbeats_[i];
        still_[i] = moves ? Duration{0} : still_[i] + passed;
        moved_[i] = moved_[i] || moves;
        heartbeats_[i] = heartbeats[i];
    }
}

bool Liveness::all_moved() const {
    return !heartbeats_.empty() && std::find(moved_.begin(), moved_.end(), false) == moved_.end();
}

}  // namespace sluis
