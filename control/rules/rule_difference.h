// What one rule source has that another has not, for people who are to install it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "control/rules/rule_source.h"

namespace sluis {

/// A line for each rule that is new ("+ suffix tiktok.com, tiktok") or gone ("- …"), the gone ones first, each by name;
/// no more than `limit` of both, and then one that says how many more there are.
std::vector<std::string> rule_difference(const RuleSource& before, const RuleSource& after, std::size_t limit);

}  // namespace sluis
