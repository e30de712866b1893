#include "control/guard/pair_guard.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluis {
namespace {

/// A machine that can be told to fail.
struct Machine {
    bool open = false;
    int opened = 0, put_away = 0;
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
        machine_.open = false;
        ++machine_.put_away;
    }

private:
    Machine& machine_;
};

class PairGuardTest : public testing::Test {
protected:
    bool stand_in(FailPolicy policy, PassageCause cause = PassageCause::ended) {
        return guard_.stand_in(policy, cause, ++now_);
    }
    bool stand_back() { return guard_.stand_back(FailPolicy::open, ++now_); }
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
