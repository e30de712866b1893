// The mode of one pair on its way from the main thread to the pair's workers, who take it up between two bursts.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "dataplane/interface/pair_mode.h"

namespace sluis {

class ModeSwitch {
public:
    /// Workers begin inline, and take `first` up before their first frame. Allocates.
    ModeSwitch(PairMode first, std::uint32_t workers)
        : wanted_(first), workers_(workers), taken_(std::make_unique<std::atomic<PairMode>[]>(workers)) {}

    // The main thread's side.

    void set(PairMode mode) noexcept { wanted_.store(mode, std::memory_order_relaxed); }
    /// Whether every worker runs the pair by it. Never waits.
    bool settled() const noexcept {
        for (std::uint32_t i = 0; i < workers_; ++i)
            if (taken_[i].load(std::memory_order_relaxed) != wanted()) return false;
        return true;
    }

    // A worker's side: a load of what hardly ever changes.

    PairMode wanted() const noexcept { return wanted_.load(std::memory_order_relaxed); }
    /// `index`: among the pair's workers.
    void take(std::uint32_t index, PairMode mode) noexcept { taken_[index].store(mode, std::memory_order_relaxed); }

private:
    alignas(64) std::atomic<PairMode> wanted_;
    std::uint32_t workers_;
    std::unique_ptr<std::atomic<PairMode>[]> taken_;
};

}  // namespace sluis
