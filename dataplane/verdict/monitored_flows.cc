#include "dataplane/verdict/monitored_flows.h"

#include <algorithm>
#include <utility>

#include "dataplane/packet/checksum.h"
#include "dataplane/packet/tcp_segment.h"
#include "dataplane/verdict/client_zone.h"

namespace sluis {
namespace {

/// What the ends of a flow are told with a frame that is dropped; `first`: with the first one.
Refusal answer_for(const Packet& packet, Side opener, bool first) noexcept {
    if (packet.protocol == kProtocolTcp) return first ? Refusal::reset_both : Refusal::reset_sender;
    return packet.ingress() == opener ? Refusal::quic_close_first : Refusal::none;
}

}  // namespace

MonitoredFlows::MonitoredFlows(std::uint32_t limit, LiveCounters& counters, std::uint64_t seed)
    : counters_(counters), seed_(seed), limit_(limit), flows_(std::make_unique<Flow[]>(limit)), index_(limit) {}

void MonitoredFlows::use(const Generation& generation, std::size_t worker) noexcept {
    generation_ = &generation;
    pairs_ = &generation.pairs(worker);
}

std::uint32_t MonitoredFlows::find(std::uint8_t protocol, const FlowKey& key) const noexcept {
    return index_.find(hash(key, seed_), [&](std::uint32_t slot) {
        return flows_[slot].protocol == protocol && flows_[slot].key == key;
    });
}

void MonitoredFlows::remember(const Packet& packet, std::uint16_t category, Nanoseconds now) noexcept {
    const FlowKey key = directed_key(packet).key;
    std::uint32_t slot = find(packet.protocol, key);
    if (slot == kNone) {
        slot = next_;
        next_ = (next_ + 1) % limit_;
        if (flows_[slot].protocol != 0) {
            ++counters_.errors[static_cast<std::size_t>(Reason::monitored_forgotten)];
            forget(slot);
        }
        ++used_;
        flows_[slot].key = key;
        flows_[slot].hash = hash(key, seed_);
        flows_[slot].protocol = packet.protocol;
        flows_[slot].opener = packet.ingress();
        index_.insert(flows_[slot].hash, slot);
    }
    Flow& flow = flows_[slot];
    flow.client = client_of(packet, *pairs_);
    flow.link = packet.frame->link;
    flow.category = generation_->category_id(category);
    // No generation has the number 0: what a pair on monitor saw is looked at once it is inline.
    flow.generation = only_remember_ ? 0 : static_cast<std::uint32_t>(generation_->number());
    set_cut(flow, false, now);
}

void MonitoredFlows::forget(std::uint32_t slot) noexcept {
    Flow& flow = flows_[slot];
    if (flow.cut) --cut_;
    index_.erase(flow.hash, slot);
    flow = {};
    --used_;
}

void MonitoredFlows::set_cut(Flow& flow, bool cut, Nanoseconds now) noexcept {
    if (cut == flow.cut) return;
    flow.cut = cut;
    flow.told = false;
    flow.touched = now;
    cut ? ++cut_ : --cut_;
}

void MonitoredFlows::advance(Nanoseconds now) noexcept {
    if (used_ == 0 || only_remember_) return;
    for (std::uint32_t i = 0; i < std::min(kLookedAtPerTick, limit_); ++i) {
        if (flows_[looked_].protocol != 0) look_at(looked_, now);
        looked_ = (looked_ + 1) % limit_;
    }
}

/// A category that the rules do not have any more, or that passes now, lets its flows go on.
void MonitoredFlows::look_at(std::uint32_t slot, Nanoseconds now) noexcept {
    Flow& flow = flows_[slot];
    const auto number = static_cast<std::uint32_t>(generation_->number());
    if (flow.generation != number) {
        flow.generation = number;
        flow.client.pair = (*pairs_)[flow.link];
        const std::uint16_t category = generation_->find_category(flow.category);
        const bool enforced = category != Generation::kNoCategory && !generation_->allows(category) &&
                              generation_->mode(generation_->zone_of(flow.client), category) == ZoneMode::enforce;
        set_cut(flow, enforced, now);
    }
    if (flow.cut && now - flow.touched > kCutFlow) forget(slot);
}

bool MonitoredFlows::refuse_flow(Action& action, Nanoseconds now) noexcept {
    if (only_remember_) return false;
    const Packet& packet = action.packet;
    const std::uint32_t slot = find(packet.protocol, directed_key(packet).key);
    if (slot == kNone) return false;
    Flow& flow = flows_[slot];
    if (packet.protocol != kProtocolTcp) {
        if (!flow.cut) return false;
    } else {
        const auto segment = read_tcp_segment(packet.transport);
        if (!segment || !transport_checksum_holds(packet)) return false;  // whoever reads it next drops it
        // A server that answers a new SYN has forgotten the old connection; a client alone could only say so.
        if (segment->has(kTcpSyn) && segment->has(kTcpAck) && packet.ingress() != flow.opener) forget(slot);
        if (segment->has(kTcpSyn) || segment->has(kTcpRst) || !flow.cut) return false;
        action.receiver_next = segment->seq;
    }
    flow.touched = now;
    action.protocol = Protocol::none;
    const bool first = !std::exchange(flow.told, true);
    if (first) ++counters_.blocks[static_cast<std::size_t>(Reason::enforcement_began)];
    action.drop(first ? Reason::enforcement_began : Reason::flow_blocked, answer_for(packet, flow.opener, first));
    return true;
}

}  // namespace sluis
