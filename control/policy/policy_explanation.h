// What the policy does with one name for one client at one moment, and why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "control/policy/policy_phase.h"
#include "control/rules/rule_explanation.h"
#include "control/rules/rule_source.h"
#include "dataplane/match/rule_set.h"

namespace sluis {

/// The client as it is asked about; what is left out is not known, or not there.
struct PolicyQuestion {
    std::string name;    ///< a host name or an address
    std::string client;  ///< an address
    std::string mac;
    std::string pair;
    std::vector<std::uint16_t> vlans;  ///< outermost first; none: untagged
    std::int64_t time = 0;             ///< seconds since 1970-01-01 UTC
};

/// A rule that matches the name, and what the zone does with its category.
struct PolicyMatch {
    ExplainedRule rule;
    CategoryPhase phase;
    std::string why;
};

struct PolicyAnswer {
    std::string name;                      ///< normalised
    std::string verdict;                   ///< "block", "monitor" or "allow"
    std::size_t zone = 0;                  ///< index in the policy
    std::vector<std::string> matchers;     ///< by what the client is in the zone
    const AllowedName* allowed = nullptr;  ///< what lets the name pass, whatever its rules say
    std::vector<PolicyMatch> matches;
    PolicyPhase phase;
};

/// Asks the zone table and the rule set that a dataplane would ask. The error is one line.
tl::expected<PolicyAnswer, std::string> explain_policy(const Policy& policy, const RuleSet& rules,
                                                       const RuleSource* source, const PolicyQuestion& question);

}  // namespace sluis
