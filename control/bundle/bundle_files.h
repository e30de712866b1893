// Bundles, notes and key sets by the paths that people give to a command.
#pragma once

#include <string>
#include <vector>

#include "control/bundle/envelope.h"
#include "control/bundle/key_set.h"

namespace sluis {

/// Reads and parses an envelope that may lack signatures.
Checked<wire::Envelope> load_envelope(const std::string& path, std::size_t size_limit);

/// Whether a file is an envelope, signed or not. A rule file is none, nor is a compiled set.
bool is_bundle(const std::string& path);

/// Reads key sets: the first, which is trusted, and its successors in order. Returns the last.
Checked<KeySet> load_key_sets(const std::vector<std::string>& paths);

}  // namespace sluis
