// QUIC connections as things that are kept: found, opened, ended and forgotten, within their bounds.
#include <algorithm>
#include <array>

#include "dataplane/flow/quic_tracker.h"

namespace sluis {

std::uint32_t QuicTracker::find(const Datagram& datagram, Bytes destination) noexcept {
    const std::uint32_t found = index_.find(datagram.hash, [&](std::uint32_t slot) {
        const QuicConnection& connection = connections_[slot];
        return connection.key == datagram.key.key && connection.client == datagram.key.direction &&
               connection.destination.is(destination);
    });
    if (found != kNone) return found;
    // A connection ID that was blocked is so on every path that it had not been seen on. It blocks nobody else: who
    // invents an ID sends it before anybody can copy it.
    return find_path(datagram.action.packet.ingress(), destination,
                     [&](std::uint32_t slot) { return connections_[slot].state == QuicState::blocked; });
}

std::uint64_t QuicTracker::hash_of(Bytes destination) const noexcept {
    std::array<std::byte, 24> padded{};  // whole words; REQUIRES: at most kQuicConnectionIdLimit bytes
    std::copy(destination.begin(), destination.end(), padded.begin());
    return hash_words(padded.data(), padded.size(), seed_);
}

/// Counts what is kept of this pair of endpoints and of this connection ID already; an ended connection of the pair
/// makes room.
Reason QuicTracker::make_room(const Datagram& datagram, Bytes destination) noexcept {
    std::uint32_t undecided = 0, ended = 0, oldest = kNone;
    index_.find(datagram.hash, [&](std::uint32_t slot) {
        if (!(connections_[slot].key == datagram.key.key)) return false;
        if (is_undecided(slot)) return ++undecided, false;
        ++ended;
        if (oldest == kNone || connections_[slot].deadline < connections_[oldest].deadline) oldest = slot;
        return false;
    });
    if (undecided >= limits_.quic_connections_per_pair) return Reason::connection_limit;
    std::uint32_t paths = 0;
    find_path(datagram.action.packet.ingress(), destination, [&](std::uint32_t) { return ++paths, false; });
    if (paths >= limits_.quic_paths_per_connection) return Reason::connection_limit;
    if (ended >= kEndedPerPair && connections_[oldest].deadline < datagram.now + limits_.quic_connection) {
        ended_.erase(oldest);
        forget(oldest);
        ++counters_.flows_evicted;
    }
    return Reason::none;
}

/// A free slot, or that of the connection that ended longest ago: its Initials are read again if more come. Not of one
/// that this burst has touched, which frames of the burst may wait for. Where none has ended, that of a stalled one.
std::uint32_t QuicTracker::take_slot(Nanoseconds now) noexcept {
    if (const std::uint32_t slot = connections_.take(); slot != kNone) return slot;
    const Nanoseconds touched_now = now + limits_.quic_connection;
    const std::uint32_t oldest =
        ended_.soonest([&](std::uint32_t slot) { return connections_[slot].deadline < touched_now; });
    if (oldest == kNone) return evict_stalled(now) ? connections_.take() : kNone;
    ended_.erase(oldest);
    forget(oldest);
    ++counters_.flows_evicted;
    return connections_.take();
}

std::uint32_t QuicTracker::open(Datagram& datagram, const QuicLongHeader& header,
                                const QuicInitialKeys& keys) noexcept {
    Action& action = datagram.action;
    if (const Reason why = make_room(datagram, header.destination); why != Reason::none) return action.drop(why), kNone;
    QuicConnection opened;
    if (!begin_reading(datagram, opened)) return kNone;
    const std::uint32_t slot = take_slot(datagram.now);
    if (slot == kNone) return give_back(opened), exhausted(action), kNone;
    QuicConnection& connection = connections_[slot] = opened;
    connection.key = datagram.key.key;
    connection.hash = datagram.hash;
    connection.deadline = datagram.now + limits_.quic_connection;
    connection.destination.assign(header.destination);
    connection.source.assign(header.source);
    connection.keys = keys;
    connection.version = header.version;
    connection.client = datagram.key.direction;
    connection.opener = action.packet.ingress();
    index_.insert(datagram.hash, slot);
    if (header.destination.size() >= kLeastFirstId) by_id_.insert(hash_of(header.destination), slot);
    undecided_.insert(slot, connection.deadline);
    connection.touched = datagram.now;
    make_progress(slot, datagram.now);
    counters_.quic_connections = connections_.used();
    return slot;
}

/// Takes what a connection needs whose hello is read. A source over its budget gets its datagram dropped, whatever is
/// left for others; where there is nothing left for anybody, the policy decides.
bool QuicTracker::begin_reading(Datagram& datagram, QuicConnection& connection) noexcept {
    Action& action = datagram.action;
    connection.budget = budget_.take(action.packet, Budget::quic_connections, limits_.quic_connections_per_source);
    if (connection.budget == kNone) return action.drop(Reason::source_limit), false;
    if (!buffers_.has_free(false)) evict_stalled(datagram.now);
    connection.crypto = buffers_.take(ReassemblyPool::kSmall);
    if (connection.crypto == kNone) return give_back(connection), exhausted(action), false;
    connection.state = QuicState::reading;
    return true;
}

/// A settled connection is undecided once more.
bool QuicTracker::begin_again(Datagram& datagram, std::uint32_t slot) noexcept {
    QuicConnection& connection = connections_[slot];
    if (!begin_reading(datagram, connection)) return false;
    connection.answered = true;
    connection.server_spoke = false;
    connection.hello_begin = connection.hello_end = connection.retry_end = 0;
    ended_.erase(slot);
    connection.deadline = datagram.now + limits_.quic_connection;
    undecided_.insert(slot, connection.deadline);
    make_progress(slot, datagram.now);
    return true;
}

void QuicTracker::exhausted(Action& action) noexcept {
    if (limits_.exhausted == FailPolicy::closed) return action.drop(Reason::flow_table_full);
    ++counters_.errors[static_cast<std::size_t>(Reason::overload_pass)];
}

void QuicTracker::end(std::uint32_t slot, QuicState state, Nanoseconds now) noexcept {
    QuicConnection& connection = connections_[slot];
    give_back(connection);
    (is_undecided(slot) ? undecided_ : ended_).erase(slot);
    stalled_.erase(slot);
    connection.state = state;
    connection.deadline = now + limits_.quic_connection;
    ended_.insert(slot, connection.deadline);
}

void QuicTracker::give_back(QuicConnection& connection) noexcept {
    if (connection.crypto != kNone) buffers_.give_back(connection.crypto);
    if (connection.budget != kNone) budget_.give_back(connection.budget, Budget::quic_connections);
    if (connection.large != kNone) budget_.give_back(connection.large, Budget::quic_large_hellos);
    connection.crypto = connection.budget = connection.large = kNone;
}

/// REQUIRES: no wheel holds it.
void QuicTracker::forget(std::uint32_t slot) noexcept {
    QuicConnection& connection = connections_[slot];
    give_back(connection);
    stalled_.erase(slot);
    index_.erase(connection.hash, slot);
    const Bytes destination = connection.destination.view();
    if (destination.size() >= kLeastFirstId) by_id_.erase(hash_of(destination), slot);
    connections_.give_back(slot);
    counters_.quic_connections = connections_.used();
}

void QuicTracker::advance(Nanoseconds now) noexcept {
    const auto due = [&](std::uint32_t slot) -> Nanoseconds {
        const QuicConnection& connection = connections_[slot];
        if (now < connection.deadline) return connection.deadline;
        counters_.errors[static_cast<std::size_t>(Reason::hello_timeout)] += connection.state == QuicState::reading;
        forget(slot);
        ++counters_.flows_expired;
        return 0;
    };
    undecided_.advance(now, due);
    ended_.advance(now, due);
}

}  // namespace sluis
