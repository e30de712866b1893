#include "dataplane/interface/counters_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

class CountersFileTest : public testing::Test {
protected:
    CountersFile create(const std::vector<std::string>& pairs = {"first", "fifteen bytes!!", "first"}) {
        auto file = CountersFile::create(directory_, pairs);
        EXPECT_TRUE(file) << file.error();
        EXPECT_TRUE(file->publish());
        return std::move(*file);
    }
    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory_), {}));
    }
    /// Overwrites bytes of the file.
    void spoil(std::size_t offset, char value) {
        std::fstream file(counters_path(directory_), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(offset));
        file.put(value);
    }

    ScratchFolder folder_;
    std::string directory_ = folder_ / "run";
};

TEST_F(CountersFileTest, AReaderSeesWhatTheWriterCounts) {
    CountersFile file = create();
    const auto view = CountersView::open(directory_);
    ASSERT_TRUE(view) << view.error();
    ASSERT_EQ(view->workers(), 3u);
    EXPECT_EQ(view->pair_of_worker(0), "first");
    EXPECT_EQ(view->pair_of_worker(1), "fifteen bytes!!");
    EXPECT_EQ(view->header().pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(view->header().started, 0u);

    file.worker(1).rx_frames = {3, 4};
    file.worker(1).drops[static_cast<std::size_t>(Reason::handoff_full)] = 5;
    file.worker(1).total_cycles = 6;
    file.worker(2).rx_frames[0] = 70;
    file.header().started = 8;
    EXPECT_EQ(view->worker(0).rx_frames[0], 0u);
    EXPECT_EQ(view->worker(1).rx_frames, (std::array<std::uint64_t, 2>{3, 4}));
    EXPECT_EQ(view->worker(1).drops[static_cast<std::size_t>(Reason::handoff_full)], 5u);
    EXPECT_EQ(view->worker(1).total_cycles, 6u);
    EXPECT_EQ(view->worker(2).rx_frames[0], 70u);
    EXPECT_EQ(view->header().started, 8u);
}

TEST_F(CountersFileTest, EachPairHasTwoPorts) {
    CountersFile file = create();
    const auto view = CountersView::open(directory_);
    ASSERT_TRUE(view) << view.error();
    ASSERT_EQ(view->pairs(), 2u) << "two workers are of one pair";
    EXPECT_EQ(view->pair(0), "first");
    EXPECT_EQ(view->pair(1), "fifteen bytes!!");
    file.header().pair_ports[1].ports[1] = {7, 2, LinkState::gone, 1};
    EXPECT_EQ(view->port(1, Side::inside).missed_frames, 0u);
    EXPECT_EQ(view->port(1, Side::inside).link, LinkState::unknown);
    EXPECT_EQ(view->port(1, Side::outside).missed_frames, 7u);
    EXPECT_EQ(view->port(1, Side::outside).link_changes, 2u);
    EXPECT_EQ(view->port(1, Side::outside).link, LinkState::gone);
    EXPECT_EQ(view->port(1, Side::outside).held_down, 1u);
    EXPECT_EQ(view->port(0, Side::outside).missed_frames, 0u);
}

TEST_F(CountersFileTest, LinksOfASetAreCountedApart) {
    const std::vector<std::string> workers{"lag", "lag", "alone"};
    const std::vector<CountedPair> pairs{{"first", "lag", 0}, {"alone"}, {"second", "lag", 1}};
    auto file = CountersFile::create(directory_, workers, pairs);
    ASSERT_TRUE(file && file->publish());
    const auto view = CountersView::open(directory_);
    ASSERT_TRUE(view) << view.error();
    ASSERT_EQ(view->pairs(), 3u);
    EXPECT_EQ(view->set(0) + "," + view->set(1) + "," + view->set(2), "lag,,lag");
    EXPECT_EQ(view->set_or_pair(2) + "," + view->set_or_pair(1), "lag,alone");
    for (const std::size_t worker : {0, 1, 2}) {
        file->worker(worker).rx_frames = {100, 200};
        file->worker(worker).links[0].rx_frames = {1, 2};
        file->worker(worker).links[1] = {{3, 4}, {5, 6}, {7, 8}, {9, 10}};
    }
    EXPECT_EQ(view->traffic(0, Side::inside).rx_frames, 2u) << "of both workers";
    const PortTraffic second = view->traffic(2, Side::outside);
    EXPECT_EQ(second.rx_frames, 8u);
    EXPECT_EQ(second.rx_bytes, 12u);
    EXPECT_EQ(second.tx_frames, 16u);
    EXPECT_EQ(second.tx_bytes, 20u);
    EXPECT_EQ(view->traffic(1, Side::outside).rx_frames, 200u) << "all that its worker has counted";
}

TEST_F(CountersFileTest, IsReadableByItsGroupAlone) {
    const CountersFile file = create();
    struct stat status {};
    ASSERT_EQ(::stat(counters_path(directory_).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640u);
}

TEST_F(CountersFileTest, ANewWriterLeavesOldReadersTheOldFile) {
    CountersFile old_file = create();
    const auto old_view = CountersView::open(directory_);
    old_file.worker(0).flows = 1;
    CountersFile new_file = create({"only"});
    const auto new_view = CountersView::open(directory_);
    ASSERT_TRUE(old_view && new_view);
    new_file.worker(0).flows = 2;
    EXPECT_EQ(old_view->worker(0).flows, 1u);
    EXPECT_EQ(new_view->worker(0).flows, 2u);
    EXPECT_EQ(new_view->workers(), 1u);
    EXPECT_FALSE(std::filesystem::exists(counters_path(directory_) + ".new"));
}

TEST_F(CountersFileTest, NobodySeesAFileBeforeItIsPublished) {
    {
        auto file = CountersFile::create(directory_, std::vector<std::string>{"pair"});
        ASSERT_TRUE(file) << file.error();
        EXPECT_FALSE(CountersView::open(directory_));
        std::memcpy(file->header().rule_digest, "digest", 6);
        ASSERT_TRUE(file->publish());
        const auto view = CountersView::open(directory_);
        ASSERT_TRUE(view) << view.error();
        EXPECT_STREQ(view->header().rule_digest, "digest") << "what is filled in before the name is there with it";
    }
    EXPECT_TRUE(CountersView::open(directory_)) << "it stays after its writer";
    EXPECT_EQ(files(), 1u);
}

TEST_F(CountersFileTest, AStartThatFailsLeavesTheOlderFileAlone) {
    CountersFile older = create();
    older.worker(0).flows = 5;
    { auto failed = CountersFile::create(directory_, std::vector<std::string>{"pair"}); }
    EXPECT_EQ(files(), 1u);
    EXPECT_EQ(CountersView::open(directory_)->worker(0).flows, 5u);
}

TEST_F(CountersFileTest, AFullDiskIsSaidAndLeavesNothing) {
    const CountersFile older = create();
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit full{1024, RLIM_INFINITY}, enough{RLIM_INFINITY, RLIM_INFINITY};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    const auto file = CountersFile::create(directory_, std::vector<std::string>{"pair"});
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &enough), 0);
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().find("make room on its file system"), std::string::npos) << file.error();
    EXPECT_EQ(files(), 1u);
}

TEST_F(CountersFileTest, WhatIsNoCountersFileIsRefused) {
    EXPECT_FALSE(CountersView::open(directory_));
    for (const std::size_t offset :
         {offsetof(CountersHeader, magic), offsetof(CountersHeader, version), offsetof(CountersHeader, block_size),
          offsetof(CountersHeader, blocks_offset), offsetof(CountersHeader, workers), offsetof(CountersHeader, reasons),
          offsetof(CountersHeader, pairs)}) {
        const CountersFile file = create();
        ASSERT_TRUE(CountersView::open(directory_));
        spoil(offset, 0x7f);
        EXPECT_FALSE(CountersView::open(directory_)) << offset;
    }
}

TEST_F(CountersFileTest, ACutFileIsRefused) {
    const CountersFile file = create();
    const auto size = std::filesystem::file_size(counters_path(directory_));
    for (const std::uintmax_t cut :
         {size - 1, std::uintmax_t{sizeof(CountersHeader)}, std::uintmax_t{100}, std::uintmax_t{0}}) {
        std::filesystem::resize_file(counters_path(directory_), cut);
        EXPECT_FALSE(CountersView::open(directory_)) << cut;
    }
}

TEST_F(CountersFileTest, AReaderKeepsTheSizesThatItChecked) {
    CountersFile file = create();
    const auto view = CountersView::open(directory_);
    ASSERT_TRUE(view) << view.error();
    file.worker(2).heartbeat = 7;
    file.header().workers = 1'000'000;
    file.header().pairs = 1'000'000;
    file.header().blocks_offset = 0x7fff'ffff;
    EXPECT_EQ(view->workers(), 3u);
    EXPECT_EQ(view->pairs(), 2u);
    EXPECT_EQ(view->worker(2).heartbeat, 7u);
    EXPECT_EQ(view->heartbeat(2), 7u);
}

TEST_F(CountersFileTest, MoreWorkersThanTheHeaderNamesAreRefused) {
    EXPECT_TRUE(CountersFile::create(directory_, std::vector<std::string>(64, "pair")));
    EXPECT_FALSE(CountersFile::create(directory_, std::vector<std::string>(65, "pair")));
}

TEST(CountersFile, AnUnwritableDirectoryIsSaid) {
    const auto file = CountersFile::create("/proc/sluis-test", std::vector<std::string>{"pair"});
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().find("/proc/sluis-test"), std::string::npos);
    EXPECT_NE(file.error().find("[runtime] directory"), std::string::npos);
}

TEST(Counters, AddsAndBalances) {
    WorkerCounters sum{}, more{};
    more.rx_frames = {10, 20};
    more.injected_frames = 3;
    more.tx_frames = {15, 11};
    more.held_frames = 2;
    more.drops[5] = 4;
    more.total_cycles = 99;
    EXPECT_EQ(balance(more), 1);
    ++more.drops[7];
    EXPECT_EQ(balance(more), 0);
    add(sum, more);
    add(sum, more);
    EXPECT_EQ(sum.rx_frames, (std::array<std::uint64_t, 2>{20, 40}));
    EXPECT_EQ(sum.drops[5], 8u);
    EXPECT_EQ(sum.total_cycles, 198u);
    EXPECT_EQ(balance(sum), 0);
    ++sum.tx_frames[0];
    EXPECT_EQ(balance(sum), -1);
}

}  // namespace
}  // namespace sluis
