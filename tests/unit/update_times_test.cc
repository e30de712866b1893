// When mirrors are asked, and when rules may be installed.
#include <gtest/gtest.h>

#include <set>

#include "control/updates/mirror_state.h"
#include "control/updates/update_times.h"

namespace sluis {
namespace {

TEST(BackOff, DoublesUpToABound) {
    EXPECT_EQ(back_off(0, 0.5), 0);
    EXPECT_EQ(back_off(1, 0), 30);
    EXPECT_EQ(back_off(1, 0.5), 45);
    EXPECT_EQ(back_off(2, 0.5), 90);
    EXPECT_EQ(back_off(3, 0.5), 180);
    std::int64_t last = 0;
    for (std::uint32_t failures = 1; failures < 100; ++failures) {
        EXPECT_GE(back_off(failures, 0), last);
        last = back_off(failures, 0);
        EXPECT_LE(back_off(failures, 0.999999), kBackOffLongest);
    }
    EXPECT_EQ(back_off(0xffffffff, 0), kBackOffLongest / 2);
}

TEST(Checks, AreSpread) {
    EXPECT_EQ(spread_interval(3600, 0), 2880);
    EXPECT_EQ(spread_interval(3600, 0.5), 3600);
    EXPECT_LE(spread_interval(3600, 0.999999), 4320);
    EXPECT_EQ(first_delay(3600, 0), 0);
    EXPECT_LE(first_delay(3600, 0.999999), kFirstCheckWithin);
    EXPECT_LE(first_delay(60, 0.999999), 60);
    // A thousand boxes that start together do not come together.
    std::set<std::int64_t> seconds;
    for (int box = 0; box < 1000; ++box) seconds.insert(first_delay(3600, box / 1000.0));
    EXPECT_GT(seconds.size(), 800u);
}

TEST(Window, MayGoOverMidnight) {
    const auto night = parse_install_window("22:00-04:30");
    ASSERT_TRUE(night);
    for (const int minute : {22 * 60, 23 * 60 + 59, 0, 4 * 60 + 29}) EXPECT_TRUE(night->contains(minute)) << minute;
    for (const int minute : {21 * 60 + 59, 4 * 60 + 30, 12 * 60}) EXPECT_FALSE(night->contains(minute)) << minute;
    const auto day = parse_install_window("02:00-05:00");
    ASSERT_TRUE(day);
    EXPECT_TRUE(day->contains(120));
    EXPECT_FALSE(day->contains(300));
    const auto any = parse_install_window("");
    ASSERT_TRUE(any);
    for (int minute = 0; minute < 1440; ++minute) EXPECT_TRUE(any->contains(minute));
}

TEST(Window, IsTwoTimes) {
    for (const char* text : {"2:00-5:00", "02:00", "24:00-01:00", "02:60-03:00", "02:00-02:00", "02:00 05:00",
                             "-1:00-02:00", "02:00-05:00 ", "+2:00-05:00", "0x:00-05:00"})
        EXPECT_FALSE(parse_install_window(text)) << text;
}

TEST(Patience, OutlivesNoClockThatWasPutBack) {
    MirrorState mirror;
    note_failure(mirror, mirror.note_patience, {UpdateCause::status, "", 0}, 1'000'000'000, 0.5);
    EXPECT_FALSE(mirror.note_patience.is_over(1'000'000'044));
    EXPECT_TRUE(mirror.note_patience.is_over(1'000'000'045));
    EXPECT_TRUE(mirror.note_patience.is_over(900'000'000));
    EXPECT_EQ(mirror.failures[static_cast<std::size_t>(UpdateCause::status)], 1u);
}

}  // namespace
}  // namespace sluis
