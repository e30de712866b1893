// The rule by which a box is called well with new rules: what it notices, and what it leaves alone.
#include <gtest/gtest.h>

#include "control/probation/health.h"

namespace sluis {
namespace {

constexpr HealthCounts kQuiet{};
/// A branch office in ten minutes: a million frames, few faults, one name in fifty refused.
constexpr HealthCounts kUsual{1'000'000, 500, 100, 20'000, 400};

ProbationCause judge(const HealthCounts& before, const HealthCounts& after, bool at_end = true) {
    return judge_counts(before, after, at_end).cause;
}

HealthCounts usual_but(std::uint64_t HealthCounts::*count, std::uint64_t value) {
    HealthCounts changed = kUsual;
    changed.*count = value;
    return changed;
}

TEST(Health, IsTheSameAsBefore) {
    EXPECT_EQ(judge(kUsual, kUsual), ProbationCause::none);
    EXPECT_EQ(judge(kQuiet, kQuiet), ProbationCause::none);
    EXPECT_EQ(judge(kQuiet, kUsual), ProbationCause::none);
    EXPECT_EQ(judge(kUsual, kQuiet), ProbationCause::none);
}

TEST(Health, IsAMatterOfSharesAndNotOfRates) {
    // Monday morning: a hundred times as much of everything.
    const HealthCounts busy{100'000'000, 50'000, 10'000, 2'000'000, 40'000};
    EXPECT_EQ(judge(kUsual, busy), ProbationCause::none);
    EXPECT_EQ(judge(kUsual, busy, false), ProbationCause::none);
}

TEST(Health, NoticesDropsThatNoRuleAsksFor) {
    EXPECT_EQ(judge(kUsual, usual_but(&HealthCounts::drops, 9'999)), ProbationCause::none);
    EXPECT_EQ(judge(kUsual, usual_but(&HealthCounts::drops, 10'000)), ProbationCause::drops_rose);
    EXPECT_EQ(judge(kUsual, usual_but(&HealthCounts::drops, 10'000), false), ProbationCause::drops_rose);
    // A line that always loses as much is not the new rules' doing.
    EXPECT_EQ(judge(usual_but(&HealthCounts::drops, 20'000), usual_but(&HealthCounts::drops, 70'000)),
              ProbationCause::none);
    EXPECT_EQ(judge(usual_but(&HealthCounts::drops, 20'000), usual_but(&HealthCounts::drops, 80'000)),
              ProbationCause::drops_rose);
}

TEST(Health, IsNotJudgedByAHandfulOfFrames) {
    EXPECT_EQ(judge(kUsual, {300, 199, 99, 400, 400}), ProbationCause::none);
    EXPECT_EQ(judge(kUsual, {300, 200, 0, 0, 0}), ProbationCause::drops_rose);
    EXPECT_EQ(judge(kUsual, {300, 200, 0, 0, 0}, false), ProbationCause::none) << "sooner, it takes ten times as many";
    EXPECT_EQ(judge(kUsual, {3000, 2000, 0, 0, 0}, false), ProbationCause::drops_rose);
}

TEST(Health, WithoutABeforeTakesMoreToBeDoubted) {
    EXPECT_EQ(judge(kQuiet, usual_but(&HealthCounts::drops, 199'999)), ProbationCause::none);
    EXPECT_EQ(judge(kQuiet, usual_but(&HealthCounts::drops, 200'000)), ProbationCause::drops_rose);
    EXPECT_EQ(judge({999, 0, 0, 0, 0}, usual_but(&HealthCounts::drops, 199'999)), ProbationCause::none);
    EXPECT_EQ(judge({1000, 0, 0, 0, 0}, usual_but(&HealthCounts::drops, 10'000)), ProbationCause::drops_rose);
    EXPECT_EQ(judge(kQuiet, usual_but(&HealthCounts::matches, 15'999)), ProbationCause::none);
    EXPECT_EQ(judge(kQuiet, usual_but(&HealthCounts::matches, 16'000)), ProbationCause::matches_rose);
}

TEST(Health, NoticesMessagesThatAreNotUnderstood) {
    EXPECT_EQ(judge(kUsual, usual_but(&HealthCounts::parse_errors, 4'999)), ProbationCause::none);
    EXPECT_EQ(judge(kUsual, usual_but(&HealthCounts::parse_errors, 5'000)), ProbationCause::parse_errors_rose);
}

TEST(Health, NoticesRulesThatMatchHalfOfAllNames) {
    EXPECT_EQ(judge(kUsual, usual_but(&HealthCounts::matches, 9'999)), ProbationCause::none);
    EXPECT_EQ(judge(kUsual, usual_but(&HealthCounts::matches, 10'000)), ProbationCause::matches_rose);
    // Where every other name was refused already, another rule set that does so is none the worse.
    EXPECT_EQ(judge(usual_but(&HealthCounts::matches, 9'000), usual_but(&HealthCounts::matches, 11'000)),
              ProbationCause::none);
    // A single phone that tries again and again is not a network.
    EXPECT_EQ(judge({5'000, 0, 0, 100, 2}, {5'000, 0, 0, 520, 499}), ProbationCause::none);
}

TEST(Health, SaysItInNumbers) {
    EXPECT_EQ(judge_counts(kUsual, usual_but(&HealthCounts::matches, 10'000), true).message,
              "names that the rules match: 10000 of 20000 (50.0 %), and 400 of 20000 (2.0 %) before");
}

TEST(HealthCounts, NeverGoBack) {
    EXPECT_EQ(counts_since({5, 5, 5, 5, 5}, {7, 4, 5, 9, 6}), (HealthCounts{2, 0, 0, 4, 1}));
}

}  // namespace
}  // namespace sluis
