// What a dry run says of the rules in a bundle, against those in force.
#include "control/rules/rule_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluis {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

RuleSource source(const std::string& text) {
    RuleSource made;
    std::vector<std::string> errors;
    read_rule_text("category = 'tiktok'\ndefault = 'on'\ncomment = 'c'\nsource = 's'\n" + text, "a.toml", made, errors);
    EXPECT_THAT(errors, IsEmpty());
    return made;
}

const char* kBefore = "suffix = [{name = 'a.example', comment = 'x'}, {name = 'b.example', comment = 'x'}]\n";

TEST(RuleDifference, NamesWhatIsNewAndWhatIsGone) {
    const RuleSource before = source(kBefore);
    EXPECT_THAT(rule_difference(before, before, 10), IsEmpty());
    const RuleSource after =
        source("suffix = [{name = 'b.example', comment = 'another'}]\nexact = [{name = 'a.example', comment = 'x'}]\n");
    EXPECT_THAT(rule_difference(before, after, 10),
                ElementsAre("- suffix a.example, tiktok", "+ exact a.example, tiktok"));
    EXPECT_THAT(rule_difference(before, after, 1), ElementsAre("- suffix a.example, tiktok", "and 1 more"));
}

}  // namespace
}  // namespace sluis
