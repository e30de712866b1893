// What another policy would change, in words.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "control/policy/policy.h"
#include "dataplane/match/rule_set.h"

namespace sluis {

/// One line for each zone that comes, goes, has other clients, or treats a category otherwise at that moment, for each
/// name that is allowed or no longer is, and for the next moment at which `after` changes by itself. `before`: null
/// where no policy is in force. Categories that allow are left out.
std::vector<std::string> policy_difference(const Policy* before, const Policy& after,
                                           std::span<const Category> categories, std::int64_t time);

}  // namespace sluis
