// Frames captured on the host that sent them, before its network card filled in their checksums.
#pragma once

#include "control/cli/inspect/recent_map.h"
#include "dataplane/packet/packet.h"

namespace sluis {

/// Such frames look damaged in a capture and never were on a wire. A bridge drops damaged frames, so they have to be
/// told apart: they hold the sum of the pseudo-header where the checksum belongs (as Linux leaves it), or the first
/// packet that the capture has of their sender is wrong already. A sender that began with right checksums is held to
/// them.
class ChecksumOffload {
public:
    explicit ChecksumOffload(std::size_t sender_limit = 1 << 18) : offloading_(sender_limit) {}

    /// Sets the frame's `ip_checksum` and `l4_checksum` to good where the card would have made them so.
    void mark(Frame& frame);

private:
    RecentMap<IpAddress, bool, AddressHash> offloading_;
};

}  // namespace sluis
