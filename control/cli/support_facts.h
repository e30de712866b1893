// What the machine says of itself, for a support bundle: no addresses, no names of people or clients.
#pragma once

#include <vector>

#include "control/backup/tar_gzip.h"

namespace sluis {

/// Kernel, memory, huge pages, processors, network interfaces and the log of both programs, as far as this user may
/// read them. Names are those of the files in the bundle.
std::vector<ArchiveFile> machine_facts();

}  // namespace sluis
