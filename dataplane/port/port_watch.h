// What is seen of a pair's ports from outside of the frame path: links, and frames that were lost before the box.
#pragma once

#include "dataplane/interface/counters.h"
#include "dataplane/port/port_pair.h"

namespace sluis {

/// For the main thread, which is the one writer of `shared`. Both have to outlive it.
class PortWatch {
public:
    PortWatch(PortPair& pair, PairPorts& shared) noexcept : pair_(pair), shared_(shared) {}

    /// Asks both ports and stores what they say. A link that is another than the last time, or not up the first time,
    /// makes one line in the log. Makes system calls; once a second is often enough.
    void look();

private:
    void note_link(const PortInfo& port, PortCounters& counters, LinkState link) const;

    PortPair& pair_;
    PairPorts& shared_;
    bool looked_ = false;
};

}  // namespace sluis
