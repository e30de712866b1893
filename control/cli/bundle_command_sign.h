// Signing, for bundles and key sets alike.
#pragma once

#include <string>

#include "control/bundle/envelope.h"

namespace CLI {
class App;
}

namespace sluis {

/// Reads a PEM file with a public key.
Checked<PublicKey> load_public_key(const std::string& path);

/// Adds `payload` and `sign` to a group.
void add_sign_commands(CLI::App& group, Purpose purpose, int& status);

}  // namespace sluis
