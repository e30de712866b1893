// Which rules match a name, and why they are there: for people who ask, and for the self-test of a compiled set.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "control/rules/rule_source.h"
#include "dataplane/match/rule_set.h"

namespace sluis {

/// A rule that matches. Comment, source and location are empty when only the compiled set is at hand.
struct ExplainedRule {
    RuleKind kind = RuleKind::suffix;
    std::string name;
    std::string category;
    bool default_on = false;
    std::string comment;
    std::string source;
    std::string location;
};

struct Explanation {
    std::string name;                  ///< normalised
    std::vector<ExplainedRule> rules;  ///< in the order of the rule set; empty: nothing matches
    bool blocked_by_default() const;
};

std::string_view kind_name(RuleKind kind);

/// Explains a name or address written as text (a host name, a URL's authority). `source`: what `rules` were compiled
/// from, or null. Fails without memory.
tl::expected<Explanation, std::string> explain_name(const RuleSet& rules, const RuleSource* source,
                                                    std::string_view text);

/// Proves that a compiled set does what its source says: each suffix and exact rule matches its own name, a suffix rule
/// matches below it, and no rule that is on by default matches names that every network needs (needed_names.h) or has
/// prefixes that are too broad (prefix_breadth.h). The errors are one line each, with the rule's location.
std::vector<std::string> self_test(const RuleSet& rules, const RuleSource& source);

}  // namespace sluis
