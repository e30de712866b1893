// Which undecided QUIC connection makes room where none has ended: the one that is stalled for longest.
#include "dataplane/flow/quic_tracker.h"

namespace sluis {
namespace {

/// Connections of a queue that are asked before it counts as busy.
constexpr int kCandidates = 8;

}  // namespace

/// Puts the connection behind all that had a new CRYPTO byte before it.
void QuicTracker::make_progress(std::uint32_t slot, Nanoseconds now) noexcept {
    QuicConnection& connection = connections_[slot];
    connection.progressed = now;
    stalled_.push_back(slot, buffers_[connection.crypto].capacity() > ReassemblyPool::kSmall ? 1 : 0);
}

/// The connection that is stalled for longest, of those with large buffers or of the others; kNone when all are busy.
/// None of this burst's, whose frames still wait for it.
std::uint32_t QuicTracker::stalest(bool large, Nanoseconds now) noexcept {
    const std::uint32_t queue = large ? 1 : 0;
    for (int asked = 0; asked < kCandidates; ++asked) {
        const std::uint32_t slot = stalled_.front(queue);
        if (slot == kNone || connections_[slot].progressed + kStalled > now) return kNone;
        if (connections_[slot].touched < now) return slot;
        stalled_.push_back(slot, queue);
    }
    return kNone;
}

/// Frees a slot and a small buffer, or a slot and a large one. False when all are busy.
bool QuicTracker::evict_stalled(Nanoseconds now) noexcept {
    std::uint32_t slot = stalest(false, now);
    if (slot == kNone) slot = stalest(true, now);
    if (slot == kNone) return false;
    evict(slot, now);
    return true;
}

/// A hello that was read was allowed, and is read again if more comes. Of half a hello the server may get the rest,
/// which alone is never whole here: no answer of it passes then.
void QuicTracker::evict(std::uint32_t slot, Nanoseconds now) noexcept {
    const QuicConnection& connection = connections_[slot];
    if (connection.state == QuicState::reading && !connection.answered) {
        const std::uint64_t hashed = hash_of_client(connection.hash, connection.source.view());
        half_hellos_.remember(hashed, connection.client, 0, now + limits_.quic_connection, now);
    }
    undecided_.erase(slot);
    forget(slot);
    ++counters_.flows_evicted;
}

bool QuicTracker::forget_some(std::uint32_t count) noexcept {
    constexpr std::uint32_t kSetsPerConnection = 8;
    const auto any = [](std::uint32_t) { return true; };
    const bool no_halves = half_hellos_.forget_some(count * kSetsPerConnection);
    for (TimerWheel* timers : {&undecided_, &ended_})
        for (std::uint32_t slot = kNone; count != 0 && (slot = timers->soonest(any)) != kNone; --count) {
            timers->erase(slot);
            forget(slot);
        }
    return no_halves && connections_.used() == 0;
}

/// Half a large hello is refused, and the connection is remembered as blocked: it needs no buffer for that.
void QuicTracker::free_large(Nanoseconds now) noexcept {
    const std::uint32_t slot = stalest(true, now);
    if (slot == kNone) return;
    if (connections_[slot].state == QuicState::reading) return block(slot, Reason::hello_evicted, now);
    evict(slot, now);
}

}  // namespace sluis
