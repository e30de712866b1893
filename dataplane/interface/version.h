// The version of the project that the programs are of.
#pragma once

namespace sluis {

/// "0.1.0".
extern const char* const kVersion;

}  // namespace sluis
