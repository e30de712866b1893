// History over a file: nothing is lost or counted twice over restarts, whatever becomes of clocks, files and disks.
#include "control/history/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "control/history/calendar.h"
#include "dataplane/interface/counters_file.h"
#include "scratch_folder.h"

namespace sluis {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kHour = 3600, kDay = 86400;
constexpr std::int64_t kStart = 20000 * kDay;  // 2024-10-04
const RefusalKey kTls{"wifi", "tiktok", "tls"}, kDns{"wifi", "tiktok", "dns"};

BoxSample sample(std::int64_t time, std::string identity, RefusalCounts counts) {
    BoxSample made;
    made.time = time;
    made.day = day_at(time, nullptr);
    made.totals.push_back({std::move(identity), std::move(counts)});
    return made;
}

RefusalCount sum(const PeriodCounts& counts) {
    RefusalCount all;
    for (const auto& [place, count] : counts) all += count;
    return all;
}

struct HistoryTest : testing::Test {
    /// It writes when it ends: nobody waits for its thread.
    std::unique_ptr<History> start() {
        return std::make_unique<History>(HistoryConfig{path, 3600}, [this] { return clock.load(); });
    }
    PeriodCounts days() {
        auto reader = HistoryReader::open(path);
        EXPECT_TRUE(reader) << (reader ? "" : reader.error().message);
        return reader ? reader->days(0, 100000).value() : PeriodCounts{};
    }
    PeriodCounts hours() { return HistoryReader::open(path)->hours(0, 100000 * 24).value(); }
    std::vector<Outage> outages() { return HistoryReader::open(path)->outages(0, kStart * 2).value(); }

    ScratchFolder folder;
    std::string path = folder / "history.db";
    std::atomic<std::int64_t> clock{kStart};
};

TEST_F(HistoryTest, CountsWhatIsNewByHourAndDay) {
    auto history = start();
    history->see(sample(kStart, "a", {{kTls, {5, 1}}}));
    history->see(sample(kStart + 10, "a", {{kTls, {7, 1}}, {kDns, {1, 0}}}));
    history->see(sample(kStart + kHour, "a", {{kTls, {8, 4}}, {kDns, {1, 0}}}));
    clock = kStart + kHour;
    EXPECT_EQ(sum(history->minutes()).refused, 1u) << "those of an hour ago are out";
    history.reset();
    const PeriodCounts expected{{{kStart / kDay, kTls}, {8, 4}}, {{kStart / kDay, kDns}, {1, 0}}};
    EXPECT_EQ(days(), expected);
    const PeriodCounts by_hour{
        {{kStart / kHour, kTls}, {7, 1}}, {{kStart / kHour, kDns}, {1, 0}}, {{kStart / kHour + 1, kTls}, {1, 3}}};
    EXPECT_EQ(hours(), by_hour);
}

TEST_F(HistoryTest, NeitherLosesNorDoublesOverRestartsOfControl) {
    for (std::uint64_t i = 1; i <= 4; ++i) start()->see(sample(kStart, "a", {{kTls, {10 * i, i}}}));
    EXPECT_EQ(sum(days()), (RefusalCount{40, 4}));
}

TEST_F(HistoryTest, CountsAnotherDataplaneFromItsZero) {
    auto history = start();
    history->see(sample(kStart, "a", {{kTls, {10, 0}}}));
    BoxSample both = sample(kStart, "a", {{kTls, {12, 0}}});  // what it counted last, and the one after it
    both.totals.push_back({"b", {{kTls, {3, 0}}}});
    history->see(both);
    history.reset();
    EXPECT_EQ(sum(days()).refused, 15u);
    start()->see(sample(kStart, "c", {{kTls, {2, 0}}}));
    EXPECT_EQ(sum(days()).refused, 17u) << "another one, while sluis-control was away";
    start()->see(sample(kStart, "c", {{kTls, {1, 0}}}));
    EXPECT_EQ(sum(days()).refused, 17u) << "totals that shrink count nothing";
}

TEST_F(HistoryTest, SurvivesAClockThatIsSetBackAndForth) {
    auto history = start();
    history->see(sample(kStart, "a", {{kTls, {1, 0}}}));
    history->see(sample(kStart - 5 * kDay, "a", {{kTls, {2, 0}}}));
    history->see(sample(kStart + 3650 * kDay, "a", {{kTls, {3, 0}}}));
    history->see(sample(kStart, "a", {{kTls, {4, 0}}}));
    history.reset();
    EXPECT_EQ(sum(days()).refused, 4u);
    EXPECT_EQ(days().at({kStart / kDay, kTls}).refused, 2u);
    EXPECT_EQ(sum(hours()).refused, 4u) << "a day ten years ahead makes nothing go";
    auto reader = HistoryReader::open(path);
    EXPECT_TRUE(reader->rulesets(0, kStart * 2));
}

TEST_F(HistoryTest, KeepsTheNewestPeriods) {
    auto store = HistoryStore::open(path, kStart);
    ASSERT_TRUE(store);
    HistoryBatch batch;
    for (std::int64_t i = 0; i < 1000; ++i) batch.hours[{i, kTls}] = batch.days[{i, kTls}] = {1, 0};
    ASSERT_TRUE(store->save(batch));
    EXPECT_EQ(hours().size(), static_cast<std::size_t>(kHoursKept));
    EXPECT_EQ(hours().begin()->first.first, 1000 - kHoursKept);
    EXPECT_EQ(days().size(), static_cast<std::size_t>(kDaysKept));
}

/// Days are measured, and stand for hours, too: filling both takes long.
TEST_F(HistoryTest, NeverGrowsBeyondItsPages) {
    auto store = HistoryStore::open(path, kStart);
    ASSERT_TRUE(store);
    HistoryBatch batch;
    for (std::int64_t day = 0; day < kDaysKept; ++day)
        for (std::int64_t row = 0; row < kRowsOfPeriod; ++row) {
            const std::string name = std::to_string(10000 + row * 7919 % 10000) + std::string(26, 'x');  // 31 bytes
            batch.days[{day, {name, name, "quic"}}] = {~0ull >> 2, ~0ull >> 2};
        }
    const auto saved = store->save(batch);
    ASSERT_TRUE(saved) << saved.error().message;
    // One row more of each day has no place of its own.
    HistoryBatch more;
    for (std::int64_t day = 0; day < kDaysKept; ++day) more.days[{day, {"new", "new", "tls"}}] = {1, 0};
    ASSERT_TRUE(store->save(more));
    const PeriodCounts counts = days();
    EXPECT_EQ(counts.size(), static_cast<std::size_t>(kDaysKept * (kRowsOfPeriod + 1)));
    EXPECT_EQ(counts.at({0, {"other", "other", "tls"}}).refused, 1u);
    const auto all = std::filesystem::file_size(path) * (kDaysKept + kHoursKept) / kDaysKept;
    EXPECT_LT(all, static_cast<std::uintmax_t>(kHistoryPages - 2048) * 4096) << "and room for the rest";
}

TEST_F(HistoryTest, PutsADamagedFileAsideAndBeginsAnew) {
    start()->see(sample(kStart, "a", {{kTls, {5, 0}}}));
    const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
    for (const std::streamoff from : {0, 16, 100, 4096, 8192}) {
        ASSERT_LT(from, size);
        {
            std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
            file.seekp(from);
            for (std::streamoff i = from; i < size; ++i) file.put('\x55');
        }
        auto history = start();
        EXPECT_EQ(history->state().damages, 1u) << from;
        EXPECT_EQ(history->state().put_aside, path + ".broken");
        EXPECT_THAT(history->state().problem, IsEmpty());
        history->see(sample(kStart, "a", {{kTls, {9, 0}}}));
        history.reset();
        EXPECT_EQ(sum(days()).refused, 9u) << "all that the dataplane has is new to the new file";
        EXPECT_EQ(start()->state().damages, 0u);
    }
}

TEST_F(HistoryTest, TakesNoOtherFileForItsOwn) {
    std::ofstream(path) << std::string(5000, 'x');
    EXPECT_EQ(start()->state().damages, 1u);
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    auto history = start();
    EXPECT_THAT(history->state().problem, HasSubstr(path));
    history->see(sample(kStart, "a", {{kTls, {1, 0}}}));
    EXPECT_THAT(history->minutes(), IsEmpty()) << "it cannot know yet what is new";
    EXPECT_FALSE(history->read());
}

TEST_F(HistoryTest, FollowsNoLink) {
    const std::string other = folder / "other";
    std::ofstream(other) << "somebody's";
    std::filesystem::create_symlink(other, path);
    EXPECT_THAT(start()->state().problem, HasSubstr(path));
    EXPECT_EQ(std::filesystem::file_size(other), 10u);
}

/// No file of the process may grow beyond so much, as on a full disk.
class FullDisk {
public:
    explicit FullDisk(rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit full{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &full);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

TEST_F(HistoryTest, WaitsOnAFullDisk) {
    auto history = std::make_unique<History>(HistoryConfig{path, 1}, [this] { return clock.load(); });
    {
        const FullDisk full(4096);
        history->see(sample(kStart, "a", {{kTls, {5, 0}}}));
        history->see(sample(kStart + kHour, "a", {{kTls, {7, 0}}}));
        for (int i = 0; i < 600 && history->state().problem.empty(); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        EXPECT_THAT(history->state().problem, HasSubstr(path));
        EXPECT_GT(history->state().failures, 0u);
    }
    history.reset();
    EXPECT_EQ(hours().at({kStart / kHour, kTls}).refused, 5u) << "each hour has its own, though written later";
    EXPECT_EQ(hours().at({kStart / kHour + 1, kTls}).refused, 2u);
    EXPECT_EQ(sum(days()).refused, 7u);
}

TEST_F(HistoryTest, KeepsOutagesOverRestarts) {
    BoxSample down = sample(kStart, "a", {});
    down.conditions = {{"link", "pair0 inside", "link is down"}, {"mode", "pair0", "monitor (command): a test"}};
    start()->see(down);
    ASSERT_EQ(outages().size(), 2u);
    EXPECT_EQ(outages()[0].ended, 0) << "it lasts";
    down.time = clock = kStart + 60;
    down.conditions.pop_back();
    start()->see(down);
    BoxSample well = sample(kStart + 100, "a", {});
    start()->see(well);
    ASSERT_EQ(outages().size(), 2u);
    for (const Outage& outage : outages()) {
        EXPECT_EQ(outage.began, kStart);
        EXPECT_EQ(outage.ended, outage.condition.what == "link" ? kStart + 100 : kStart + 60);
    }
}

TEST_F(HistoryTest, TellsModesOfOnePairApart) {
    auto history = start();
    BoxSample seen = sample(kStart, "a", {});
    for (const char* mode : {"monitor (command)", "wire (command)"}) {
        seen.conditions = {{"mode", "pair0", mode}};
        history->see(seen);
        history->see(seen);
        seen.time += 10;
    }
    history.reset();
    ASSERT_EQ(outages().size(), 2u);
    EXPECT_EQ(outages()[0].ended, kStart + 10);
    EXPECT_EQ(outages()[1].condition.detail, "wire (command)");
}

TEST_F(HistoryTest, NotesThatControlWasAway) {
    start();
    clock = kStart + 7201;  // twice save_seconds is no absence
    start();
    EXPECT_THAT(outages(), IsEmpty());
    clock = kStart + 3 * 7201;
    start();
    ASSERT_EQ(outages().size(), 1u);
    EXPECT_EQ(outages()[0].condition.what, "control");
    EXPECT_EQ(outages()[0].began, kStart + 7201);
    clock = kStart;  // the clock was set back
    start();
    EXPECT_EQ(outages().size(), 1u);
}

TEST_F(HistoryTest, KnowsWhatWasInForceWhen) {
    auto history = start();
    BoxSample seen = sample(kStart, "a", {});
    for (const std::uint64_t sequence : {1, 1, 2, 2, 3}) {
        seen.ruleset = {0, "current", sequence, "abc"};
        seen.phase = {0, "policy", sequence < 3 ? "wifi: tiktok monitor" : "wifi: tiktok enforce"};
        history->see(seen);
        seen.time += 100;
    }
    history.reset();
    seen.time += 100;
    start()->see(seen);
    auto reader = HistoryReader::open(path);
    const auto all = reader->rulesets(0, kStart * 2).value();
    ASSERT_EQ(all.size(), 3u) << "a restart changes nothing";
    EXPECT_EQ(all[0].until, kStart + 200);
    EXPECT_EQ(all[2].until, 0);
    const auto some = reader->rulesets(kStart + 250, kStart + 300).value();
    ASSERT_EQ(some.size(), 1u);
    EXPECT_EQ(some[0].change.sequence, 2u);
    EXPECT_EQ(reader->phases(0, kStart * 2).value().size(), 2u);
}

TEST(RefusalCounts, AreThoseOfAllWorkersByTheirNames) {
    ScratchFolder folder;
    const std::vector<std::string> pairs{"pair0", "pair0"};
    auto file = CountersFile::create(folder.path().string(), pairs);
    ASSERT_TRUE(file);
    std::snprintf(file->header().labels.zones[1], 32, "wifi");
    std::snprintf(file->header().labels.categories[2], 32, "tiktok");
    const auto tls = static_cast<std::size_t>(Protocol::tls);
    file->worker(0).zone_blocked[1][2][tls] = 3;
    file->worker(1).zone_blocked[1][2][tls] = 4;
    file->worker(1).zone_monitored[1][2][tls] = 5;
    file->worker(1).zone_monitored[kZoneSlots - 1][kCategorySlots - 1][tls] = 6;
    ASSERT_TRUE(file->publish());
    const auto view = CountersView::open(folder.path().string());
    ASSERT_TRUE(view);
    const DataplaneTotals totals = totals_of(*view, "boot");
    EXPECT_EQ(totals.counts, (RefusalCounts{{kTls, {7, 5}}, {{"other", "other", "tls"}, {0, 6}}}));
    EXPECT_NE(totals.identity, totals_of(*view, "another boot").identity);
}

TEST(HistoryTracker, BoundsWhatWaits) {
    HistoryTracker tracker;
    tracker.begin({}, kStart, 0);
    for (std::uint64_t i = 0; i < 30; ++i) {
        RefusalCounts counts;
        for (int row = 0; row < 1000; ++row) counts[{"zone" + std::to_string(row), "c", "tls"}] = {i + 1, 0};
        tracker.see(sample(kStart + static_cast<std::int64_t>(i) * kHour, "a", counts));
    }
    const HistoryBatch batch = tracker.take(kStart);
    EXPECT_LE(batch.hours.size(), HistoryTracker::kWaitingRows + 30);
    EXPECT_EQ(sum(batch.hours).refused, 30000u) << "none is lost, beyond the bound either";
    EXPECT_LE(tracker.minutes(kStart + 29 * kHour).size(), HistoryTracker::kMinuteRows + 1);
    EXPECT_EQ(sum(tracker.minutes(kStart + 29 * kHour)).refused, 1000u);
}

TEST(Calendar, KnowsDaysOfATimeZone) {
    const auto brussels = TimeZone::find("Europe/Brussels");
    ASSERT_TRUE(brussels);
    const std::int64_t day = parse_date("2026-03-29").value();  // clocks go forward in its second hour
    EXPECT_EQ(begin_of_day(day + 1, &*brussels) - begin_of_day(day, &*brussels), 23 * kHour);
    EXPECT_EQ(day_at(begin_of_day(day, &*brussels), &*brussels), day);
    EXPECT_EQ(day_at(begin_of_day(day, &*brussels) - 1, &*brussels), day - 1);
    EXPECT_EQ(date_text(day), "2026-03-29");
    EXPECT_EQ(month_text(day), "2026-03");
    for (const char* odd : {"2026-02-30", "2026-3-29", "2026-03-2x", "-026-03-29", "1969-12-31", "", "2026-03-29Z"})
        EXPECT_FALSE(parse_date(odd)) << odd;
}

}  // namespace
}  // namespace sluis
