// How long to wait before the next try: twice as long each time, up to a minute, and never the same for two boxes.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace sluis {

class BackOff {
public:
    static constexpr std::chrono::milliseconds kFirst{1000}, kLongest{60'000};

    explicit BackOff(std::uint_fast32_t seed = std::random_device{}()) : random_(seed) {}

    /// Between a half of the present step and the whole; the next step is twice as long.
    std::chrono::milliseconds next() {
        const auto step = step_;
        step_ = std::min(step_ * 2, kLongest);
        std::uniform_int_distribution<std::chrono::milliseconds::rep> spread(step.count() / 2, step.count());
        return std::chrono::milliseconds(spread(random_));
    }
    void reset() { step_ = kFirst; }

private:
    std::mt19937 random_;
    std::chrono::milliseconds step_ = kFirst;
};

}  // namespace sluis
