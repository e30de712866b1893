// From rule source to the compiled set that the dataplane loads.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "control/rules/rule_source.h"

namespace sluis {

/// The most suffix and exact rules that are compiled into the engine's database. Of a larger set they are looked up in
/// a NameTable instead, since the engine's compiler takes minutes for hundreds of thousands of them (README.md).
inline constexpr std::size_t kEngineNames = 4096;

/// Compiles for this machine and its engine. The same rules give the same bytes, in whatever order they were read.
/// The error is one line, with the location of the rule that the engine refuses.
tl::expected<std::vector<std::byte>, std::string> compile_rules(const RuleSource& source,
                                                                std::size_t engine_names = kEngineNames);

/// Compiles and loads.
tl::expected<std::unique_ptr<RuleSet>, std::string> compile_and_load(const RuleSource& source);

/// Loads what a user names: a compiled set, a source file (*.toml) or a directory of them. The error may have several
/// lines.
tl::expected<std::unique_ptr<RuleSet>, std::string> open_rules(const std::string& path);

}  // namespace sluis
