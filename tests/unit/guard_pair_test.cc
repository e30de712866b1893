#include "control/guard/pair_guard.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluis {
namespace {

/// A machine that can be told to fail.
struct Machine {
    bool open = false, outlasts_start = false;
    int opened = 0, put_away = 0, watched_over = 0;
    std::string trouble;
};

class StandInBypass final : public Bypass {
public:
    explicit StandInBypass(Machine& machine) : machine_(machine) {}
    std::string_view method() const override { return "stand-in"; }
    Status try_out() override { return {}; }
    bool is_open() override { return machine_.open; }
    Status open() override {
        if (!machine_.trouble.empty()) return tl::unexpected(machine_.trouble);
        machine_.open = true;
        ++machine_.opened;
        return {};
    }
    Status close() override {
        if (!machine_.trouble.empty()) return tl::unexpected(machine_.trouble);
        machine_.open = false;
        return {};
    }
    void put_away() override {
        if (machine_.trouble.empty()) machine_.open = false;
        ++machine_.put_away;
    }
    bool outlasts_start() const override { return machine_.outlasts_start; }
    Status watch_over(FailPolicy) override {
        ++machine_.watched_over;
        if (!machine_.trouble.empty()) return tl::unexpected(machine_.trouble);
        return {};
    }

private:
    Machine& machine_;
};

class PairGuardTest : public testing::Test {
protected:
    bool stand_in(FailPolicy policy, PassageCause cause = PassageCause::ended) {
        return guard_.stand_in(policy, cause, ++now_);
    }
    bool stand_back(bool is_settled = false, FailPolicy policy = FailPolicy::open) {
        return guard_.stand_back(policy, is_settled, ++now_);
    }
    void expect(Passage passage, PassageCause cause, std::int64_t since) {
        EXPECT_EQ(name(guard_.said().passage), name(passage));
        EXPECT_EQ(name(guard_.said().cause), name(cause));
        EXPECT_EQ(guard_.said().since, since);
    }

    Machine machine_;
    PairGuard guard_{"lan", std::make_unique<StandInBypass>(machine_)};
    std::int64_t now_ = 100;
};

TEST_F(PairGuardTest, OpensAndPutsAwayOnce) {
    EXPECT_TRUE(stand_back());
    EXPECT_TRUE(stand_in(FailPolicy::open, PassageCause::hung));
    EXPECT_FALSE(stand_in(FailPolicy::open, PassageCause::hung));
    EXPECT_EQ(machine_.opened, 1);
    expect(Passage::bypassed, PassageCause::hung, 102);
    EXPECT_EQ(guard_.said().policy, "open");
    EXPECT_TRUE(stand_back());
    EXPECT_FALSE(machine_.open);
    expect(Passage::dataplane, PassageCause::forwarding, 104);
    EXPECT_EQ(guard_.said().failures, 1u);
    EXPECT_EQ(guard_.said().hangs, 1u);
}

TEST_F(PairGuardTest, SaysHowItWasBefore) {
    stand_back();
    EXPECT_EQ(guard_.said().former_since, 0);
    stand_in(FailPolicy::open, PassageCause::hung);
    EXPECT_EQ(name(guard_.said().former), name(Passage::dataplane));
    EXPECT_EQ(guard_.said().former_since, 101);
    stand_in(FailPolicy::open, PassageCause::hung);
    stand_back();
    EXPECT_EQ(name(guard_.said().former), name(Passage::bypassed));
    EXPECT_EQ(name(guard_.said().former_cause), name(PassageCause::hung));
    EXPECT_EQ(guard_.said().former_since, 102);
}

TEST_F(PairGuardTest, TheFirstLookIsNoFailure) {
    EXPECT_TRUE(stand_in(FailPolicy::open, PassageCause::absent));
    expect(Passage::bypassed, PassageCause::absent, 101);
    EXPECT_EQ(guard_.said().failures, 0u);
}

TEST_F(PairGuardTest, ClosedPartsWhatAnEarlierOneLeftJoined) {
    machine_.open = true;
    EXPECT_TRUE(stand_in(FailPolicy::closed));
    EXPECT_FALSE(machine_.open);
    expect(Passage::closed, PassageCause::ended, 101);
    EXPECT_EQ(guard_.said().policy, "closed");
}

TEST_F(PairGuardTest, TakesOverWhatAnEarlierOneLeftJoined) {
    machine_.open = true;
    EXPECT_TRUE(stand_in(FailPolicy::open));
    EXPECT_EQ(machine_.opened, 0);
    expect(Passage::bypassed, PassageCause::ended, 101);
}

TEST_F(PairGuardTest, MendsWhatSomebodyParted) {
    stand_in(FailPolicy::open);
    machine_.open = false;
    EXPECT_FALSE(stand_in(FailPolicy::open)) << "nothing new to say";
    EXPECT_TRUE(machine_.open);
}

TEST_F(PairGuardTest, AnotherPolicyIsTakenUp) {
    stand_back();
    stand_in(FailPolicy::open);
    EXPECT_TRUE(stand_in(FailPolicy::closed));
    EXPECT_FALSE(machine_.open);
    expect(Passage::closed, PassageCause::policy, 103);
    EXPECT_EQ(guard_.said().failures, 1u) << "the dataplane left once";
}

TEST_F(PairGuardTest, TroubleIsSaidAndTriedAgain) {
    stand_back();
    machine_.trouble = "no memory";
    EXPECT_TRUE(stand_in(FailPolicy::open));
    expect(Passage::cut, PassageCause::ended, 102);
    EXPECT_EQ(guard_.said().trouble, "no memory");
    EXPECT_FALSE(stand_in(FailPolicy::open));
    machine_.trouble.clear();
    EXPECT_TRUE(stand_in(FailPolicy::open));
    EXPECT_EQ(guard_.said().trouble, "");
    EXPECT_TRUE(machine_.open);
}

TEST_F(PairGuardTest, WhatCannotBePartedIsNotCalledClosed) {
    machine_.open = true;
    machine_.trouble = "no";
    stand_in(FailPolicy::closed);
    expect(Passage::bypassed, PassageCause::ended, 101);
}

TEST_F(PairGuardTest, WhatOutlastsAStartStaysOpenUntilTheDataplaneIsWell) {
    machine_.outlasts_start = true;
    stand_in(FailPolicy::open, PassageCause::hung);
    EXPECT_FALSE(stand_back()) << "nothing new to say";
    EXPECT_TRUE(machine_.open);
    EXPECT_EQ(machine_.watched_over, 0);
    expect(Passage::bypassed, PassageCause::hung, 101);
    EXPECT_FALSE(stand_in(FailPolicy::open)) << "it failed again: no switch";
    EXPECT_EQ(machine_.opened, 1);
    EXPECT_TRUE(stand_back(true));
    EXPECT_FALSE(machine_.open);
    EXPECT_EQ(machine_.watched_over, 1);
    expect(Passage::dataplane, PassageCause::forwarding, 104);
}

TEST_F(PairGuardTest, AGuardThatComesLaterDisturbsNoDataplane) {
    machine_.outlasts_start = true;
    EXPECT_TRUE(stand_back());
    EXPECT_EQ(machine_.opened, 0);
    expect(Passage::dataplane, PassageCause::forwarding, 101);
}

TEST_F(PairGuardTest, AGuardThatComesLaterWaitsAsTheOneBefore) {
    machine_.outlasts_start = machine_.open = true;
    EXPECT_TRUE(stand_back());
    EXPECT_TRUE(machine_.open);
    expect(Passage::bypassed, PassageCause::absent, 101);
    EXPECT_TRUE(stand_back(true));
    EXPECT_EQ(guard_.said().failures, 0u);
}

TEST_F(PairGuardTest, ClosedDoesNotWait) {
    machine_.outlasts_start = machine_.open = true;
    stand_back(false, FailPolicy::closed);
    EXPECT_FALSE(machine_.open);
    expect(Passage::dataplane, PassageCause::forwarding, 101);
}

TEST_F(PairGuardTest, RelaysThatDoNotGiveFramesBackAreSaid) {
    machine_.outlasts_start = true;
    stand_in(FailPolicy::open);
    machine_.trouble = "a jumper";
    stand_back(true);
    expect(Passage::bypassed, PassageCause::ended, 101);
    EXPECT_EQ(guard_.said().trouble, "a jumper");
}

TEST_F(PairGuardTest, CountsOn) {
    GuardedPair before;
    before.failures = 7;
    before.hangs = 2;
    guard_.count_on_from(before);
    stand_back();
    stand_in(FailPolicy::open);
    EXPECT_EQ(guard_.said().failures, 8u);
    EXPECT_EQ(guard_.said().hangs, 2u);
}

}  // namespace
}  // namespace sluis
