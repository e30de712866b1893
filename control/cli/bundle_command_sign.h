// Signing, for bundles and key sets alike.
#pragma once

#include <string>

#include "control/bundle/envelope.h"
#include "control/cli/command.h"

namespace sluis {

/// Reads a PEM file with a public key.
Checked<PublicKey> load_public_key(const std::string& path);

/// Adds `payload` and `sign` to a group.
void add_sign_commands(const Command& group, Purpose purpose);

}  // namespace sluis
