// Refuses what goes to, or comes from, addresses of prefix rules: new TCP connections and all datagrams of UDP.
#pragma once

#include "dataplane/burst.h"
#include "dataplane/interface/counters.h"
#include "dataplane/interface/pipeline_policy.h"
#include "dataplane/match/address_prefix.h"
#include "dataplane/match/rule_set.h"
#include "dataplane/packet/plain_packet.h"

namespace sluis {

/// Looks at the far end only: where a frame from inside goes, where one from outside comes from.
class AddressGate {
public:
    explicit AddressGate(WorkerCounters& counters) noexcept : counters_(counters) {}

    /// Takes the prefixes of enforced categories into use. Allocates. REQUIRES: `rules` outlives its use.
    void use(const RuleSet& rules, const PipelinePolicy& policy);

    /// Whether a frame's far end is refused. One test when no prefix is in force.
    bool refuses(const PlainPacket& packet, Side ingress) const noexcept {
        return !table_.empty() && is_refused(packet, ingress);
    }
    /// Drops the packet when its far end is refused, and has a TCP connection reset and a QUIC client answered; false
    /// when it is not.
    bool refuse(Action& action) noexcept { return !table_.empty() && refuse_address(action); }
    /// Writes into a finding which rule refused the packet.
    void name_rule(const Packet& packet, Finding& finding) const noexcept;

private:
    std::uint32_t rule_of(const Packet& packet) const noexcept;
    bool is_refused(const PlainPacket& packet, Side ingress) const noexcept;
    bool refuse_address(Action& action) noexcept;

    WorkerCounters& counters_;
    AddressTable table_;
    const RuleSet* rules_ = nullptr;
};

}  // namespace sluis
