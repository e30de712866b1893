#include "dataplane/verdict/address_gate.h"

#include <cstring>
#include <vector>

#include "dataplane/packet/checksum.h"
#include "dataplane/packet/tcp_segment.h"

namespace sluis {

void AddressGate::use(const RuleSet& rules, const PipelinePolicy& policy) {
    std::vector<AddressRule> enforced;
    for (const AddressRule& each : rules.address_rules()) {
        const std::uint16_t category = rules.rule(each.rule).category;
        if (category < policy.enforced.size() && policy.enforced[category]) enforced.push_back(each);
    }
    table_ = AddressTable(enforced);
    rules_ = &rules;
}

bool AddressGate::is_refused(const PlainPacket& packet, Side ingress) const noexcept {
    const std::size_t size = packet.ipv6 ? 16 : 4;
    IpAddress far;
    std::memcpy(far.bytes.data(), packet.addresses + (ingress == Side::inside ? size : 0), size);
    return table_.find(far, packet.ipv6) != AddressTable::kNone;
}

std::uint32_t AddressGate::rule_of(const Packet& packet) const noexcept {
    const Endpoints& ends = packet.endpoints;
    const Endpoint& far = packet.ingress() == Side::inside ? ends.destination : ends.source;
    return table_.find(far.address, ends.ipv6);
}

bool AddressGate::refuse_address(Action& action) noexcept {
    if (rule_of(action.packet) == AddressTable::kNone) return false;
    action.protocol = Protocol::ip;
    action.drop(Reason::address_rule);
    ++counters_.blocks[static_cast<std::size_t>(Reason::address_rule)];
    // A QUIC client that hears nothing waits for many seconds before it gives up.
    if (action.packet.protocol == kProtocolUdp && action.packet.ingress() == Side::inside)
        action.refusal = Refusal::quic_close_first;
    if (action.packet.protocol != kProtocolTcp || !transport_checksum_holds(action.packet)) return true;
    const auto segment = read_tcp_segment(action.packet.transport);
    if (!segment || segment->has(kTcpRst)) return true;
    // The receiver has nothing of a connection whose SYN was dropped.
    action.receiver_next = segment->seq;
    action.refusal = segment->has(kTcpSyn) ? Refusal::reset_sender : Refusal::reset_both;
    return true;
}

void AddressGate::name_rule(const Packet& packet, Finding& finding) const noexcept {
    const std::uint32_t id = rule_of(packet);
    if (id == AddressTable::kNone) return;
    const Rule rule = rules_->rule(id);
    finding.rule = rule.name;
    finding.category = rules_->categories()[rule.category].name;
}

}  // namespace sluis
