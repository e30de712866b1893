// Time travel: what policies say from 1970 to 2100, the examples that ship among them.
#include "control/policy/policy_phase.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/policy/policy_explanation.h"
#include "control/policy/policy_source.h"
#include "control/rules/rule_compiler.h"

namespace sluis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<Category> kCategories = {{"tiktok", true}, {"shared-overseas", true}, {"encrypted-dns", false}};

Policy read(const std::string& text) {
    const auto policy = read_policy_text("[policy]\ntime_zone = \"Europe/Brussels\"\n" + text, "p.toml",
                                         [](const std::string&) { return std::string("MAC\n00:00:5e:00:53:01\n"); });
    if (!policy) ADD_FAILURE() << policy.error()[0];
    return policy ? *policy : Policy{};
}

Policy example(const std::string& name) {
    const auto policy = read_policy(std::string(SLUIS_SOURCE_DIR) + "/control/policy/examples/" + name);
    if (!policy) ADD_FAILURE() << policy.error()[0];
    return policy ? *policy : Policy{};
}

std::int64_t at(const std::string& text) {
    static const TimeZone zone = *TimeZone::find("Europe/Brussels");
    const auto time = read_moment(text, &zone);
    if (!time) ADD_FAILURE() << time.error();
    return time.value_or(0);
}

/// The modes of one zone, a letter a category.
std::string modes(const Policy& policy, std::size_t zone, const std::string& time) {
    std::string letters;
    const PolicyPhase all = phase_at(policy, kCategories, at(time));
    for (const CategoryPhase& phase : all.zones[zone])
        letters += kZoneModeNames[static_cast<std::size_t>(phase.mode)][0];
    return letters;
}

TEST(PolicyPhase, TheBrusselsExample) {
    const Policy policy = example("brussels.toml");
    EXPECT_THAT(policy.warnings, IsEmpty());
    ASSERT_EQ(policy.zones.size(), 4u);
    struct Row {
        const char* time;
        const char *wifi, *service, *annex;
        std::size_t alarms;
    };
    const Row rows[] = {
        {"@0", "ooo", "ooo", "ooo", 0},
        {"2023-03-26", "ooo", "ooo", "ooo", 0},
        {"2023-03-26T03:30:00", "ooo", "ooo", "ooo", 0},
        {"2023-03-26T23:59:59", "ooo", "ooo", "ooo", 0},
        {"2023-03-27", "eeo", "ooo", "mmo", 0},
        {"2023-03-30T23:59:59", "eeo", "ooo", "mmo", 0},
        {"2023-03-31", "eeo", "eeo", "mmo", 0},
        {"2023-09-26T23:59:59", "eeo", "eeo", "mmo", 0},
        {"2023-09-27", "eeo", "eeo", "mmo", 2},
        {"2023-09-30", "eeo", "eeo", "mmo", 3},
        {"2023-10-29T02:30:00+01:00", "eeo", "eeo", "mmo", 3},
        {"2038-01-19T03:14:08Z", "eeo", "eeo", "mmo", 3},
        {"2100-01-01", "eeo", "eeo", "mmo", 3},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(modes(policy, 0, row.time), row.wifi) << row.time;
        EXPECT_EQ(modes(policy, 1, row.time), row.service) << row.time;
        EXPECT_EQ(modes(policy, 2, row.time), row.annex) << row.time;
        EXPECT_EQ(modes(policy, 3, row.time), "ooo") << row.time;
        EXPECT_EQ(phase_at(policy, kCategories, at(row.time)).alarms.size(), row.alarms) << row.time;
    }
}

TEST(PolicyPhase, TheMechelenExample) {
    const Policy policy = example("mechelen.toml");
    EXPECT_THAT(policy.warnings, IsEmpty());
    ASSERT_EQ(policy.zones.size(), 1u);
    for (const char* time : {"@0", "2023-03-27", "2100-01-01"}) EXPECT_EQ(modes(policy, 0, time), "eeo") << time;
    EXPECT_THAT(phase_at(policy, kCategories, at("2023-09-08")).alarms, IsEmpty());
    EXPECT_EQ(phase_at(policy, kCategories, at("2023-09-09")).alarms.size(), 1u);
}

TEST(PolicyPhase, WalksFromChangeToChange) {
    const Policy policy = example("brussels.toml");
    std::vector<std::string> changes;
    std::int64_t time = 0;
    for (auto next = phase_at(policy, kCategories, time).next_change; next && changes.size() < 20;
         next = phase_at(policy, kCategories, time).next_change) {
        EXPECT_GT(*next, time);
        time = *next;
        changes.push_back(policy.show(time));
    }
    EXPECT_THAT(changes, ElementsAre("2023-03-27T00:00:00+02:00", "2023-03-31T00:00:00+02:00",
                                     "2023-09-27T00:00:00+02:00", "2023-09-30T00:00:00+02:00"));
}

TEST(PolicyPhase, NothingChangesBetweenChanges) {
    const Policy policy = example("brussels.toml");
    for (std::int64_t time = at("2023-03-01"); time < at("2023-11-01"); time += 7'200) {
        const PolicyPhase now = phase_at(policy, kCategories, time);
        const std::int64_t until = now.next_change.value_or(time + 1);
        const PolicyPhase last = phase_at(policy, kCategories, until - 1);
        EXPECT_EQ(now.alarms.size(), last.alarms.size());
        for (std::size_t zone = 0; zone < now.zones.size(); ++zone)
            for (std::size_t i = 0; i < kCategories.size(); ++i)
                EXPECT_EQ(now.zones[zone][i].mode, last.zones[zone][i].mode) << policy.show(time);
    }
}

TEST(PolicyPhase, RulesOfOneZoneFollowEachOther) {
    const Policy policy = read(R"(
[[zone]]
name = "all"
[[zone.rule]]
mode = "monitor"
from = 2023-03-01
until = 2023-03-27
[[zone.rule]]
mode = "enforce"
from = 2023-03-27
review_by = 2023-09-27
until = 2024-03-27
[[zone.rule]]
categories = ["shared-overseas"]
mode = "off"
from = 2023-06-01
until = 2023-07-01
[[zone.rule]]
categories = ["encrypted-dns"]
mode = "enforce"
from = 2025-01-01
)");
    const auto reason = [&](std::size_t category, const std::string& time) {
        return why(policy, 0, phase_at(policy, kCategories, at(time)).zones[0][category]);
    };
    EXPECT_EQ(modes(policy, 0, "2023-02-28"), "ooo");
    EXPECT_EQ(modes(policy, 0, "2023-03-01"), "mmo");
    EXPECT_EQ(modes(policy, 0, "2023-03-27"), "eeo");
    EXPECT_EQ(modes(policy, 0, "2023-06-01"), "eoo");
    EXPECT_EQ(modes(policy, 0, "2023-07-01"), "eeo");
    EXPECT_EQ(modes(policy, 0, "2024-03-27"), "ooo");
    EXPECT_EQ(modes(policy, 0, "2025-01-01"), "ooe");
    EXPECT_EQ(reason(0, "2023-01-01"), "the rule at line 6 (monitor) begins at 2023-03-01T00:00:00+01:00");
    EXPECT_EQ(reason(0, "2023-10-01"),
              "by the rule at line 10, since 2023-03-27T00:00:00+02:00, until 2024-03-27T00:00:00+01:00, "
              "review overdue since 2023-09-27T00:00:00+02:00");
    EXPECT_EQ(reason(1, "2023-06-15"),
              "by the rule at line 15, since 2023-06-01T00:00:00+02:00, until "
              "2023-07-01T00:00:00+02:00");
    EXPECT_EQ(reason(0, "2024-05-01"), "the rule at line 10 (enforce) ended at 2024-03-27T00:00:00+01:00");
    EXPECT_EQ(reason(2, "2024-05-01"), "the rule at line 20 (enforce) begins at 2025-01-01T00:00:00+01:00");
    // A review of what has ended is nobody's business.
    EXPECT_EQ(phase_at(policy, kCategories, at("2024-03-26")).alarms.size(), 1u);
    EXPECT_THAT(phase_at(policy, kCategories, at("2024-03-27")).alarms, IsEmpty());
}

TEST(PolicyPhase, AlarmsNameTheRule) {
    const Policy policy = example("mechelen.toml");
    const auto alarms = phase_at(policy, kCategories, at("2024-01-01")).alarms;
    ASSERT_EQ(alarms.size(), 1u);
    EXPECT_EQ(alarms[0].zone, "city");
    EXPECT_EQ(alarms[0].since, at("2023-09-09"));
    EXPECT_THAT(alarms[0].description, HasSubstr("enforce: those on by default) was due by 2023-09-09T00:00:00+02:00"));
}

TEST(PolicyPhase, AllowedNamesEnd) {
    const Policy policy = read(
        "[[zone]]\nname = \"a\"\n[[allow]]\nname = \"ads.tiktok.com\"\nowner = \"o\"\n"
        "reason = \"r\"\nuntil = 2023-06-01\n");
    const PolicyPhase before = phase_at(policy, kCategories, at("2023-05-31T23:59:59"));
    EXPECT_THAT(before.allowed, ElementsAre(0));
    EXPECT_EQ(before.next_change, at("2023-06-01"));
    for (const char* name : {"ads.tiktok.com", "www.ads.tiktok.com"})
        EXPECT_NE(find_allowed(policy, before, name), nullptr);
    for (const char* name : {"tiktok.com", "xads.tiktok.com", "com", ""})
        EXPECT_EQ(find_allowed(policy, before, name), nullptr);
    const PolicyPhase after = phase_at(policy, kCategories, at("2023-06-01"));
    EXPECT_THAT(after.allowed, IsEmpty());
    EXPECT_EQ(after.next_change, std::nullopt);
    EXPECT_EQ(find_allowed(policy, after, "ads.tiktok.com"), nullptr);
}

TEST(PolicyPhase, BecomesATable) {
    const Policy policy = example("brussels.toml");
    const PolicyPhase phase = phase_at(policy, kCategories, at("2023-03-28"));
    const auto image = make_zone_table(zone_plan(policy, phase, kCategories, std::string(64, 'd'), 3));
    ASSERT_TRUE(image) << image.error();
    const auto table = ZoneTable::load(*image);
    ASSERT_TRUE(table) << table.error();
    EXPECT_EQ(table->generation(), 3u);
    EXPECT_EQ(table->language(0), "fr");
    ZoneQuery query;
    EXPECT_EQ(table->name(table->zone_of(query)), "elsewhere");
    query.device = 0x0000'5e00'5304;
    EXPECT_EQ(table->name(table->zone_of(query)), "service-devices");
    EXPECT_EQ(table->mode(1, 0), ZoneMode::off);
    query.outer_vlan = query.inner_vlan = 110;
    EXPECT_EQ(table->name(table->zone_of(query)), "iris-tower-wifi");
    EXPECT_EQ(table->mode(0, 0), ZoneMode::enforce);
}

/// A rule set of three names, compiled.
class PolicyExplanationTest : public testing::Test {
protected:
    PolicyExplanationTest() {
        Lines errors;
        read_rule_text(
            "category = \"tiktok\"\ndefault = \"on\"\ncomment = \"c\"\nsource = \"s\"\n"
            "suffix = [ { name = \"tiktok.com\", comment = \"the app\" } ]\n",
            "t.toml", source_, errors);
        read_rule_text(
            "category = \"encrypted-dns\"\ndefault = \"off\"\ncomment = \"c\"\nsource = \"s\"\n"
            "exact = [ { name = \"dns.example\", comment = \"a resolver\" } ]\n",
            "d.toml", source_, errors);
        EXPECT_THAT(errors, IsEmpty());
        compiled_ = *compile_rules(source_);
        rules_ = *RuleSet::load(compiled_);
    }
    PolicyAnswer ask(const Policy& policy, const PolicyQuestion& question) const {
        const auto answer = explain_policy(policy, *rules_, &source_, question);
        if (!answer) ADD_FAILURE() << answer.error();
        return answer ? *answer : PolicyAnswer{};
    }

    RuleSource source_;
    std::vector<std::byte> compiled_;
    std::unique_ptr<RuleSet> rules_;
};

TEST_F(PolicyExplanationTest, SaysWhatBecomesOfAName) {
    const Policy policy = example("brussels.toml");
    struct Row {
        PolicyQuestion question;
        const char *time, *zone, *by, *verdict;
    };
    const Row rows[] = {
        {{"www.tiktok.com", "10.1.1.1", "", "", {110}}, "2023-03-28", "iris-tower-wifi", "VLAN 110", "block"},
        {{"www.tiktok.com", "10.1.1.1", "", "", {9, 110}}, "2023-03-28", "iris-tower-wifi", "VLAN 110", "block"},
        {{"www.tiktok.com", "10.1.1.1", "", "", {110}}, "2023-03-26", "iris-tower-wifi", "VLAN 110", "allow"},
        {{"www.example.org", "10.1.1.1", "", "", {110}}, "2023-03-28", "iris-tower-wifi", "VLAN 110", "allow"},
        {{"dns.example", "10.1.1.1", "", "", {110}}, "2023-03-28", "iris-tower-wifi", "VLAN 110", "allow"},
        {{"tiktok.com", "10.1.1.1", "00-00-5E-00-53-02", "", {}},
         "2023-03-30",
         "service-devices",
         "device 00:00:5e:00:53:02 of service-devices.csv",
         "allow"},
        {{"tiktok.com", "10.1.1.1", "00-00-5E-00-53-02", "", {}},
         "2023-03-31",
         "service-devices",
         "device 00:00:5e:00:53:02 of service-devices.csv",
         "block"},
        {{"tiktok.com", "10.21.1.1", "", "", {210}}, "2023-03-31", "annex-personal", "VLAN 210", "monitor"},
        {{"tiktok.com", "10.22.1.1", "", "", {210}}, "2023-03-31", "elsewhere", "everybody", "allow"},
        {{"tiktok.com", "2001:db8:21::9", "", "", {210}}, "2100-03-31", "annex-personal", "VLAN 210", "monitor"},
    };
    for (const Row& row : rows) {
        PolicyQuestion question = row.question;
        question.time = at(row.time);
        const PolicyAnswer answer = ask(policy, question);
        ASSERT_LT(answer.zone, policy.zones.size());
        EXPECT_EQ(policy.zones[answer.zone].name, row.zone) << question.name << " " << row.time;
        EXPECT_EQ(answer.matchers.at(0), row.by) << question.name << " " << row.time;
        EXPECT_EQ(answer.verdict, row.verdict) << question.name << " " << row.time;
    }
}

TEST_F(PolicyExplanationTest, AllowedNamesGoFirst) {
    const Policy policy = read(
        "[[zone]]\nname = \"a\"\n[[zone.rule]]\nmode = \"enforce\"\n[[allow]]\n"
        "name = \"ads.tiktok.com\"\nowner = \"o\"\nreason = \"r\"\nuntil = 2023-06-01\n");
    EXPECT_EQ(ask(policy, {"x.ads.tiktok.com", "10.0.0.1", "", "", {}, at("2023-05-01")}).verdict, "allow");
    EXPECT_EQ(ask(policy, {"x.ads.tiktok.com", "10.0.0.1", "", "", {}, at("2023-06-01")}).verdict, "block");
    EXPECT_EQ(ask(policy, {"www.tiktok.com", "10.0.0.1", "", "", {}, at("2023-05-01")}).verdict, "block");
}

TEST_F(PolicyExplanationTest, SaysWhatIsWrongWithAQuestion) {
    const Policy policy = example("mechelen.toml");
    EXPECT_THAT(explain_policy(policy, *rules_, nullptr, {"a.example", "here"}).error(),
                HasSubstr("--client \"here\""));
    EXPECT_THAT(explain_policy(policy, *rules_, nullptr, {"a.example", "10.0.0.1", "x"}).error(),
                HasSubstr("--mac \"x\""));
}

}  // namespace
}  // namespace sluis
