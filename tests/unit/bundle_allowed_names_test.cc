// Names that the policy of a box lets pass, in the set that is compiled of a bundle.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle_harness.h"
#include "control/bundle/trial.h"
#include "control/rules/allowed_names.h"
#include "control/rules/rule_explanation.h"
#include "dataplane/match/rule_set.h"

namespace sluis {
namespace {

using testing::HasSubstr;

wire::TrialRequest request_of(std::string_view text) {
    wire::TrialRequest request;
    request.add_files()->set_name("rules.toml");
    request.mutable_files(0)->set_content(std::string(text));
    return request;
}

/// Whether a name is in a category that allows.
bool is_allowed(const RuleSet& rules, const std::string& name) {
    const auto found = explain_name(rules, nullptr, name);
    if (!found) return false;
    return std::any_of(found->rules.begin(), found->rules.end(), [&](const ExplainedRule& rule) {
        const auto categories = rules.categories();
        return std::any_of(categories.begin(), categories.end(),
                           [&](const Category& category) { return category.name == rule.category && category.allows; });
    });
}

TEST(AllowedNames, AreInTheSetWithAllBelowThem) {
    wire::TrialRequest request = request_of(test::kRuleText);
    request.add_allowed_names("www.tiktok.com");
    request.add_allowed_names("elsewhere.example");
    const auto outcome = run_trial(request, {}, find_trial_program());
    ASSERT_TRUE(outcome) << describe(outcome.error());
    const auto rules = RuleSet::load(outcome->compiled);
    ASSERT_TRUE(rules) << rules.error();
    for (const char* name : {"www.tiktok.com", "a.www.tiktok.com", "elsewhere.example"})
        EXPECT_TRUE(is_allowed(**rules, name)) << name;
    for (const char* name : {"tiktok.com", "xwww.tiktok.com", "example"})
        EXPECT_FALSE(is_allowed(**rules, name)) << name;
}

TEST(AllowedNames, AreNoPartOfTheBundlesOwnTests) {
    wire::TrialRequest request = request_of(test::kRuleText);
    wire::SelfTest& test = *request.add_tests();
    test.set_name("www.tiktok.com");
    test.set_expected(wire::EXPECTATION_MATCH);
    test.set_category("tiktok");
    request.add_allowed_names("tiktok.com");
    const auto outcome = run_trial(request, {}, find_trial_program());
    EXPECT_TRUE(outcome) << describe(outcome.error());
}

TEST(AllowedNames, GiveTheSameBytesAgain) {
    wire::TrialRequest request = request_of(test::kRuleText);
    const auto without = run_trial(request, {}, find_trial_program());
    request.add_allowed_names("a.example");
    const auto first = run_trial(request, {}, find_trial_program());
    const auto second = run_trial(request, {}, find_trial_program());
    ASSERT_TRUE(without && first && second);
    EXPECT_EQ(first->compiled, second->compiled);
    EXPECT_NE(first->compiled, without->compiled);
}

TEST(AllowedNames, AreForTheBoxAloneToSay) {
    const std::string text = "category = \"" + std::string(kAllowedCategory) +
                             "\"\ndefault = \"on\"\ncomment = \"c\"\nsource = \"s\"\n"
                             "suffix = [ { name = \"tiktok.com\", comment = \"c\" } ]\n";
    const auto outcome = run_trial(request_of(text), {}, find_trial_program());
    EXPECT_EQ(test::code_of(outcome), BundleCode::rules_wrong);
    EXPECT_THAT(outcome.error().message, HasSubstr("policy-allow"));
}

}  // namespace
}  // namespace sluis
