// From the configuration file to what a pipeline is told to do.
#pragma once

#include <span>
#include <string>

#include <tl/expected.hpp>

#include "dataplane/interface/config.h"
#include "dataplane/interface/pipeline_policy.h"
#include "dataplane/match/rule_set.h"

namespace sluis {

/// Enforces the categories that are on by default, less those in `policy.off`, and those in `policy.enforce`. A
/// category that the rule set does not have, or that is in both lists, is an error: one line for people, with its place
/// in the file. The result borrows the refusal's texts from `config`, which has to outlive it.
tl::expected<PipelinePolicy, std::string> make_policy(const Config& config, std::span<const Category> categories);

inline tl::expected<PipelinePolicy, std::string> make_policy(const Config& config, const RuleSet& rules) {
    return make_policy(config, rules.categories());
}

}  // namespace sluis
