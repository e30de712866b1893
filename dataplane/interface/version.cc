#include "dataplane/interface/version.h"

namespace sluis {

const char* const kVersion = SLUIS_VERSION;

}  // namespace sluis
