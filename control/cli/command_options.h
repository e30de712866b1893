// Options that several groups of commands have, each described once.
#pragma once

#include <string>

#include "control/cli/api_connection.h"
#include "control/cli/command.h"

namespace sluis {

/// -o,--output: `json` becomes whether it is to be JSON.
void add_format_option(const Command& command, bool& json);

/// --rules: what commands look into. REQUIRES: `path` outlives the parsing, as with all of these.
void add_rules_option(const Command& command, std::string& path);

/// --runtime: where the box's programs have their sockets and counters.
void add_runtime_option(const Command& command, std::string& directory);

/// --runtime, --server and what goes with it: which sluis-control is asked.
void add_target_options(const Command& command, ApiTarget& target);

}  // namespace sluis
