#include "control/guard/liveness.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace sluis {
namespace {

using namespace std::chrono_literals;
using Heartbeats = std::vector<std::uint64_t>;

constexpr auto kLook = 10ms;

class LivenessTest : public testing::Test {
protected:
    DataplaneState see(std::optional<pid_t> holder, Heartbeats heartbeats, std::chrono::milliseconds passed = kLook) {
        now_ += passed;
        return liveness_.see({holder, std::move(heartbeats), false}, now_);
    }
    /// One that has moved.
    void start(pid_t holder, std::size_t workers = 1) {
        see(holder, Heartbeats(workers, 10));
        ASSERT_EQ(see(holder, Heartbeats(workers, 20)), DataplaneState::forwarding);
    }
    /// Looks that all see the same; how long until it is said to hang. Nothing: it is not, in a minute.
    std::optional<std::chrono::milliseconds> until_hung(pid_t holder, const Heartbeats& heartbeats,
                                                        std::chrono::milliseconds passed = kLook) {
        for (auto time = 0ms; time < 60s; time += passed)
            if (see(holder, heartbeats, passed) == DataplaneState::hung) return time + passed;
        return std::nullopt;
    }

    Liveness liveness_{500ms};
    Liveness::Time now_{};
};

TEST_F(LivenessTest, NobodyHoldsTheWay) {
    EXPECT_EQ(see(std::nullopt, {}), DataplaneState::absent);
    start(7);
    EXPECT_EQ(see(std::nullopt, {}), DataplaneState::absent);
}

TEST_F(LivenessTest, StartsUntilEachWorkerHasMoved) {
    EXPECT_EQ(see(7, {}), DataplaneState::starting);
    EXPECT_EQ(see(7, {0, 0}), DataplaneState::starting);
    EXPECT_EQ(see(7, {5, 0}), DataplaneState::starting);
    EXPECT_EQ(see(7, {5, 1}), DataplaneState::forwarding);
}

TEST_F(LivenessTest, WhatAnotherProcessLeftIsNoMove) {
    start(7);
    EXPECT_EQ(see(8, {900}), DataplaneState::starting);
    EXPECT_EQ(see(8, {900}), DataplaneState::starting);
    EXPECT_EQ(see(8, {901}), DataplaneState::forwarding);
}

TEST_F(LivenessTest, HangsWhenAWorkerStandsStillForSoLong) {
    start(7);
    EXPECT_EQ(until_hung(7, {20}), 500ms);
    EXPECT_EQ(see(7, {21}), DataplaneState::forwarding);
}

TEST_F(LivenessTest, OneWorkerOfSeveralIsEnough) {
    start(7, 3);
    std::uint64_t others = 20;
    auto time = 0ms;
    for (; time < 10s; time += kLook, ++others)
        if (see(7, {others, 20, others}) == DataplaneState::hung) break;
    EXPECT_EQ(time + kLook, 500ms);
}

TEST_F(LivenessTest, ASlowOneDoesNotHang) {
    start(7);
    for (std::uint64_t beat = 21; beat < 30; ++beat)
        for (int look = 0; look < 49; ++look) EXPECT_EQ(see(7, {beat}), DataplaneState::forwarding);
}

TEST_F(LivenessTest, TimeInWhichNobodyLookedIsNoStillness) {
    start(7);
    EXPECT_EQ(see(7, {20}, 1h), DataplaneState::forwarding) << "the machine was paused";
    EXPECT_EQ(until_hung(7, {20}, 5s), 45s) << "nine looks more of 50 ms each";
}

TEST_F(LivenessTest, AStartMayTakeLong) {
    EXPECT_EQ(until_hung(7, {}), Liveness::kStartTime + kLook);
    EXPECT_EQ(see(8, {}), DataplaneState::starting);
    EXPECT_EQ(until_hung(8, {0}), Liveness::kStartTime - kLook);
}

TEST_F(LivenessTest, WhatCannotBeReadDoesNotHang) {
    start(7);
    for (int look = 0; look < 5000; ++look) {
        now_ += kLook;
        ASSERT_EQ(liveness_.see({7, {}, true}, now_), DataplaneState::forwarding);
    }
    EXPECT_EQ(liveness_.see({std::nullopt, {}, true}, now_), DataplaneState::absent);
}

}  // namespace
}  // namespace sluis
