#include "dataplane/overload_gauge.h"

#include <gtest/gtest.h>

namespace sluis::test {
namespace {

using Signs = OverloadGauge::Signs;
constexpr Signs kQuiet{}, kDeep{true, false, false}, kBlind{false, true, false}, kWaiting{false, false, true};
constexpr Nanoseconds kRound = 50'000;

class OverloadGaugeTest : public testing::Test {
protected:
    /// Rounds of the same signs; how many of them turned the gauge.
    int rounds(const Signs& signs, std::uint32_t count) {
        int turned = 0;
        for (std::uint32_t i = 0; i < count; ++i) turned += gauge_.note(signs, missed_, now_ += kRound);
        return turned;
    }
    void overload() {
        ASSERT_EQ(rounds(kDeep, OverloadGauge::kOnsetRounds), 1);
        ASSERT_TRUE(gauge_.is_on());
    }

    OverloadGauge gauge_;
    std::uint64_t missed_ = 0;
    Nanoseconds now_ = kSecond;
};

TEST_F(OverloadGaugeTest, BeginsWhenAQueueStaysDeep) {
    EXPECT_EQ(rounds(kDeep, OverloadGauge::kOnsetRounds - 1), 0);
    EXPECT_FALSE(gauge_.is_on());
    EXPECT_EQ(rounds(kDeep, 1), 1);
    EXPECT_TRUE(gauge_.is_on());
}

TEST_F(OverloadGaugeTest, AQueueThatIsEmptiedAgainIsNone) {
    for (int hiccup = 0; hiccup < 100; ++hiccup) {
        EXPECT_EQ(rounds(kDeep, OverloadGauge::kOnsetRounds - 1), 0);
        EXPECT_EQ(rounds(kQuiet, 1), 0);
    }
    EXPECT_FALSE(gauge_.is_on());
}

TEST_F(OverloadGaugeTest, FullBurstsAloneAreNone) {
    EXPECT_EQ(rounds(kBlind, 100000), 0);
    EXPECT_EQ(rounds(kWaiting, 100), 0);
}

TEST_F(OverloadGaugeTest, FullBurstsOfABlindQueueAreWhenFramesAreLost) {
    rounds(kBlind, 1000);
    ++missed_;
    EXPECT_EQ(rounds(kBlind, 1), 1);
    EXPECT_TRUE(gauge_.is_on());
}

TEST_F(OverloadGaugeTest, FramesThatWereLostBeforeAreNoSign) {
    missed_ = 1000;
    EXPECT_EQ(rounds(kBlind, 1000), 0);
    rounds(kQuiet, 1);
    ++missed_;
    EXPECT_EQ(rounds(kBlind, 1000), 0) << "the queue was emptied since";
}

TEST_F(OverloadGaugeTest, EndsWithinASecondOfTheLoad) {
    overload();
    rounds(kWaiting, 100000);
    EXPECT_TRUE(gauge_.is_on());
    const Nanoseconds end = now_;
    EXPECT_EQ(rounds(kQuiet, kSecond / kRound), 1);
    EXPECT_FALSE(gauge_.is_on());
    EXPECT_LT(OverloadGauge::kCalm, kSecond);
    EXPECT_EQ(now_ - end, kSecond);
}

TEST_F(OverloadGaugeTest, LastsAsLongAsAnythingWaits) {
    overload();
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(rounds(kQuiet, OverloadGauge::kCalm / kRound - 1), 0) << i;
        EXPECT_EQ(rounds(i % 2 == 0 ? kWaiting : kDeep, 1), 0);
    }
    EXPECT_EQ(rounds(kQuiet, OverloadGauge::kCalm / kRound - 1), 0);
    ++missed_;
    EXPECT_EQ(rounds(kQuiet, 10), 0) << "a frame was lost meanwhile";
    EXPECT_EQ(rounds(kQuiet, OverloadGauge::kCalm / kRound), 1);
}

TEST_F(OverloadGaugeTest, BeginsAgain) {
    for (int i = 0; i < 3; ++i) {
        overload();
        EXPECT_EQ(rounds(kQuiet, 2 * OverloadGauge::kCalm / kRound), 1);
        EXPECT_EQ(rounds(kDeep, OverloadGauge::kOnsetRounds - 1), 0) << "as slowly as at first";
        rounds(kQuiet, 1);
    }
}

}  // namespace
}  // namespace sluis::test
