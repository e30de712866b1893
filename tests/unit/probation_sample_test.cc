// What a probation takes from the dataplane's counters.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/probation/dataplane_sample.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/verdict/reason.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

constexpr std::size_t index(Reason reason) { return static_cast<std::size_t>(reason); }

class ProbationSample : public testing::Test {
protected:
    ProbationSample() {
        auto made = CountersFile::create(directory_, pairs_);
        EXPECT_TRUE(made) << made.error();
        file_.emplace(std::move(*made));
        EXPECT_TRUE(file_->publish());
    }
    HealthCounts counts() const { return sample_dataplane(directory_).counts; }

    ScratchFolder folder_;
    std::string directory_ = folder_ / "run";
    std::vector<std::string> pairs_{"pair0", "pair1"};
    std::optional<CountersFile> file_;
};

TEST_F(ProbationSample, NamesTheProcess) {
    file_->header().started = 8;
    file_->worker(1).heartbeat = 5;
    const DataplaneSample sample = sample_dataplane(directory_);
    EXPECT_TRUE(sample.running);
    EXPECT_EQ(sample.pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(sample.started, 8u);
    EXPECT_EQ(sample.heartbeats, (std::vector<std::uint64_t>{0, 5}));
    EXPECT_FALSE(sample_dataplane(folder_ / "nowhere").running);
}

TEST_F(ProbationSample, AddsWhatWorkersAndPortsCount) {
    file_->worker(0).rx_frames = {10, 20};
    file_->worker(1).rx_frames = {3, 0};
    file_->worker(0).names_allowed[0] = 7;
    file_->worker(1).names_blocked[1] = 2;
    file_->worker(1).names_monitored[2] = 1;
    file_->header().pair_ports[1].ports[0].missed_frames = 4;
    EXPECT_EQ(counts(), (HealthCounts{37, 4, 0, 10, 3}));
}

TEST_F(ProbationSample, LeavesOutWhatAnybodyCanSendAndWhatRulesSay) {
    for (const Reason reason : {Reason::rule, Reason::pair_closed, Reason::tcp_checksum, Reason::stream_conflict}) {
        file_->worker(0).drops[index(reason)] = 100;
        file_->worker(0).would_drop[index(reason)] = 100;
    }
    EXPECT_EQ(counts(), HealthCounts{});
}

/// A pair on monitor drops nothing, and tells no less of what rules do.
TEST_F(ProbationSample, CountsTheSameInlineAndOnMonitor) {
    file_->worker(0).drops[index(Reason::handoff_full)] = 5;
    file_->worker(0).drops[index(Reason::tls_malformed)] = 6;
    file_->worker(0).blocks[index(Reason::tls_malformed)] = 7;
    const HealthCounts inline_counts = counts();
    EXPECT_EQ(inline_counts, (HealthCounts{0, 11, 13, 0, 0}));
    file_->worker(0).drops = {};
    file_->worker(0).blocks = {};
    file_->worker(0).would_drop[index(Reason::handoff_full)] = 5;
    file_->worker(0).would_drop[index(Reason::tls_malformed)] = 6;
    file_->worker(0).would_block[index(Reason::tls_malformed)] = 7;
    EXPECT_EQ(counts(), inline_counts);
}

}  // namespace
}  // namespace sluis
