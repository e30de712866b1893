// Making a bundle of rule source: the same source and the same plan give the same bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "control/bundle/bundle.pb.h"

namespace sluis {

struct BundlePlan {
    std::vector<std::string> sources;     ///< rule files (*.toml) and folders of them
    std::vector<std::string> test_files;  ///< see self_test_source.h
    std::vector<std::string> boards;
    std::uint64_t sequence = 0;
    std::uint64_t min_sequence = 0;
    std::int64_t created = 0;
    std::int64_t expires = 0;
    std::string origin;
    std::string notes;
    wire::RuleLimits limits;
};

/// Reads and packs what the plan names; rules with mistakes are refused. The errors are one line each. What the rules
/// do is not tried: see try_bundle.
tl::expected<wire::RuleBundle, std::vector<std::string>> make_rule_bundle(const BundlePlan& plan);

}  // namespace sluis
