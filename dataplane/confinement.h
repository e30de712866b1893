// What the dataplane gives up once it forwards. To open ports takes capabilities (packet sockets CAP_NET_RAW, memory
// that devices reach CAP_IPC_LOCK, parting a kernel's bridge CAP_NET_ADMIN); to move frames takes none.
#pragma once

#include "dataplane/interface/config.h"

namespace sluis {

/// For each worker, before its first frame: no capability is left. What cannot be given up is said in the log.
void confine_worker();

/// For the main thread, once ports are started and before workers are: it keeps CAP_NET_ADMIN where it has to take
/// interfaces of the kernel down and up ([[pair]] follow_link), and nothing else; the EAL's interrupt thread follows
/// within a moment. System calls are refused to all threads.
void confine_process(const Config& config);

}  // namespace sluis
