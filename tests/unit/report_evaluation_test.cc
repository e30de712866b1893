// The evaluation as people get it: sums, CSV that spreadsheets read as text, and a page without anybody's markup.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "control/history/calendar.h"
#include "control/history/history_store.h"
#include "control/report/bar_plot.h"
#include "control/report/evaluation.h"
#include "scratch_folder.h"

namespace sluis {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kHostile = "<img src=x onerror=alert(1)>\"'&,=1+1";

struct EvaluationTest : testing::Test {
    api::Evaluation make() {
        const std::int64_t first = parse_date("2026-01-30").value();
        HistoryBatch batch;
        batch.days[{first - 1, {"wifi", "tiktok", "tls"}}] = {1000, 1000};  // before its time
        batch.days[{first, {"wifi", "tiktok", "tls"}}] = {1, 10};
        batch.days[{first, {"wifi", "tiktok", "dns"}}] = {2, 20};
        batch.days[{first + 5, {"wifi", "tiktok", "dns"}}] = {4, 40};
        batch.days[{first + 5, {kHostile, "tiktok", "dns"}}] = {8, 80};
        batch.outages[{"mode", "pair0", first * kSecondsOfDay}] = {
            {"mode", "pair0", kHostile}, first * kSecondsOfDay, 0};
        batch.rulesets.push_back({first * kSecondsOfDay, "current", 7, "abc"});
        batch.phases.push_back({first * kSecondsOfDay, "def", kHostile});
        auto store = HistoryStore::open(folder / "history.db", first * kSecondsOfDay);
        EXPECT_TRUE(store->save(batch));
        auto reader = HistoryReader::open(folder / "history.db");
        const std::vector<PresenceDay> presence{{"2026-01-29", {{"wifi", "tiktok", 99, 99}}},
                                                {"2026-02-01", {{"wifi", "tiktok", 12, 12}}},
                                                {"2026-02-02", {{"wifi", "tiktok", 7, 9}}}};
        return evaluate(*reader, presence, {"<b>box17</b>", first, first + 5, (first + 5) * kSecondsOfDay, nullptr})
            .value();
    }
    ScratchFolder folder;
};

TEST_F(EvaluationTest, AddsUpByMonthDayAndProtocol) {
    const api::Evaluation made = make();
    EXPECT_EQ(made.from(), "2026-01-30");
    EXPECT_EQ(made.to(), "2026-02-04");
    EXPECT_EQ(made.refused(), 15u);
    EXPECT_EQ(made.would_refuse(), 150u);
    ASSERT_EQ(made.months_size(), 3);
    EXPECT_EQ(made.months(0).period(), "2026-01");
    EXPECT_EQ(made.months(0).refused(), 3u);
    ASSERT_EQ(made.days_size(), 6) << "days without any, too";
    EXPECT_EQ(made.days(5).would_refuse(), 120u);
    ASSERT_EQ(made.protocols_size(), 2);
    EXPECT_EQ(made.protocols(0).protocol(), "dns");
    EXPECT_EQ(made.protocols(0).refused(), 14u);
    ASSERT_EQ(made.devices_size(), 1);
    EXPECT_EQ(made.devices(0).devices(), 12u);
    EXPECT_EQ(made.devices(0).days(), 2u);
    ASSERT_EQ(made.outages_size(), 1);
    EXPECT_EQ(made.rulesets(0).sequence(), 7u);
}

TEST_F(EvaluationTest, WritesCsvThatIsNoFormula) {
    api::Evaluation made = make();
    made.mutable_outages(0)->set_detail("=HYPERLINK(\"x\")");
    const std::string csv = evaluation_csv(made);
    EXPECT_THAT(csv, HasSubstr("\r\nmonth,2026-01,,wifi,tiktok,,3,30,,,,,,,\r\n"));
    EXPECT_THAT(csv, HasSubstr(",\"'=HYPERLINK(\"\"x\"\")\"\r\n"));
    EXPECT_THAT(csv, HasSubstr("\"<img src=x onerror=alert(1)>\"\"'&,=1+1\""));
    EXPECT_THAT(csv, HasSubstr("ruleset,2026-01-30T00:00:00Z,,,,,,,,,,7,abc,current,\r\n"));
}

TEST_F(EvaluationTest, WritesAPageThatHoldsNobodysMarkup) {
    const std::string page = evaluation_html(make());
    EXPECT_THAT(page, Not(HasSubstr("<img")));
    EXPECT_THAT(page, HasSubstr("&lt;img src=x onerror=alert(1)&gt;"));
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_THAT(page, HasSubstr("Box &lt;b&gt;box17&lt;/b&gt;."));
    EXPECT_THAT(page, HasSubstr("15 attempts were refused. 150 more were seen and let pass"));
}

TEST(BarPlot, GroupsDigitsAndHoldsAnyNumber) {
    EXPECT_EQ(grouped(7), "7");
    EXPECT_EQ(grouped(1234567), "1\u202f234\u202f567");
    EXPECT_THAT(bar_plot({}, "<b>"), HasSubstr("aria-label=\"&lt;b&gt;\""));
    const std::string plot = bar_plot({{"a", ~0ull >> 3, 0}, {"b", 0, 0}}, "t");
    EXPECT_THAT(plot, HasSubstr("class=\"lower\""));
    EXPECT_THAT(plot, Not(HasSubstr("class=\"upper\""))) << "what is zero has no bar";
}

}  // namespace
}  // namespace sluis
