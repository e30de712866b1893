// What contradicts itself in a policy, or can have no effect.
#pragma once

#include <string>
#include <vector>

#include "control/policy/policy.h"

namespace sluis {

/// Errors: two rules of a zone that say different things of one category at one time; a zone that no client reaches,
/// since a zone before it takes them all. Warnings: two rules that say the same; values of a matcher that a zone before
/// takes. Each is one line and names both places.
void find_overlaps(const Policy& policy, std::vector<std::string>& errors, std::vector<std::string>& warnings);

}  // namespace sluis
