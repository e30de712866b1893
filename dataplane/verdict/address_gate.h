// Refuses what goes to, or comes from, addresses of prefix rules: new TCP connections and all datagrams of UDP.
#pragma once

#include "dataplane/burst.h"
#include "dataplane/generation.h"
#include "dataplane/interface/counters.h"
#include "dataplane/match/address_prefix.h"
#include "dataplane/packet/plain_packet.h"

namespace sluis {

/// Looks at the far end only: where a frame from inside goes, where one from outside comes from.
class AddressGate {
public:
    explicit AddressGate(LiveCounters& counters) noexcept : counters_(counters) {}

    /// Takes the prefixes of enforced categories into use. REQUIRES: the generation outlives its use.
    void use(const Generation& generation, std::size_t worker) noexcept;
    /// Whether `refuse` counts what would be refused: the pair is on monitor.
    void only_monitor(bool only) noexcept { only_monitor_ = only; }

    /// Whether a frame's far end is refused to some zone's clients. One test when no prefix is in force.
    bool may_refuse(const PlainPacket& packet, Side ingress) const noexcept {
        return in_force_ && is_listed(packet, ingress);
    }
    /// Drops the packet when its far end is refused to its client's zone, and has a TCP connection reset and a QUIC
    /// client answered; false when it is not.
    bool refuse(Action& action) noexcept { return in_force_ && refuse_address(action); }
    /// Writes into a finding which rule refused the packet.
    void name_rule(const Packet& packet, Finding& finding) const noexcept;

private:
    struct Refused {
        std::uint32_t rule = AddressTable::kNone;  ///< kNone: it is not
        std::size_t zone = 0;
    };
    Refused refused(const Packet& packet) const noexcept;
    bool is_listed(const PlainPacket& packet, Side ingress) const noexcept;
    bool refuse_address(Action& action) noexcept;

    LiveCounters& counters_;
    const Generation* generation_ = nullptr;
    const LinkPairs* pairs_ = nullptr;  ///< the generation's
    bool in_force_ = false;             ///< some prefix is
    bool only_monitor_ = false;
};

}  // namespace sluis
