// A probation from its beginning to its end, with a dataplane that a test plays, and sluis-control gone in between.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "control/probation/probation_watch.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using namespace std::chrono_literals;
using Clock = ProbationWatch::Clock;

const std::string kBundle(64, 'a'), kOther(64, 'b');
constexpr std::int64_t kInstalled = 3'810'000'000;
constexpr std::int64_t kEnd = kInstalled + 600 + kHealthGrace;

class Probation : public testing::Test {
protected:
    Probation() { restart(); }
    /// Another sluis-control.
    void restart() {
        watch_.emplace(folder_ / "state.probation", [this] { return dataplane_; });
    }
    void start_dataplane(std::uint32_t pid) {
        dataplane_ = {true, pid, 1'000'000u + pid, {}, {0, 0}};
        look();
    }
    /// So many seconds of a network's life, with a look each second.
    void pass(int seconds, const HealthCounts& each = {1000, 1, 0, 20, 1}) {
        for (int i = 0; i < seconds; ++i) {
            dataplane_.counts.frames += each.frames;
            dataplane_.counts.drops += each.drops;
            dataplane_.counts.parse_errors += each.parse_errors;
            dataplane_.counts.names += each.names;
            dataplane_.counts.matches += each.matches;
            for (std::uint64_t& heartbeat : dataplane_.heartbeats) ++heartbeat;
            now_ += 1s;
            look();
        }
    }
    void look() { watch_->look(now_); }
    void install(bool by_health = true) {
        ASSERT_TRUE(watch_->begin(kBundle, by_health));
        watch_->begin_counting();
    }
    ProbationCause judge(std::int64_t after) { return watch_->judge(kBundle, kEnd, kInstalled + after).cause; }

    ScratchFolder folder_;
    DataplaneSample dataplane_;
    Clock::time_point now_{1h};
    std::optional<ProbationWatch> watch_;
};

TEST_F(Probation, IsEndedByHealth) {
    start_dataplane(7);
    pass(100);
    install();
    EXPECT_TRUE(watch_->is_by_health(kBundle));
    EXPECT_FALSE(watch_->is_by_health(kOther));
    pass(30);
    EXPECT_EQ(judge(30), ProbationCause::none);
    EXPECT_EQ(judge(599), ProbationCause::none);
    EXPECT_EQ(judge(600), ProbationCause::healthy);
    EXPECT_EQ(judge(600 + kHealthGrace), ProbationCause::expired) << "nobody was there in time";
}

TEST_F(Probation, IsEndedByTimeWhereSomebodyIsToConfirm) {
    start_dataplane(7);
    install(false);
    EXPECT_EQ(judge(600 + kHealthGrace - 1), ProbationCause::none);
    EXPECT_EQ(judge(600 + kHealthGrace), ProbationCause::expired);
}

TEST_F(Probation, WithoutAnEndIsStillWatched) {
    start_dataplane(7);
    install(false);
    EXPECT_EQ(watch_->judge(kBundle, 0, kInstalled + 1'000'000).cause, ProbationCause::none);
    start_dataplane(8);
    EXPECT_EQ(watch_->judge(kBundle, 0, kInstalled + 1'000'000).cause, ProbationCause::dataplane_restarted);
}

TEST_F(Probation, IsEndedByADataplaneThatEnds) {
    start_dataplane(7);
    install();
    dataplane_.running = false;
    look();
    EXPECT_EQ(judge(5), ProbationCause::dataplane_gone);
    start_dataplane(8);
    EXPECT_EQ(judge(6), ProbationCause::dataplane_restarted);
}

TEST_F(Probation, IsNotEndedByADataplaneThatComesFirst) {
    look();
    install();
    EXPECT_EQ(judge(5), ProbationCause::none);
    start_dataplane(7);
    pass(3);
    EXPECT_EQ(judge(8), ProbationCause::none);
    restart();
    look();
    EXPECT_EQ(judge(9), ProbationCause::none);
    start_dataplane(8);
    EXPECT_EQ(judge(10), ProbationCause::dataplane_restarted);
}

TEST_F(Probation, IsConfirmedWithoutADataplane) {
    look();
    install();
    EXPECT_EQ(judge(600), ProbationCause::healthy);
}

TEST_F(Probation, IsEndedByAWorkerThatStandsStill) {
    start_dataplane(7);
    install();
    pass(20);
    for (int i = 0; i < 12; ++i) {
        ++dataplane_.heartbeats[0];
        now_ += 1s;
        look();
        EXPECT_EQ(judge(20 + i), i < 10 ? ProbationCause::none : ProbationCause::worker_stalled) << i;
    }
}

TEST_F(Probation, WatchesEachWorkerOfADataplaneThatCameWhileTheBundleWasCompiled) {
    start_dataplane(7);
    ASSERT_TRUE(watch_->begin(kBundle, true));
    dataplane_ = {true, 8, 1'000'008, {}, {0, 0, 0, 0}};
    watch_->begin_counting();
    pass(1);
    EXPECT_EQ(judge(1), ProbationCause::none);
    for (int i = 0; i < 12; ++i) {
        for (std::size_t worker = 0; worker < 3; ++worker) ++dataplane_.heartbeats[worker];
        now_ += 1s;
        look();
    }
    EXPECT_EQ(judge(13), ProbationCause::worker_stalled);
}

TEST_F(Probation, IsNotEndedByALongPauseOfTheWatch) {
    start_dataplane(7);
    install();
    pass(1);
    now_ += 5min;  // a job took that long
    pass(1);
    EXPECT_EQ(judge(301), ProbationCause::none);
}

TEST_F(Probation, IsEndedByDropsThatRise) {
    start_dataplane(7);
    pass(100);
    install();
    pass(100, {1000, 50, 0, 20, 1});
    EXPECT_EQ(judge(100), ProbationCause::drops_rose);
}

TEST_F(Probation, GoesOnWhereItWasAfterARestart) {
    start_dataplane(7);
    pass(100);
    install();
    pass(50, {1000, 50, 0, 20, 1});
    restart();
    look();
    EXPECT_TRUE(watch_->is_by_health(kBundle));
    EXPECT_EQ(judge(50), ProbationCause::drops_rose) << "what was before, and since when it counts, outlives it";
}

TEST_F(Probation, OfABundleThatAnotherProgramInstalledIsSomebodysToConfirm) {
    start_dataplane(7);
    pass(10);
    EXPECT_EQ(watch_->judge(kOther, kEnd, kInstalled + 5).cause, ProbationCause::none);
    EXPECT_FALSE(watch_->is_by_health(kOther));
    EXPECT_EQ(watch_->judge(kOther, kEnd, kEnd).cause, ProbationCause::expired);
    start_dataplane(8);
    EXPECT_EQ(watch_->judge(kOther, kEnd, kInstalled + 6).cause, ProbationCause::dataplane_restarted);
}

TEST_F(Probation, IsRememberedByItsEnd) {
    start_dataplane(7);
    install();
    watch_->ended({ProbationCause::drops_rose, "why", 8, kBundle, kInstalled + 9});
    EXPECT_EQ(watch_->ends()[static_cast<std::size_t>(ProbationCause::drops_rose)], 1u);
    EXPECT_FALSE(watch_->is_by_health(kBundle));
    restart();
    EXPECT_EQ(watch_->last().cause, ProbationCause::drops_rose);
    EXPECT_EQ(watch_->last().message, "why");
    EXPECT_EQ(watch_->last().sequence, 8u);
    EXPECT_EQ(watch_->last().ended, kInstalled + 9);
}

TEST_F(Probation, IsNotBegunWhereItCannotBeKept) {
    ProbationWatch lost(folder_ / "none" + "/record", [] { return DataplaneSample{}; });
    EXPECT_FALSE(lost.begin(kBundle, true));
}

TEST(ProbationRecord, MakesNothingOfWhatIsDamaged) {
    for (const char* text : {"", "{", "[]", "7", "{\"watched\":3,\"last\":[]}",
                             "{\"watched\":{\"sha256\":\"x\",\"by_health\":1},\"last\":{\"cause\":\"no such\"}}"}) {
        const ProbationRecord read = read_probation_record(text);
        EXPECT_EQ(read.watched.sha256, "") << text;
        EXPECT_FALSE(read.watched.by_health) << text;
        EXPECT_EQ(read.last.cause, ProbationCause::none) << text;
    }
}

}  // namespace
}  // namespace sluis
