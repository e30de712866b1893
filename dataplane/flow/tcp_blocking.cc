// Flows that are refused: what becomes of their frames, and what is kept of them.
#include "dataplane/flow/tcp_tracker.h"
#include "dataplane/packet/checksum.h"

namespace sluis {

/// Whether a flow was refused with a part of a hello at its server, and neither end told of it: its rest must not pass.
bool TcpTracker::is_unfinished(Reason reason) noexcept {
    return reason == Reason::hello_timeout || reason == Reason::hello_evicted;
}

void TcpTracker::block(std::uint32_t slot, Reason reason, Nanoseconds now) noexcept {
    TcpFlow& flow = flows_[slot];
    if (flow.state == FlowState::blocked) return;
    flow.state = FlowState::blocked;
    flow.blocked_at = kNone;  // the frames of this burst that came before go on
    flow.reason = reason;
    flow.deadline = now + limits_.blocked_flow;
    flow.message_opened = 0;
    ++(*blocks_)[static_cast<std::size_t>(reason)];
    count_as_blocked(slot, now);
    if (!is_unfinished(reason)) return remember_ended(slot);  // an answer may need its bytes, until the burst's end
    flow.remember_until = now + limits_.unfinished_hello;
    release_bytes(slot, now);
}

/// A blocked flow takes nothing of its source's share of undecided ones. The oldest beyond the share of blocked ones is
/// forgotten: both its ends were reset, or it is remembered as a ForgottenHello.
void TcpTracker::count_as_blocked(std::uint32_t slot, Nanoseconds now) noexcept {
    constexpr std::uint32_t kAtOnce = 4;
    const std::uint32_t share = flows_[slot].budget;
    budget_.charge(share, Budget::blocked_flows, 1, ~0u);
    budget_.give_back(share, Budget::flows);
    const std::uint32_t source = budget_.whole(share);
    const std::uint32_t queue = queue_of_sender(source, SenderQueue::blocked);
    by_sender_.push_back(slot, queue);
    for (std::uint32_t i = 0; i < kAtOnce; ++i) {
        const std::uint32_t oldest = by_sender_.front(queue);
        // Frames of this burst still wait for it.
        const bool needed = oldest == slot || flows_[oldest].touched >= now;
        if (needed || budget_.held(source, Budget::blocked_flows) <= limits_.blocked_flows_per_source) return;
        evict(oldest, now);
    }
}

/// Undoes `block` for a new connection on the same ports. Returns false when its source has its share of flows.
bool TcpTracker::count_as_undecided(std::uint32_t slot) noexcept {
    const std::uint32_t share = flows_[slot].budget;
    if (flows_[slot].state != FlowState::blocked) return true;
    if (!budget_.charge(share, Budget::flows, 1, limits_.flows_per_source)) return false;
    budget_.give_back(share, Budget::blocked_flows);
    by_sender_.erase(slot);
    return true;
}

/// Keeps no bytes of a blocked flow any longer, but the numbers for a reset.
void TcpTracker::release_bytes(std::uint32_t slot, Nanoseconds now) noexcept {
    TcpFlow& flow = flows_[slot];
    for (TcpDirection& direction : flow.directions) {
        direction.base = contiguous_end(direction);
        direction.read = 0;
    }
    release_buffers(flow);
    place(slot, now);
}

/// Frames of a blocked flow are dropped; whoever still sends data learns that there is no connection.
void TcpTracker::on_blocked(Burst& burst, Action& action, std::uint32_t slot, std::uint8_t direction,
                            const TcpSegment& segment, Nanoseconds now) noexcept {
    TcpFlow& flow = flows_[slot];
    if (!concerns_blocked(flow, direction, segment))
        return on_stranger(burst, action, slot, segment, Reason::flow_blocked, now);
    flow.deadline = now + limits_.blocked_flow;
    const std::uint8_t flags = tcp_flags(action.packet.transport);
    Refusal answer = Refusal::none;
    if (is_unfinished(flow.reason) && (flags & kTcpRst) == 0) {
        action.receiver_next = contiguous_end(flow.directions[direction]);
        return action.drop(Reason::flow_blocked, Refusal::reset_both);  // the other end has not heard of it yet
    }
    if ((flags & kTcpRst) == 0 && (!flow.answered_by_box || direction != flow.client)) answer = Refusal::reset_sender;
    if (flow.answered_by_box && direction == flow.client && (flags & kTcpFin)) answer = Refusal::acknowledge;
    action.drop(Reason::flow_blocked, answer);
}

/// A frame on the ports of a flow of which only a ForgottenHello is left.
void TcpTracker::on_forgotten(Burst& burst, Action& action, const DirectedKey& key, std::uint64_t hashed,
                              ForgottenHello hello, Nanoseconds now) noexcept {
    if (!transport_checksum_holds(action.packet)) return action.drop(Reason::tcp_checksum);
    const auto segment = read_tcp_segment(action.packet.transport);
    if (!segment) return action.drop(segment.error());
    if (segment->has(kTcpSyn) && !segment->has(kTcpAck))
        return reopen(burst, action, key, hashed, hello, *segment, now);
    on_stranger(burst, action, kNone, *segment, Reason::flow_blocked, now);
}

/// A SYN may be another connection's, or die on the way to make us forget: the flow stays blocked until it is answered.
void TcpTracker::reopen(Burst& burst, Action& action, const DirectedKey& key, std::uint64_t hashed,
                        ForgottenHello hello, const TcpSegment& segment, Nanoseconds now) noexcept {
    const std::uint32_t slot = insert(action.packet, key, hashed, action, now);
    if (slot == kNone) return;
    forgotten_.erase(hashed, hello);
    TcpFlow& flow = flows_[slot];
    flow.midstream = true;
    flow.state = FlowState::blocked;
    flow.blocked_at = kNone;
    flow.reason = Reason::hello_evicted;
    flow.deadline = now + limits_.blocked_flow;
    flow.remember_until = hello.until * kSecond;
    flow.directions[hello.client].base = hello.client_next;
    flow.directions[hello.client].seen = true;
    count_as_blocked(slot, now);
    place(slot, now);
    on_syn(burst, action, slot, key.direction, segment, now);
}

}  // namespace sluis
