// The policy's time over restarts and with clocks that are wrong.
#include "control/policy/policy_clock.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scratch_folder.h"

namespace sluis {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kBuilt = 1'679'000'000;
constexpr std::int64_t kMarch27 = 1'679'868'000;
constexpr std::int64_t kYear2100 = 4'102'444'800;

ClockReading good(std::int64_t now) { return {now, true}; }
ClockReading loose(std::int64_t now) { return {now, false}; }

class PolicyClockTest : public testing::Test {
protected:
    PolicyClock clock() const { return PolicyClock(path_, kBuilt); }
    std::string content() const {
        std::ifstream file(path_);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(const std::string& text) const { std::ofstream(path_) << text; }

    ScratchFolder folder_;
    std::string path_ = folder_ / "policy-clock";
};

TEST_F(PolicyClockTest, FollowsAGoodClock) {
    PolicyClock clock = this->clock();
    for (const std::int64_t now : {kMarch27, kMarch27 + 1, kMarch27 + 1, kYear2100}) {
        const auto advice = clock.advance(good(now), std::nullopt);
        EXPECT_EQ(advice.time, now);
        EXPECT_FALSE(advice.held);
        EXPECT_EQ(advice.alarm, "");
    }
}

TEST_F(PolicyClockTest, StaysWhenTheClockIsNotSynchronised) {
    EXPECT_EQ(clock().advance(good(kMarch27), std::nullopt).time, kMarch27);
    for (const std::int64_t now : {std::int64_t{0}, kMarch27 + 5, kYear2100}) {
        PolicyClock restarted = clock();
        const auto advice = restarted.advance(loose(now), std::nullopt);
        EXPECT_EQ(advice.time, kMarch27);
        EXPECT_TRUE(advice.held);
        EXPECT_THAT(advice.alarm, HasSubstr("not synchronised"));
        EXPECT_THAT(advice.alarm, HasSubstr("2023-03-26T22:00:00"));
    }
}

TEST_F(PolicyClockTest, NeverGoesBack) {
    clock().advance(good(kMarch27), std::nullopt);
    PolicyClock restarted = clock();
    for (const std::int64_t now : {std::int64_t{0}, kBuilt, kMarch27 - 1}) {
        const auto advice = restarted.advance(good(now), std::nullopt);
        EXPECT_EQ(advice.time, kMarch27);
        EXPECT_TRUE(advice.held);
        EXPECT_THAT(advice.alarm, HasSubstr("remove " + path_));
    }
    EXPECT_EQ(restarted.advance(good(kMarch27 + 1), std::nullopt).alarm, "");
}

TEST_F(PolicyClockTest, StartsAtTheBuildWithoutAFileAndAClock) {
    const auto advice = clock().advance(loose(0), std::nullopt);
    EXPECT_EQ(advice.time, kBuilt);
    EXPECT_TRUE(advice.held);
    EXPECT_EQ(clock().advance(good(kBuilt - 1), std::nullopt).time, kBuilt);
}

TEST_F(PolicyClockTest, WritesRarelyAndAtEachChange) {
    PolicyClock clock = this->clock();
    const std::string head = "sluis policy clock 1\n";
    clock.advance(good(kMarch27 - 100), kMarch27);
    EXPECT_EQ(content(), head + std::to_string(kMarch27 - 100) + "\n");
    clock.advance(good(kMarch27 - 1), kMarch27);
    EXPECT_EQ(content(), head + std::to_string(kMarch27 - 100) + "\n");
    clock.advance(good(kMarch27), kMarch27);
    EXPECT_EQ(content(), head + std::to_string(kMarch27) + "\n");
    clock.advance(good(kMarch27 + PolicyClock::kSaveEvery - 1), std::nullopt);
    EXPECT_EQ(content(), head + std::to_string(kMarch27) + "\n");
    clock.advance(good(kMarch27 + PolicyClock::kSaveEvery), std::nullopt);
    EXPECT_EQ(content(), head + std::to_string(kMarch27 + PolicyClock::kSaveEvery) + "\n");
}

TEST_F(PolicyClockTest, ABrokenFileIsNamedOnceAndWrittenAnew) {
    for (const char* text : {"", "1679868000\n", "sluis policy clock 1\n", "sluis policy clock 1\n-5\n",
                             "sluis policy clock 1\n12x\n", "sluis policy clock 1\n99999999999999999999\n"}) {
        write(text);
        PolicyClock clock = this->clock();
        const auto advice = clock.advance(good(kMarch27), std::nullopt);
        EXPECT_EQ(advice.time, kMarch27) << text;
        EXPECT_THAT(advice.alarm, HasSubstr("holds no time")) << text;
        EXPECT_EQ(clock.advance(good(kMarch27), std::nullopt).alarm, "");
        EXPECT_THAT(content(), HasSubstr(std::to_string(kMarch27)));
    }
}

TEST_F(PolicyClockTest, GoesOnWithoutAFileThatCanBeWritten) {
    PolicyClock clock(folder_ / "no-such-folder/policy-clock", kBuilt);
    const auto advice = clock.advance(good(kMarch27), std::nullopt);
    EXPECT_EQ(advice.time, kMarch27);
    EXPECT_THAT(advice.alarm, HasSubstr("cannot be written"));
}

TEST(SystemClock, ShowsTheTime) { EXPECT_GT(read_system_clock().now, kBuilt); }

}  // namespace
}  // namespace sluis
