#include "dataplane/verdict/address_gate.h"

#include <cstring>

#include "dataplane/packet/checksum.h"
#include "dataplane/packet/tcp_segment.h"
#include "dataplane/verdict/client_zone.h"

namespace sluis {

void AddressGate::use(const Generation& generation, std::size_t worker) noexcept {
    generation_ = &generation;
    pairs_ = &generation.pairs(worker);
    in_force_ = !generation.addresses().empty();
}

bool AddressGate::is_listed(const PlainPacket& packet, Side ingress) const noexcept {
    const std::size_t size = packet.ipv6 ? 16 : 4;
    IpAddress far;
    std::memcpy(far.bytes.data(), packet.addresses + (ingress == Side::inside ? size : 0), size);
    return generation_->addresses().find(far, packet.ipv6) != AddressTable::kNone;
}

/// By the prefixes of all zones first, since few packets need their client's zone.
AddressGate::Refused AddressGate::refused(const Packet& packet) const noexcept {
    const Endpoints& ends = packet.endpoints;
    const Endpoint& far = packet.ingress() == Side::inside ? ends.destination : ends.source;
    if (generation_->addresses().find(far.address, ends.ipv6) == AddressTable::kNone) return {};
    const std::size_t zone = generation_->zone_of(client_of(packet, *pairs_));
    return {generation_->addresses(zone).find(far.address, ends.ipv6), zone};
}

bool AddressGate::refuse_address(Action& action) noexcept {
    const auto [rule, zone] = refused(action.packet);
    if (rule == AddressTable::kNone) return false;
    action.protocol = Protocol::ip;
    action.drop(Reason::address_rule);
    const std::size_t category = generation_->category_slot(generation_->rules().rule(rule).category);
    LiveZoneCounts& counts = only_monitor_ ? counters_.zone_monitored : counters_.zone_blocked;
    ++counts[generation_->zone_slot(zone)][category][static_cast<std::size_t>(Protocol::ip)];
    auto& blocks = only_monitor_ ? counters_.would_block : counters_.blocks;
    ++blocks[static_cast<std::size_t>(Reason::address_rule)];
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
    const auto [id, zone] = refused(packet);
    if (id == AddressTable::kNone) return;
    const Rule rule = generation_->rules().rule(id);
    finding.rule = rule.name;
    finding.category = generation_->category_name(rule.category);
    finding.zone = generation_->zone_name(zone);
}

}  // namespace sluis
