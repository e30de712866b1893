// The rule source of a bundle, for people who ask what it would do.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "control/rules/rule_source.h"

namespace sluis {

/// Reads the rules of a bundle, for people and never for a box: its signatures are not verified, and a line on standard
/// error says so. The errors are one line each; locations are BUNDLE/file:line:column.
tl::expected<RuleSource, std::vector<std::string>> read_bundle_source(const std::string& path);

}  // namespace sluis
