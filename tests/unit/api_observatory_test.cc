// Which workers move, by two looks at a counters file; and the metrics that are made of it.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "control/observability/dataplane_metrics.h"
#include "control/observability/observatory.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using namespace std::chrono_literals;

class ObservatoryTest : public testing::Test {
protected:
    void start(std::uint64_t started) {
        const std::vector<std::string> pairs{"a", "a", "b"};
        auto file = CountersFile::create(folder_.path().string(), pairs);
        ASSERT_TRUE(file) << file.error();
        file->header().started = started;
        ASSERT_TRUE(file->publish());
        file_.emplace(std::move(*file));
    }
    void look() { observatory_.look(now_, 1'000'000 + (now_ - Observatory::Clock::time_point{}) / 1s); }

    ScratchFolder folder_;
    Observatory observatory_{folder_.path().string()};
    std::optional<CountersFile> file_;
    Observatory::Clock::time_point now_{};
};

TEST_F(ObservatoryTest, SeesWhoMoves) {
    start(1);
    look();
    EXPECT_FALSE(observatory_.is_moving(0, now_));
    file_->worker(0).heartbeat = 10;
    file_->worker(0).busy_cycles = 30;
    file_->worker(0).total_cycles = 120;
    now_ += 1s;
    look();
    EXPECT_TRUE(observatory_.is_moving(0, now_));
    EXPECT_FALSE(observatory_.is_moving(1, now_));
    EXPECT_FALSE(observatory_.is_moving(9, now_));
    EXPECT_DOUBLE_EQ(observatory_.workers()[0].busy_ratio, 0.25);
    EXPECT_EQ(observatory_.workers()[0].moved_at, 1'000'001);
    now_ += 6s;
    look();
    EXPECT_FALSE(observatory_.is_moving(0, now_));
    EXPECT_EQ(observatory_.workers()[0].moved_at, 1'000'001);
}

TEST_F(ObservatoryTest, SeesWhoStalls) {
    const auto at = [&](std::chrono::seconds time) {
        now_ = Observatory::Clock::time_point{} + time;
        look();
    };
    start(1);
    EXPECT_FALSE(observatory_.is_stalled(0)) << "before any look";
    file_->worker(1).heartbeat = 7;
    at(100s);
    EXPECT_FALSE(observatory_.is_stalled(0)) << "that may be about to begin";
    EXPECT_FALSE(observatory_.is_stalled(1)) << "of which one look tells nothing";
    at(105s);
    EXPECT_FALSE(observatory_.is_stalled(1));
    at(106s);
    EXPECT_TRUE(observatory_.is_stalled(1));
    at(130s);
    EXPECT_FALSE(observatory_.is_stalled(0));
    at(131s);
    EXPECT_TRUE(observatory_.is_stalled(0)) << "that never begins";
    file_->worker(0).heartbeat = file_->worker(1).heartbeat = 8;
    at(132s);
    EXPECT_FALSE(observatory_.is_stalled(0));
    EXPECT_FALSE(observatory_.is_stalled(1));
    now_ += 100s;
    EXPECT_FALSE(observatory_.is_stalled(0)) << "while nobody looks";
    look();
    EXPECT_TRUE(observatory_.is_stalled(0));
    file_.reset();
    start(2);
    look();
    EXPECT_FALSE(observatory_.is_stalled(0)) << "another dataplane";
    EXPECT_FALSE(observatory_.is_stalled(9));
}

TEST_F(ObservatoryTest, SeesForSomeSecondsWhoHadNoRoom) {
    start(1);
    file_->worker(0).errors[static_cast<std::size_t>(Reason::overload_pass)] = 4;
    look();
    now_ += 1s;
    look();
    EXPECT_FALSE(observatory_.passes_unread(0, now_)) << "that was before";
    file_->worker(0).errors[static_cast<std::size_t>(Reason::overload_pass)] = 5;
    file_->worker(2).drops[static_cast<std::size_t>(Reason::flow_table_full)] = 1;
    now_ += 1s;
    look();
    EXPECT_TRUE(observatory_.passes_unread(0, now_));
    EXPECT_FALSE(observatory_.turns_away(0, now_));
    EXPECT_TRUE(observatory_.turns_away(2, now_));
    EXPECT_FALSE(observatory_.passes_unread(2, now_));
    EXPECT_FALSE(observatory_.passes_unread(9, now_));
    now_ += 10s;
    look();
    EXPECT_TRUE(observatory_.passes_unread(0, now_));
    now_ += 1s;
    EXPECT_FALSE(observatory_.passes_unread(0, now_)) << "there is room again";
    EXPECT_FALSE(observatory_.turns_away(2, now_));
}

TEST_F(ObservatoryTest, BeginsAnewWithEachDataplane) {
    start(1);
    look();
    file_->worker(0).heartbeat = 10;
    now_ += 1s;
    look();
    ASSERT_TRUE(observatory_.is_moving(0, now_));
    file_.reset();
    start(2);
    now_ += 1s;
    look();
    EXPECT_FALSE(observatory_.is_moving(0, now_));
}

TEST_F(ObservatoryTest, WritesMetricsByPairAndSide) {
    start(5);
    file_->worker(0).rx_frames = {3, 0};
    file_->worker(1).rx_frames = {4, 0};
    file_->worker(0).names_blocked[static_cast<std::size_t>(Protocol::dns)] = 2;
    file_->worker(2).drops[static_cast<std::size_t>(Reason::rule)] = 9;
    look();
    MetricsText text;
    Config config;
    config.limits.flows = 100;
    config.frames.buffers = 50;
    write_dataplane_metrics(text, observatory_, config, now_);
    const std::string written = text.take();
    for (const char* line :
         {"\nsluis_dataplane_start_time_seconds 5\n",
          "\nsluis_port_receive_frames_total{pair=\"a\",side=\"inside\"} 7\n",
          "\nsluis_port_receive_frames_total{pair=\"b\",side=\"inside\"} 0\n",
          "\nsluis_names_total{protocol=\"dns\",verdict=\"blocked\"} 2\n",
          "\nsluis_drops_total{reason=\"rule\",kind=\"policy\"} 9\n", "\nsluis_flow_table_capacity{pair=\"a\"} 200\n",
          "\nsluis_frame_buffers{pair=\"b\"} 50\n", "\nsluis_port_link_known{pair=\"a\",side=\"inside\"} 0\n",
          "\nsluis_worker_polls_total{worker=\"2\",pair=\"b\"} 0\n"})
        EXPECT_NE(written.find(line), std::string::npos) << line;
}

TEST(MetricsText, EscapesLabels) {
    MetricsText text;
    text.family("sluis_x", MetricType::gauge, "a\nb");
    text.sample({{"label", "a\"b\\c\nd"}}, std::uint64_t{1});
    EXPECT_EQ(text.take(), "# HELP sluis_x a\\nb\n# TYPE sluis_x gauge\nsluis_x{label=\"a\\\"b\\\\c\\nd\"} 1\n");
}

}  // namespace
}  // namespace sluis
