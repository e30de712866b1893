// What is said at the end: where every frame went.
#pragma once

#include "dataplane/port/port_pair.h"
#include "dataplane/worker.h"

namespace sluis {

/// One line on standard output: all that a worker counted of frames.
void print_accounts(const Worker& worker);
/// One line in the log for each port: the frames that the device lost before the box received them.
void log_missed(PortPair& pair);

}  // namespace sluis
