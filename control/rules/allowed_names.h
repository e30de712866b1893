// Names that the policy of a box lets pass, as rules: a category of its own that allows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/rules/rule_source.h"

namespace sluis {

/// What the category is called. No rule bundle may have one of that name.
inline constexpr std::string_view kAllowedCategory = "policy-allow";

bool has_allowed_category(const RuleSource& source);

/// Adds a suffix rule for each name. REQUIRES: the names are normalised (read_rule_name), and the category is not there
/// yet.
void add_allowed_names(RuleSource& source, const std::vector<std::string>& names);

}  // namespace sluis
