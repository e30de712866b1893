// What people are told before another policy comes into force.
#include "control/policy/policy_difference.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/policy/policy_source.h"

namespace sluis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<Category> kCategories = {{"tiktok", true}, {"policy-allow", false, true}};
constexpr std::int64_t kNow = 1'679'868'000;

Policy read(const std::string& text) {
    const auto policy =
        read_policy_text(text, "p.toml", [](const std::string& name) { return "MAC\n00:00:5e:00:53:" + name + "\n"; });
    if (!policy) ADD_FAILURE() << policy.error()[0];
    return policy ? *policy : Policy{};
}

std::string zone(const std::string& name, const std::string& matcher, const std::string& rule) {
    return "[[zone]]\nname = \"" + name + "\"\n" + matcher + "\n[[zone.rule]]\n" + rule + "\n";
}

std::string allow(const std::string& name) {
    return "[[allow]]\nname = \"" + name + "\"\nowner = \"o\"\nreason = \"r\"\nuntil = 2024-01-01T00:00:00Z\n";
}

const std::string kMonitor = "mode = \"monitor\"", kEnforce = "mode = \"enforce\"";

std::vector<std::string> between(const std::string& before, const std::string& after) {
    const Policy former = read(before);
    return policy_difference(&former, read(after), kCategories, kNow);
}

TEST(PolicyDifference, TheSameIsNone) {
    const std::string text = zone("a", "vlans = [1]", kMonitor) + zone("b", "", kEnforce);
    EXPECT_THAT(between(text, text), IsEmpty());
}

TEST(PolicyDifference, NamesModesThatChange) {
    EXPECT_THAT(between(zone("b", "", kMonitor), zone("b", "", kEnforce)),
                ElementsAre("zone b: tiktok: monitor -> enforce"));
}

TEST(PolicyDifference, NamesZonesThatComeAndGo) {
    EXPECT_THAT(between(zone("a", "vlans = [1]", kMonitor) + zone("b", "", kMonitor),
                        zone("c", "vlans = [1]", kEnforce) + zone("b", "", kMonitor)),
                ElementsAre("zone c: new", "zone c: tiktok: off -> enforce", "zone a: gone"));
}

TEST(PolicyDifference, NamesZonesWithOtherClients) {
    const auto policy = [](const std::string& matcher) {
        return zone("a", matcher, kMonitor) + zone("b", "", kMonitor);
    };
    for (const auto& [before, after] : {std::pair("vlans = [1]", "vlans = [2]"),
                                        {"prefixes = [\"10.0.0.0/8\"]", "prefixes = [\"10.0.0.0/9\"]"},
                                        {"pairs = [\"p\"]", "pairs = [\"q\"]"},
                                        {"devices = \"01\"", "devices = \"02\""},
                                        {"devices = \"01\"", "vlans = [1]"}})
        EXPECT_THAT(between(policy(before), policy(after)), ElementsAre("zone a: for other clients")) << after;
}

TEST(PolicyDifference, SaysWhenTheOrderChanges) {
    const std::string a = zone("a", "vlans = [1]", kMonitor), b = zone("b", "prefixes = [\"10.0.0.0/8\"]", kMonitor),
                      rest = zone("c", "", kMonitor);
    EXPECT_THAT(between(a + b + rest, b + a + rest), ElementsAre(HasSubstr("another order")));
}

TEST(PolicyDifference, NamesWhatIsAllowed) {
    const std::string zones = zone("b", "", kMonitor);
    EXPECT_THAT(between(zones + allow("x.example"), zones + allow("y.example")),
                ElementsAre("allowed: y.example until 2024-01-01T00:00:00+00:00", "no longer allowed: x.example",
                            HasSubstr("next change: ")));
    EXPECT_THAT(between(zones + allow("x.example"), zones + allow("x.example")), ElementsAre(HasSubstr("next change")));
}

TEST(PolicyDifference, WithoutAFormerOneItSaysAll) {
    EXPECT_THAT(
        policy_difference(nullptr, read(zone("b", "", kEnforce + "\nuntil = 2024-01-01T00:00:00Z")), kCategories, kNow),
        ElementsAre(HasSubstr("in place of [policy]"), "zone b: tiktok: off -> enforce",
                    "next change: 2024-01-01T00:00:00+00:00"));
}

}  // namespace
}  // namespace sluis
