// The rules that a command is to look into: a source, a bundle or a compiled set.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "control/rules/rule_source.h"
#include "dataplane/match/rule_set.h"

namespace sluis {

using Lines = std::vector<std::string>;

/// A set with its source, where there is one.
struct NamedRules {
    RuleSource source;
    bool has_source = false;
    std::unique_ptr<RuleSet> set;
    std::size_t compiled_size = 0;  ///< bytes
    std::chrono::milliseconds compile_time{0};
    std::vector<std::byte> compiled;  ///< only of a source
};

/// Reads the rules that are named, or the shipped ones.
tl::expected<RuleSource, Lines> read_rules(const Lines& paths);
/// Compiles, loads and proves rules.
tl::expected<NamedRules, Lines> build_rules(tl::expected<RuleSource, Lines> source);
/// Reads and builds what `path` names, which may be a bundle or a compiled set too; without a path, the shipped rules.
tl::expected<NamedRules, Lines> open_named_rules(const std::string& path);

/// What people paste: a URL is taken for its host.
std::string host_of(std::string name);

}  // namespace sluis
