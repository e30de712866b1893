// What is seen of a pair's ports from outside of the frame path: links, and frames that were lost before the box; and
// links that follow each other.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "dataplane/interface/counters.h"
#include "dataplane/link_follower.h"
#include "dataplane/port/port_pair.h"

namespace sluis {

/// For the main thread, which is the one writer of `shared`. Both have to outlive it.
class PortWatch {
public:
    /// `missed_frames`: of the pair's set; what the pair misses is added. `follow`: a port is taken down while its
    /// partner has no link.
    PortWatch(PortPair& pair, PairPorts& shared, std::atomic<std::uint64_t>& missed_frames, bool follow) noexcept
        : pair_(pair), shared_(shared), missed_frames_(missed_frames) {
        if (follow) follower_.emplace();
    }

    /// Asks both ports and stores what they say. A link that is another than the last time, or not up the first time,
    /// makes one line in the log. Makes system calls; once a second is often enough.
    void look();
    /// Lets up a port that is held down. For the end: whoever moves frames then needs it.
    void let_up();

private:
    void note_link(const PortInfo& port, PortCounters& counters, LinkState link) const;
    void follow();
    void carry_out(const LinkFollower::Order& order);

    PortPair& pair_;
    PairPorts& shared_;
    std::atomic<std::uint64_t>& missed_frames_;
    std::optional<LinkFollower> follower_;
    bool looked_ = false;
};

}  // namespace sluis
