// The rules that sluis-inspect judges a capture by.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/match/rule_set.h"

namespace sluis {

/// The key set that is trusted where none is named.
inline constexpr const char* kFactoryKeys = SLUIS_FACTORY_FOLDER "/factory.keyset";

/// What the command line says of them.
struct RuleChoice {
    std::string path;  ///< empty: the shipped rules
    /// The first one that is trusted, and its successors in order; none: what the installation brings.
    std::vector<std::string> key_sets;
};

/// Why the two cannot be meant together, empty when they can: keys verify nothing but a bundle.
std::string why_no_choice(const RuleChoice& choice);

/// Loads a compiled set, compiles rule source, or makes of a bundle (which it has to be where keys are named) all the
/// checks of a box that has it in force: of a bundle that has expired the rules still say what they would do. The error
/// may have several lines.
tl::expected<std::unique_ptr<RuleSet>, std::string> load_rules(const RuleChoice& choice);

}  // namespace sluis
