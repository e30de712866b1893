#include "dataplane/port/outbox.h"

#include <rte_errno.h>

#include <cstring>

namespace sluis {

Ring make_ring(const std::string& name) {
    return Ring(rte_ring_create(name.c_str(), kRingFrames, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ));
}

std::string out_of_memory(const std::string& what) {
    return "no memory for " + what + " (" + std::strerror(rte_errno) +
           "); give more ([eal] memory_mib, or hugepages), or ask for less ([frames] buffers, mtu)";
}

}  // namespace sluis
