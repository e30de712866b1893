// sluisctl counters: what the dataplane has counted, for people or as JSON.
#pragma once

namespace CLI {
class App;
}

namespace sluis {

/// Adds `counters [--runtime DIR] [-o table|json]`. The command leaves its exit status in `status` (0, or 1 when there
/// are no counters to read). REQUIRES: `status` outlives the parsing.
void add_counters_command(CLI::App& app, int& status);

}  // namespace sluis
