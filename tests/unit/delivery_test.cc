// Rules and policy on their way to the disk and the dataplane, with a clock that the test sets.
#include "control/delivery/delivery.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/rules/allowed_names.h"
#include "control/rules/rule_compiler.h"
#include "dataplane/interface/zone_table.h"
#include "scratch_folder.h"

namespace sluis {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t kEarlier = 1'679'781'600;  ///< a day before
constexpr std::int64_t kMarch27 = 1'679'868'000;  ///< 2023-03-27T00:00:00+02:00
constexpr const char* kZones = R"([policy]
time_zone = "Europe/Brussels"
[[zone]]
name = "wifi"
prefixes = ["10.1.0.0/16"]
  [[zone.rule]]
  mode = "enforce"
  from = 2023-03-27
  review_by = 2023-09-27
[[zone]]
name = "others"
  [[zone.rule]]
  mode = "monitor"
)";
constexpr const char* kAllow = R"(
[[allow]]
name = "campaign.example"
owner = "press office"
reason = "ours"
until = 2023-06-01
)";

std::vector<std::byte> compiled(const std::vector<std::string>& allowed, const std::string& name = "tiktok.com") {
    RuleSource source;
    std::vector<std::string> errors;
    read_rule_text("category = \"tiktok\"\ndefault = \"on\"\ncomment = \"c\"\nsource = \"s\"\nsuffix = [ { name = \"" +
                       name + "\", comment = \"c\" } ]\n",
                   "r.toml", source, errors);
    EXPECT_THAT(errors, IsEmpty());
    if (!allowed.empty()) add_allowed_names(source, allowed);
    const auto made = compile_rules(source);
    EXPECT_TRUE(made) << made.error();
    return made ? *made : std::vector<std::byte>{};
}

class DeliveryTest : public testing::Test {
protected:
    std::unique_ptr<Delivery> started() {
        return std::make_unique<Delivery>(
            DeliverySettings{
                folder_ / "policy.toml", folder_ / "state", folder_ / "compiled", folder_ / "zones", {"pair0"}},
            PolicyTime{[this] { return clock_; }, 0});
    }
    void restart() {
        delivery_ = nullptr;
        delivery_ = started();
    }
    void write_policy(const std::string& text) { std::ofstream(folder_ / "policy.toml") << text; }
    /// What the thread that makes rules does.
    void look(const std::string& name = "tiktok.com") {
        delivery_->look();
        const auto names = delivery_->allowed_names();
        if (!made_ || *made_ != std::pair(names, name)) EXPECT_TRUE(delivery_->adopt(compiled(names, name), names));
        made_ = {names, name};
        delivery_->take_up();
    }
    void go_to(std::int64_t time) {
        clock_.now = time;
        delivery_->follow_clock();
    }
    std::vector<std::byte> content(const std::string& name) const {
        std::ifstream file(folder_ / name, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        const Bytes bytes = as_bytes(text);
        return {bytes.begin(), bytes.end()};
    }
    std::vector<std::string> alarms() const {
        std::vector<std::string> names;
        for (const DeliveryAlarm& alarm : delivery_->view()->alarms) names.emplace_back(alarm.name);
        return names;
    }
    /// What the zone table on disk does with the rules' category "tiktok" in a zone.
    ZoneMode mode_on_disk(std::size_t zone) const {
        const auto bytes = content("zones");
        const auto table = ZoneTable::load(bytes);
        EXPECT_TRUE(table) << table.error();
        EXPECT_EQ(table->rule_set_digest(), digest_on_disk());
        for (std::size_t i = 0; i < table->category_count(); ++i)
            if (table->category(i) == "tiktok") return table->mode(zone, i);
        ADD_FAILURE() << "no such category";
        return ZoneMode::off;
    }
    std::string digest_on_disk() const {
        const auto rules = RuleSet::load(content("compiled"));
        EXPECT_TRUE(rules) << rules.error();
        return std::string((*rules)->digest());
    }

    ScratchFolder folder_;
    ClockReading clock_{kEarlier, true};
    std::unique_ptr<Delivery> delivery_ = started();
    std::optional<std::pair<std::vector<std::string>, std::string>> made_;
};

TEST_F(DeliveryTest, WantsNothingBeforeThereAreRules) {
    write_policy(kZones);
    delivery_->look();
    delivery_->take_up();
    EXPECT_FALSE(delivery_->take_news());
    EXPECT_EQ(delivery_->view()->policy, nullptr);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "zones"));
}

TEST_F(DeliveryTest, SaysThatItStartsUntilItKnows) {
    EXPECT_EQ(delivery_->view()->origin(), "starting") << "nobody has looked";
    delivery_->look();
    EXPECT_EQ(delivery_->view()->origin(), "none") << "there is no file";
    const std::string without = delivery_->view()->etag;
    write_policy(kZones);
    delivery_ = started();
    delivery_->look();
    EXPECT_EQ(delivery_->view()->origin(), "starting") << "its rules are not there";
    EXPECT_NE(delivery_->view()->etag, without);
    look();
    EXPECT_EQ(delivery_->view()->origin(), "file");
}

TEST_F(DeliveryTest, AFileThatComesLaterIsNoStart) {
    look();
    write_policy(kZones);
    delivery_->look();
    EXPECT_EQ(delivery_->view()->origin(), "none");
    look();
    EXPECT_EQ(delivery_->view()->origin(), "file");
}

TEST_F(DeliveryTest, WithoutAPolicyItWantsRulesAlone) {
    std::ofstream(folder_ / "zones") << "of an earlier policy";
    look();
    const auto news = delivery_->take_news();
    ASSERT_TRUE(news);
    EXPECT_EQ(news->zones, nullptr);
    EXPECT_EQ(news->rules_digest, digest_on_disk());
    EXPECT_FALSE(std::filesystem::exists(folder_ / "zones"));
    EXPECT_FALSE(delivery_->take_news());
    EXPECT_EQ(delivery_->view()->origin(), "none");
    EXPECT_THAT(alarms(), IsEmpty());
}

TEST_F(DeliveryTest, ThePhaseFollowsTheClockOntoTheDiskAndToTheDataplane) {
    write_policy(kZones);
    look();
    const auto first = delivery_->take_news();
    ASSERT_TRUE(first && first->zones);
    EXPECT_EQ(*first->zones, content("zones"));
    EXPECT_EQ(mode_on_disk(0), ZoneMode::off);
    EXPECT_EQ(mode_on_disk(1), ZoneMode::monitor);
    go_to(kMarch27 - 1);
    EXPECT_FALSE(delivery_->take_news());
    const std::string etag = delivery_->view()->etag;
    go_to(kMarch27);
    const auto second = delivery_->take_news();
    ASSERT_TRUE(second && second->zones);
    EXPECT_EQ(second->rules, first->rules);
    EXPECT_NE(second->zones_digest, first->zones_digest);
    EXPECT_EQ(mode_on_disk(0), ZoneMode::enforce);
    EXPECT_NE(delivery_->view()->etag, etag);
    EXPECT_THAT(alarms(), IsEmpty());
}

TEST_F(DeliveryTest, AnOverdueReviewRaisesAnAlarmAndChangesNothing) {
    clock_.now = kMarch27;
    restart();
    write_policy(kZones);
    look();
    const auto first = delivery_->take_news();
    go_to(4'102'444'800);  // 2100
    EXPECT_THAT(alarms(), ElementsAre("policy_review_overdue"));
    const auto second = delivery_->take_news();
    EXPECT_TRUE(!second || second->zones_digest == first->zones_digest);
    EXPECT_EQ(mode_on_disk(0), ZoneMode::enforce);
}

TEST_F(DeliveryTest, TheSamePolicyAndRulesGiveTheSameTableAfterARestart) {
    clock_.now = kMarch27 + 5;
    restart();
    write_policy(kZones);
    look();
    const auto before = delivery_->take_news();
    clock_.now += 100'000;
    restart();
    made_.reset();
    look();
    const auto after = delivery_->take_news();
    ASSERT_TRUE(before && after);
    EXPECT_EQ(before->zones_digest, after->zones_digest);
    EXPECT_EQ(before->rules_digest, after->rules_digest);
}

TEST_F(DeliveryTest, AClockThatIsNotFollowedKeepsThePhaseOverARestart) {
    write_policy(kZones);
    look();
    go_to(kMarch27);
    EXPECT_EQ(mode_on_disk(0), ZoneMode::enforce);
    clock_ = {0, true};
    delivery_->follow_clock();
    EXPECT_THAT(alarms(), ElementsAre("policy_clock"));
    EXPECT_TRUE(delivery_->view()->clock_held);
    clock_ = {kMarch27 + 5, false};
    restart();
    made_.reset();
    look();
    EXPECT_EQ(mode_on_disk(0), ZoneMode::enforce);
    EXPECT_EQ(delivery_->view()->time, kMarch27);
    EXPECT_THAT(alarms(), ElementsAre("policy_clock"));
}

TEST_F(DeliveryTest, OtherRulesComeWithATableOfTheirOwn) {
    write_policy(kZones);
    look();
    const auto before = delivery_->take_news();
    look("other.example");
    const auto after = delivery_->take_news();
    ASSERT_TRUE(before && after);
    EXPECT_NE(before->rules_digest, after->rules_digest);
    EXPECT_EQ(mode_on_disk(1), ZoneMode::monitor);
    EXPECT_EQ(after->rules_digest, digest_on_disk());
}

TEST_F(DeliveryTest, AllowedNamesAndTheirPolicyComeIntoForceTogether) {
    write_policy(kZones);
    look();
    delivery_->take_news();
    write_policy(std::string(kZones) + kAllow);
    delivery_->look();
    delivery_->take_up();
    EXPECT_FALSE(delivery_->take_news()) << "before there are rules with the name";
    EXPECT_THAT(delivery_->view()->policy->policy.allowed, IsEmpty());
    EXPECT_THAT(delivery_->allowed_names(), ElementsAre("campaign.example"));
    look();
    const auto news = delivery_->take_news();
    ASSERT_TRUE(news && news->zones);
    EXPECT_EQ(delivery_->view()->policy->policy.allowed.size(), 1u);
    EXPECT_THAT(alarms(), IsEmpty());
}

TEST_F(DeliveryTest, RulesThatLackItsNamesDoNotBringAPolicyIntoForce) {
    write_policy(kZones);
    look();
    write_policy(std::string(kZones) + kAllow);
    delivery_->look();
    ASSERT_TRUE(delivery_->adopt(compiled({}, "other.example"), {})) << "made before the policy was read";
    EXPECT_THAT(delivery_->view()->policy->policy.allowed, IsEmpty());
    EXPECT_THAT(delivery_->allowed_names(), ElementsAre("campaign.example"));
    look("other.example");
    EXPECT_EQ(delivery_->view()->policy->policy.allowed.size(), 1u);
}

TEST_F(DeliveryTest, ANameWhoseTimeIsOverIsNoLongerAskedForAndAlarms) {
    write_policy(std::string(kZones) + kAllow);
    look();
    go_to(1'685'570'400);  // 2023-06-01, in Brussels
    EXPECT_THAT(delivery_->allowed_names(), IsEmpty());
    EXPECT_THAT(alarms(), ElementsAre("policy_allow_ended"));
    delivery_->take_news();
    look();
    EXPECT_TRUE(delivery_->take_news());
}

TEST_F(DeliveryTest, ABrokenPolicyIsAnAlarmAndTheLastGoodOneStaysOverARestart) {
    write_policy(kZones);
    look();
    go_to(kMarch27);
    write_policy("[[zone]]\nnaem = \"x\"\n");
    look();
    EXPECT_THAT(alarms(), ElementsAre("policy_refused"));
    EXPECT_THAT(delivery_->view()->alarms[0].message, HasSubstr("policy.toml:2:1: "));
    EXPECT_EQ(delivery_->view()->origin(), "file");
    restart();
    made_.reset();
    look();
    EXPECT_EQ(delivery_->view()->origin(), "last_good");
    EXPECT_THAT(alarms(), ElementsAre("policy_refused"));
    EXPECT_EQ(mode_on_disk(0), ZoneMode::enforce);
    write_policy(kZones);
    look();
    EXPECT_EQ(delivery_->view()->origin(), "file");
    EXPECT_THAT(alarms(), IsEmpty());
}

TEST_F(DeliveryTest, APolicyThatGoesLeavesTheConfigurationsForEverybody) {
    write_policy(kZones);
    look();
    delivery_->take_news();
    std::filesystem::remove(folder_ / "policy.toml");
    look();
    EXPECT_TRUE(std::filesystem::exists(folder_ / "zones"));
    look();
    const auto news = delivery_->take_news();
    ASSERT_TRUE(news);
    EXPECT_EQ(news->zones, nullptr);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "zones"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "state/last-good"));
}

TEST_F(DeliveryTest, SaysWhichCategoriesAndPairsThereAreNot) {
    write_policy(
        "[[zone]]\nname = \"x\"\npairs = [\"pair7\"]\n[[zone.rule]]\ncategories = [\"tiktak\"]\n"
        "mode = \"enforce\"\n[[zone]]\nname = \"y\"\n");
    look();
    EXPECT_THAT(alarms(), ElementsAre("policy_category_unknown", "policy_pair_unknown"));
    EXPECT_THAT(delivery_->judge(delivery_->view()->policy->policy), ElementsAre(HasSubstr("policy.toml:4:1: ")));
}

TEST_F(DeliveryTest, WhatTheDiskDoesNotTakeIsStillHandedOver) {
    std::filesystem::create_directory(folder_ / "zones");
    std::ofstream(std::filesystem::path(folder_ / "zones") / "full") << "x";
    write_policy(kZones);
    look();
    EXPECT_THAT(alarms(), ElementsAre("zones_not_written"));
    const auto news = delivery_->take_news();
    ASSERT_TRUE(news);
    EXPECT_NE(news->zones, nullptr);
}

TEST_F(DeliveryTest, RulesThatCannotBeLoadedChangeNothing) {
    look();
    delivery_->take_news();
    const auto refused = delivery_->adopt(std::vector<std::byte>(300), {});
    ASSERT_FALSE(refused);
    EXPECT_FALSE(delivery_->take_news());
    EXPECT_THAT(alarms(), Not(Contains("zones_not_written")));
}

}  // namespace
}  // namespace sluis
