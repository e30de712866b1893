// A capture has no ports: which side of the bridge did a frame come from?
#pragma once

#include <cstdint>

#include "control/cli/inspect/recent_map.h"
#include "dataplane/packet/packet.h"

namespace sluis {

/// Decides once for each pair of addresses, by the first packet between them, and remembers it, so that all of their
/// frames (later fragments, too, which have no ports) agree. Clients are put inside. The inspection reads names in
/// both directions alike, so that a wrong guess changes only what `Side` means for that pair.
/// Bounded: past the limit the pairs not seen for longest are forgotten, and decided anew by the same rules.
class SideTable {
public:
    explicit SideTable(std::size_t pair_limit = 1 << 18) : low_side_(pair_limit) {}

    /// The side that `frame` came from. Reads the frame; `frame.ingress` is of no influence.
    Side ingress_of(Frame& frame);

private:
    /// Two addresses (of IP, or of Ethernet for other frames), the lower one first.
    struct Pair {
        IpAddress low;
        IpAddress high;
        bool operator==(const Pair&) const = default;
    };
    struct PairHash {
        std::size_t operator()(const Pair& pair) const noexcept {
            return AddressHash{}(pair.low) * 31 + AddressHash{}(pair.high);
        }
    };

    RecentMap<Pair, Side, PairHash> low_side_;  ///< where the lower address is
};

/// The side that a packet's sender is on, as far as one packet can tell: who opens a connection is inside, and who
/// answers from the lower port is outside.
Side guess_side(const Packet& packet) noexcept;

}  // namespace sluis
