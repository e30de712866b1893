// What --help prints.
#pragma once

namespace sluis {

extern const char* const kUsage;

}  // namespace sluis
