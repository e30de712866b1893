// The timer wheel over clocks of every kind: from zero, from 1970, far ahead, standing and going back.
#include "dataplane/flow/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "dataplane/interface/limits.h"

namespace sluis {
namespace {

/// An owner with deadlines of its own, that move without telling the wheel.
class Owner {
public:
    explicit Owner(std::uint32_t capacity) : wheel(capacity) {}
    void add(std::uint32_t slot, Nanoseconds deadline) {
        deadlines[slot] = deadline;
        wheel.insert(slot, deadline);
    }
    /// The slots whose time came.
    std::vector<std::uint32_t> advance(Nanoseconds now) {
        std::vector<std::uint32_t> gone;
        asked = 0;
        wheel.advance(now, [&](std::uint32_t slot) -> Nanoseconds {
            ++asked;
            const auto found = deadlines.find(slot);
            if (found == deadlines.end()) return ADD_FAILURE() << "asked about a slot that is out", Nanoseconds{0};
            if (now < found->second) return found->second;
            deadlines.erase(found);
            gone.push_back(slot);
            return 0;
        });
        return gone;
    }
    TimerWheel wheel;
    std::map<std::uint32_t, Nanoseconds> deadlines;
    std::size_t asked = 0;
};

class TimerWheelClock : public testing::TestWithParam<Nanoseconds> {};

TEST_P(TimerWheelClock, ComesInTimeAndNotBefore) {
    const Nanoseconds start = GetParam();
    const std::vector<Nanoseconds> delays{kSecond / 100, kSecond,      5 * kSecond,
                                          51 * kSecond,  60 * kSecond, 300 * kSecond};
    Owner owner(static_cast<std::uint32_t>(delays.size()));
    for (std::uint32_t i = 0; i < delays.size(); ++i) owner.add(i, start + delays[i]);
    std::map<std::uint32_t, Nanoseconds> came;
    for (Nanoseconds now = start; now < start + 310 * kSecond; now += kSecond / 50)
        for (std::uint32_t slot : owner.advance(now)) came[slot] = now - start;
    for (std::uint32_t i = 0; i < delays.size(); ++i) {
        ASSERT_EQ(came.count(i), 1u) << i;
        EXPECT_GE(came[i], delays[i]);
        EXPECT_LE(came[i], delays[i] + 2 * TimerWheel::kTick) << i;
    }
}
INSTANTIATE_TEST_SUITE_P(Clocks, TimerWheelClock,
                         testing::Values(Nanoseconds{0}, Nanoseconds{1}, kSecond, 1'679'900'400 * kSecond,
                                         Nanoseconds{1} << 63));

TEST(TimerWheel, AJumpAheadLosesNothing) {
    for (const Nanoseconds jump : {60 * kSecond, 3600 * kSecond, 1'679'900'400 * kSecond}) {
        Owner owner(100);
        owner.advance(kSecond);
        for (std::uint32_t i = 0; i < 100; ++i) owner.add(i, kSecond + i * kSecond / 10);
        EXPECT_EQ(owner.advance(kSecond + jump).size(), 100u);
        EXPECT_LE(owner.asked, 200u);
        owner.add(7, 2 * kSecond + jump);
        EXPECT_TRUE(owner.advance(kSecond + jump).empty());
        EXPECT_EQ(owner.advance(4 * kSecond + jump).size(), 1u);
    }
}

TEST(TimerWheel, AClockThatGoesBackWaits) {
    Owner owner(2);
    owner.advance(1000 * kSecond);
    owner.add(0, 1010 * kSecond);
    for (const Nanoseconds now : {1000 * kSecond, 900 * kSecond, Nanoseconds{0}, 500 * kSecond})
        EXPECT_TRUE(owner.advance(now).empty());
    owner.add(1, 510 * kSecond);  // of a time that is over already
    EXPECT_EQ(owner.advance(1001 * kSecond).size(), 1u);
    EXPECT_EQ(owner.advance(1011 * kSecond).size(), 1u);
}

TEST(TimerWheel, ManyTurnsAskRarely) {
    Owner owner(1);
    owner.advance(kSecond);
    owner.add(0, 1000 * kSecond);
    std::size_t asked = 0;
    for (Nanoseconds now = kSecond; now < 999 * kSecond; now += kSecond / 10) {
        EXPECT_TRUE(owner.advance(now).empty());
        asked += owner.asked;
    }
    EXPECT_LE(asked, 25u);  // once a turn
}

TEST(TimerWheel, ErasesAnyOfAList) {
    std::mt19937 random(5);
    Owner owner(300);
    Nanoseconds now = kSecond;
    owner.advance(now);
    for (int step = 0; step < 30000; ++step) {
        const std::uint32_t slot = random() % 300;
        if (owner.deadlines.count(slot) != 0) {
            owner.wheel.erase(slot);
            owner.deadlines.erase(slot);
        } else {
            owner.add(slot, now + random() % 100 * kSecond);
        }
        if (random() % 16 == 0) owner.advance(now += random() % 3 * kSecond);
    }
    owner.advance(now + 400 * kSecond);
    owner.advance(now + 400 * kSecond + 2 * TimerWheel::kTick);
    EXPECT_TRUE(owner.deadlines.empty());
}

TEST(TimerWheel, WhoIsDueTakesOutOthersOfItsList) {
    TimerWheel wheel(10);
    wheel.advance(kSecond, [](std::uint32_t) -> Nanoseconds { return 0; });
    std::vector<bool> in(10, true);
    for (std::uint32_t i = 0; i < 10; ++i) wheel.insert(i, 2 * kSecond);
    std::size_t asked = 0;
    wheel.advance(3 * kSecond, [&](std::uint32_t slot) -> Nanoseconds {
        EXPECT_TRUE(in[slot]) << slot;
        ++asked;
        in[slot] = false;
        for (const std::uint32_t other : {(slot + 9) % 10, (slot + 1) % 10})
            if (in[other]) wheel.erase(other), in[other] = false;
        return 0;
    });
    EXPECT_GE(asked, 3u);
    EXPECT_LT(asked, 6u);
    EXPECT_EQ(wheel.soonest([](std::uint32_t) { return true; }), TimerWheel::kNone);
}

TEST(TimerWheel, SoonestAsksInOrderAndNotForEver) {
    Owner owner(200);
    owner.advance(kSecond);
    EXPECT_EQ(owner.wheel.soonest([](std::uint32_t) { return true; }), TimerWheel::kNone);
    owner.add(0, 20 * kSecond);
    owner.add(1, 10 * kSecond);
    EXPECT_EQ(owner.wheel.soonest([](std::uint32_t) { return true; }), 1u);
    EXPECT_EQ(owner.wheel.soonest([](std::uint32_t slot) { return slot == 0; }), 0u);
    for (std::uint32_t i = 2; i < 200; ++i) owner.add(i, 5 * kSecond);
    std::uint32_t asked = 0;
    EXPECT_EQ(owner.wheel.soonest([&](std::uint32_t) { return ++asked, false; }), TimerWheel::kNone);
    EXPECT_EQ(asked, TimerWheel::kCandidates);
}

}  // namespace
}  // namespace sluis
