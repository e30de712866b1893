// What is counted of findings: devices, and what enforcement would have refused; and how much of it outlives a restart.
#include "control/events/numbers_file.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "control/events/hyper_log_log.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HyperLogLog, IsRightToTheOneForAHandful) {
    int exact = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        std::mt19937_64 random(seed);
        HyperLogLog sketch;
        EXPECT_EQ(std::llround(sketch.estimate()), 0);
        long long last = 0;
        for (int count = 1; count <= 8; ++count) {
            const std::uint64_t hash = random();
            for (int again = 0; again < 3; ++again) sketch.add(hash);
            last = std::llround(sketch.estimate());
            EXPECT_LE(last, count);
            EXPECT_GE(last, count - 1) << "seed " << seed;
        }
        exact += last == 8;
    }
    EXPECT_GE(exact, 19);
}

/// Over 40 sketches a size: the mean shows a bias, the root of the mean square is the standard error.
TEST(HyperLogLog, KeepsItsErrorAtEverySize) {
    for (const int size : {100, 1000, 4096, 10'000, 20'000, 50'000, 200'000}) {
        double sum = 0, squares = 0;
        constexpr int kTrials = 40;
        for (int trial = 0; trial < kTrials; ++trial) {
            std::mt19937_64 random(static_cast<std::uint64_t>(size) * 1000 + static_cast<std::uint64_t>(trial));
            HyperLogLog sketch;
            for (int i = 0; i < size; ++i) sketch.add(random());
            const double error = sketch.estimate() / size - 1;
            sum += error;
            squares += error * error;
        }
        EXPECT_LT(std::abs(sum / kTrials), 0.01) << size;
        EXPECT_LT(std::sqrt(squares / kTrials), 1.4 * HyperLogLog::kStandardError) << size;
    }
}

TEST(HyperLogLog, TakesTheEndsOfItsRange) {
    HyperLogLog sketch;
    sketch.add(0);
    sketch.add(~std::uint64_t{0});
    EXPECT_EQ(std::llround(sketch.estimate()), 2);
    for (std::uint64_t i = 0; i < HyperLogLog::kRegisters; ++i) sketch.add(i << (64 - HyperLogLog::kPrecision));
    EXPECT_EQ(sketch.estimate(), 1e18);
}

std::uint64_t hash(int device) { return std::mt19937_64(static_cast<std::uint64_t>(device) + 1)(); }

TEST(Presence, CountsDevicesByZoneAndCategoryAndDay) {
    Presence presence(3);
    presence.enter_day("2026-03-27");
    for (int i = 0; i < 5; ++i) presence.add("wifi", "tiktok", hash(i));
    for (int i = 0; i < 5; ++i) presence.add("wifi", "tiktok", hash(i));
    presence.add("staff", "tiktok", hash(1));
    presence.enter_day("2026-03-28");
    presence.add("wifi", "tiktok", hash(1));
    const auto days = presence.days();
    ASSERT_EQ(days.size(), 2u);
    ASSERT_EQ(days[0].numbers.size(), 2u);
    EXPECT_EQ(days[0].numbers[1].zone, "wifi");
    EXPECT_EQ(days[0].numbers[1].devices, 5u);
    EXPECT_EQ(days[0].numbers[1].at_most, 5u);
    EXPECT_EQ(days[1].numbers[0].devices, 1u);
    presence.enter_day("2026-03-29");
    EXPECT_EQ(presence.days().size(), 2u) << "of a day on which nothing was seen there is nothing";
    presence.add("wifi", "tiktok", hash(1));
    presence.enter_day("2026-03-30");
    presence.add("wifi", "tiktok", hash(1));
    EXPECT_EQ(presence.days().size(), 3u) << "so many days are kept";
    EXPECT_EQ(presence.days().front().date, "2026-03-28");
}

TEST(Presence, IsBounded) {
    Presence presence(1);
    presence.enter_day("2026-03-27");
    for (int i = 0; i < 2000; ++i) presence.add("zone" + std::to_string(i), "tiktok", hash(i));
    EXPECT_EQ(presence.today().size(), Presence::kSketchLimit + 1);
}

TEST(Presence, GivesBoundsForADayWithARestart) {
    Presence before(10);
    before.enter_day("2026-03-27");
    for (int i = 0; i < 30; ++i) before.add("wifi", "tiktok", hash(i));
    Presence after(10);
    ASSERT_TRUE(after.load(before.save()));
    after.enter_day("2026-03-27");
    for (int i = 20; i < 40; ++i) after.add("wifi", "tiktok", hash(1000 + i));  // under another key: other hashes
    const auto today = after.today();
    ASSERT_EQ(today.size(), 1u);
    EXPECT_EQ(today[0].devices, 30u) << "at least";
    EXPECT_EQ(today[0].at_most, 50u);
    EXPECT_EQ(after.days().size(), 1u);
}

TEST(Presence, TakesNothingOfWhatIsDamaged) {
    using json = nlohmann::ordered_json;
    const json number{{"zone", "a"}, {"category", "b"}, {"devices", 1u}, {"at_most", 1u}};
    const auto loads = [](const json& saved) { return Presence(10).load(saved); };
    EXPECT_TRUE(loads(json::array({{{"date", "2026-03-27"}, {"numbers", json::array({number})}}})));
    for (const json& wrong :
         {json(), json::object(), json::array({1}), json::array({{{"date", "yesterday"}, {"numbers", json::array()}}}),
          json::array({{{"date", "2026-03-27"}}}),
          json::array({{{"date", "2026-03-27"}, {"numbers", json::array({1})}}}),
          json::array({{{"date", "2026-03-27"}, {"numbers", json::array({{{"zone", std::string(99, 'z')}}})}}})})
        EXPECT_FALSE(loads(wrong)) << wrong.dump();
}

TEST(WouldBlock, CountsByZoneCategoryAndRule) {
    WouldBlock seen(1000);
    for (int i = 0; i < 3; ++i) seen.add("wifi", "tiktok", "tiktok.com", Protocol::tls, "2026-03-27");
    seen.add("wifi", "tiktok", "tiktok.com", Protocol::dns, "2026-03-29");
    seen.add("wifi", "tiktok", "tiktokv.com", Protocol::dns, "2026-03-29");
    const auto rows = seen.rows();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].rule, "tiktok.com");
    EXPECT_EQ(rows[0].total(), 4u);
    EXPECT_EQ(rows[0].counts[static_cast<std::size_t>(Protocol::tls)], 3u);
    EXPECT_EQ(rows[0].first_day, "2026-03-27");
    EXPECT_EQ(rows[0].last_day, "2026-03-29");
    for (int i = 0; i < 3000; ++i) seen.add("wifi", "tiktok", "rule" + std::to_string(i), Protocol::tls, "2026-03-29");
    EXPECT_EQ(seen.rows().size(), WouldBlock::kRowLimit + 1);
    std::uint64_t all = 0;
    for (const auto& row : seen.rows()) all += row.total();
    EXPECT_EQ(all, 3005u) << "none is lost, beyond the bound either";
}

struct NumbersFileTest : testing::Test {
    std::string text() const {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    ScratchFolder folder;
    std::string path = folder / "numbers.json";
    Presence presence{10};
    WouldBlock would_block{1000};
};

TEST_F(NumbersFileTest, KeepsNumbersAndNothingElse) {
    presence.enter_day("2026-03-27");
    presence.add("wifi", "tiktok", 0x123456789abcdef0);
    would_block.add("wifi", "tiktok", "tiktok.com", Protocol::tls, "2026-03-27");
    NumbersFile file(path, presence, would_block);
    EXPECT_TRUE(file.load()) << "no file is no error";
    ASSERT_TRUE(file.save());
    EXPECT_LT(text().size(), 600u) << "a sketch would not fit";
    Presence later(10);
    WouldBlock later_seen(2000);
    ASSERT_TRUE(NumbersFile(path, later, later_seen).load());
    later.enter_day("2026-03-27");
    EXPECT_EQ(later.today().at(0).devices, 1u);
    EXPECT_EQ(later_seen.since(), 1000);
    EXPECT_EQ(later_seen.rows().at(0).total(), 1u);
}

TEST_F(NumbersFileTest, BeginsAnewWhenDamagedAndPutsItAside) {
    for (const char* damage :
         {"", "{", "[]", "{\"version\":2}", "{\"version\":1,\"presence\":[],\"would_block\":[]}"}) {
        std::ofstream(path) << damage;
        NumbersFile file(path, presence, would_block);
        const auto loaded = file.load();
        ASSERT_FALSE(loaded) << damage;
        EXPECT_THAT(loaded.error(), HasSubstr("begins anew"));
        EXPECT_TRUE(std::filesystem::exists(path + ".broken"));
        ASSERT_TRUE(file.save());
        EXPECT_TRUE(NumbersFile(path, presence, would_block).load());
    }
}

TEST_F(NumbersFileTest, SaysWhenItCannotBeWritten) {
    NumbersFile file((folder / "missing") + "/numbers.json", presence, would_block);
    EXPECT_FALSE(file.save());
}

}  // namespace
}  // namespace sluis
