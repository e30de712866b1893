// Who goes when there is no room: the flow that costs least to be forgotten, the one first that was quiet for longest.
//
// A hello of which the server has a part is never just forgotten, since its rest would pass as a stranger's bytes: its
// flow is refused, and what is left of it is a ForgottenHello.
#include <algorithm>

#include "dataplane/flow/tcp_tracker.h"

namespace sluis {
namespace {

/// A flow that was busy so short a time ago stays: hosts send a lost segment again after 200 ms at the earliest, and a
/// flow has the time for that.
constexpr Nanoseconds kStalled = kSecond / 4;
/// Flows of a queue that are asked before it counts as busy.
constexpr std::uint32_t kCandidates = 8;

constexpr std::uint32_t number(FlowQueue queue) noexcept { return static_cast<std::uint32_t>(queue); }
constexpr bool is_open(FlowQueue queue) noexcept { return queue >= FlowQueue::open_bare; }

}  // namespace

FlowQueue TcpTracker::queue_for(const TcpFlow& flow) noexcept {
    if (flow.state == FlowState::blocked)
        return is_unfinished(flow.reason) ? FlowQueue::unfinished : FlowQueue::refused;
    bool kept = false, large = false, open = flow.message_opened != 0;
    for (const TcpDirection& direction : flow.directions) {
        open |= amid_head(direction);  // also while no bytes of it are kept
        if (direction.buffer == kNone) continue;
        const std::uint32_t known = known_bytes(direction);
        kept = true;
        large |= buffers_[direction.buffer].capacity() > ReassemblyPool::kSmall;
        open |= direction.kind != StreamKind::answer && direction.read < known && !is_faint(direction, known);
    }
    if (open && !kept) return FlowQueue::open_bare;
    if (open) return large ? FlowQueue::open_large : FlowQueue::open;
    if (kept) return large ? FlowQueue::kept_large : FlowQueue::kept;
    return FlowQueue::quiet;
}

void TcpTracker::place_anew(std::uint32_t slot, Nanoseconds now) noexcept {
    const FlowQueue queue = is_quiet(flows_[slot]) ? FlowQueue::quiet : queue_for(flows_[slot]);
    const bool progressed = is_open(queue) && flows_[slot].progressed == now;
    if (progressed || queues_.queue_of(slot) != number(queue)) queues_.push_back(slot, number(queue));
    flows_[slot].in_quiet_queue = queue == FlowQueue::quiet;
}

/// The flow of a queue that may go: none of this burst's, whose frames still wait for it. Those that were busy get
/// another turn.
std::uint32_t TcpTracker::stalest(FlowQueue queue, Nanoseconds now) noexcept {
    const bool blocked = queue <= FlowQueue::unfinished;
    for (std::uint32_t asked = 0; asked < kCandidates; ++asked) {
        const std::uint32_t slot = queues_.front(number(queue));
        if (slot == kNone) return kNone;
        const TcpFlow& flow = flows_[slot];
        // Frames that bring nothing new hold no open hello here.
        const Nanoseconds busy = is_open(queue) ? flow.progressed : flow.touched;
        if (flow.touched < now && (blocked || busy + kStalled <= now)) return slot;
        queues_.push_back(slot, number(queue));
    }
    return kNone;
}

/// Makes room for one more flow. Where all are busy, the whole is exhausted.
bool TcpTracker::make_room(Action& action, Nanoseconds now) noexcept {
    for (std::uint32_t queue = 0; queue < kFlowQueues; ++queue) {
        const std::uint32_t slot = stalest(static_cast<FlowQueue>(queue), now);
        if (slot == kNone) continue;
        evict(slot, now);
        return true;
    }
    if (limits_.exhausted == FailPolicy::closed) return action.drop(Reason::flow_table_full), false;
    relief_.count_pass();
    return false;
}

std::uint32_t TcpTracker::queue_of_sender(std::uint32_t whole, SenderQueue queue) noexcept {
    return kSenderQueues * whole + static_cast<std::uint32_t>(queue);
}

/// REQUIRES: it is not blocked.
void TcpTracker::mark_unproven(std::uint32_t slot) noexcept {
    flows_[slot].proven = false;
    by_sender_.push_back(slot, queue_of_sender(budget_.whole(flows_[slot].budget), SenderQueue::unproven));
}

void TcpTracker::mark_proven(std::uint32_t slot) noexcept {
    flows_[slot].proven = true;
    by_sender_.erase(slot);
}

/// A share of the packet's source for one more flow, or kNone. Behind a router all hosts are one station: where that
/// has its part of the table, its oldest flow that nobody has answered makes room, so that who forges addresses has
/// the room of his own flows, and not of his neighbours' next ones.
std::uint32_t TcpTracker::take_share(const Packet& packet, Nanoseconds now) noexcept {
    const std::uint32_t limit = limits_.flows_per_source;
    const std::uint32_t share = budget_.take(packet, Budget::flows, limit);
    if (share != kNone) return share;
    const std::uint32_t station = budget_.full_station(packet, Budget::flows, limit);
    if (station == kNone || !make_room_of(station, now)) return kNone;
    return budget_.take(packet, Budget::flows, limit);
}

/// Not by open hellos: what is left of them takes room that is not the station's own. Frames of this burst may wait for
/// what it has touched.
bool TcpTracker::make_room_of(std::uint32_t station, Nanoseconds now) noexcept {
    const std::uint32_t queue = queue_of_sender(station, SenderQueue::unproven);
    for (std::uint32_t asked = 0; asked < kCandidates; ++asked) {
        const std::uint32_t slot = by_sender_.front(queue);
        if (slot == kNone) return false;
        if (flows_[slot].touched < now && !is_open(queue_for(flows_[slot]))) return evict(slot, now), true;
        by_sender_.push_back(slot, queue);
    }
    return false;
}

void TcpTracker::evict(std::uint32_t slot, Nanoseconds now) noexcept {
    if (is_open(queue_for(flows_[slot]))) block(slot, Reason::hello_evicted, now);
    ++counters_.flows_evicted;
    remember_hello(flows_[slot], now);
    forget(slot);
}

/// Keeps the rest of a hello from its server, in place of its flow.
void TcpTracker::remember_hello(const TcpFlow& flow, Nanoseconds now) noexcept {
    if (flow.state != FlowState::blocked || !is_unfinished(flow.reason) || flow.remember_until <= now) return;
    const std::uint32_t next = contiguous_end(flow.directions[flow.client]);
    if (!forgotten_.remember(flow.hash, flow.client, next, flow.remember_until, now))
        ++counters_.errors[static_cast<std::size_t>(Reason::flow_table_full)];
}

/// Room for `size` bytes of the direction, of its source's share first. Reason::none; source_limit when the share is
/// spent; stream_limit when no buffer is free.
Reason TcpTracker::provide_buffer(TcpFlow& flow, TcpDirection& sender, std::uint32_t size, Nanoseconds now) noexcept {
    const std::uint32_t held = sender.buffer == kNone ? 0 : buffers_[sender.buffer].capacity();
    if (size <= held) return Reason::none;
    const bool large = size > ReassemblyPool::kSmall;
    const std::uint32_t wanted = large ? buffers_.large_size() : ReassemblyPool::kSmall;
    const std::uint32_t large_one = buffers_.large_size();
    const std::uint32_t share = std::max(limits_.stream_bytes_per_source, large_one);
    if (!budget_.charge(flow.budget, Budget::stream_bytes, wanted - held, share, large_one))
        return Reason::source_limit;
    if (!buffers_.has_free(large)) free_buffer(large, now);
    const bool provided =
        held == 0 ? (sender.buffer = buffers_.take(size)) != kNone : buffers_.grow(sender.buffer, size);
    // For want of a small buffer it may be a large one.
    const std::uint32_t holds = provided ? buffers_[sender.buffer].capacity() : held;
    if (holds == wanted) return Reason::none;
    budget_.give_back(flow.budget, Budget::stream_bytes, wanted - held);
    budget_.charge(flow.budget, Budget::stream_bytes, holds - held, ~0u);
    return provided ? Reason::none : Reason::stream_limit;
}

/// Takes a buffer from whom it harms least: bytes that are judged already, else the hello that is stalled for longest.
void TcpTracker::free_buffer(bool large, Nanoseconds now) noexcept {
    if (const std::uint32_t slot = stalest(large ? FlowQueue::kept_large : FlowQueue::kept, now); slot != kNone)
        return evict(slot, now);
    if (const std::uint32_t slot = stalest(large ? FlowQueue::open_large : FlowQueue::open, now); slot != kNone)
        block(slot, Reason::hello_evicted, now);
}

void TcpTracker::give_back_buffer(TcpFlow& flow, TcpDirection& direction) noexcept {
    if (direction.buffer == kNone) return;
    budget_.discharge(flow.budget, Budget::stream_bytes, buffers_[direction.buffer].capacity());
    buffers_.give_back(direction.buffer);
    direction.buffer = kNone;
}

void TcpTracker::release_buffers(TcpFlow& flow) noexcept {
    for (TcpDirection& direction : flow.directions) {
        give_back_buffer(flow, direction);
        give_back_marks(direction);
        http2_.give_back(direction.http2);
    }
}

void TcpTracker::forget(std::uint32_t slot) noexcept {
    timers_.erase(slot);
    drop_state(slot);
}

bool TcpTracker::forget_some(std::uint32_t count) noexcept {
    constexpr std::uint32_t kSetsPerFlow = 8;
    const bool no_hellos = forgotten_.forget_some(count * kSetsPerFlow);
    for (std::uint32_t queue = 0; queue < kFlowQueues; ++queue)
        for (std::uint32_t slot = queues_.front(queue); slot != kNone && count != 0;
             slot = queues_.front(queue), --count)
            forget(slot);
    return no_hellos && flows_.used() == 0;
}

void TcpTracker::drop_state(std::uint32_t slot) noexcept {
    TcpFlow& flow = flows_[slot];
    release_buffers(flow);
    index_.erase(flow.hash, slot);
    queues_.erase(slot);
    by_sender_.erase(slot);
    budget_.give_back(flow.budget, flow.state == FlowState::blocked ? Budget::blocked_flows : Budget::flows);
    flows_.give_back(slot);
    counters_.flows = flows_.used();
}

}  // namespace sluis
