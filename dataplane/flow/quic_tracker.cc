#include "dataplane/flow/quic_tracker.h"

#include <algorithm>
#include <cstring>

#include "dataplane/flow/tcp_acceptance.h"
#include "dataplane/packet/byte_reader.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/protocol/client_hello.h"
#include "dataplane/protocol/encrypted_dns.h"
#include "dataplane/protocol/quic_frame.h"
#include "dataplane/protocol/tls_record.h"

namespace sluis {
namespace {

constexpr std::size_t kDatagramLimit = 65535;
/// Coalesced packets of one datagram that are walked: Initial, 0-RTT, Handshake, 1-RTT, and as many again.
constexpr int kCoalescedLimit = 8;
constexpr std::byte kClientHelloType{1};
/// The least that a client's first Destination Connection ID has, bytes (RFC 9000, section 7.2); no two are the same by
/// chance.
constexpr std::size_t kRoamingConnectionId = 8;

/// Versions that a client sends to keep servers honest about negotiation (RFC 9000, section 15): no server takes them.
bool is_reserved_version(std::uint32_t version) noexcept { return (version & 0x0f0f0f0f) == 0x0a0a0a0a; }

bool is_under_policy(const Packet& packet, std::span<const std::uint16_t> ports) noexcept {
    return std::find(ports.begin(), ports.end(), packet.endpoints.destination.port) != ports.end();
}

/// Whether every frame is one that an Initial may hold; a packet with another teaches nothing (RFC 9000, 12.4).
Reason test_frames(Bytes frames) noexcept {
    QuicFrameReader reader(frames);
    for (;;) {
        const auto frame = reader.next();
        if (!frame) return frame.error() == Reason::incomplete ? Reason::none : frame.error();
    }
}

/// The pair of addresses alone.
FlowKey without_ports(FlowKey key) noexcept {
    key.port_a = key.port_b = 0;
    return key;
}

bool holds_crypto(Bytes frames) noexcept {
    QuicFrameReader reader(frames);
    return reader.next().has_value();
}

}  // namespace

void QuicConnectionId::assign(Bytes from) noexcept {
    length = static_cast<std::uint8_t>(std::min(from.size(), bytes.size()));
    std::copy_n(from.begin(), length, bytes.begin());
}

bool QuicConnectionId::is(Bytes other) const noexcept {
    return other.size() == length && std::equal(other.begin(), other.end(), bytes.begin());
}

QuicTracker::QuicTracker(const Limits& limits, WorkerCounters& counters, SourceBudget& budget, std::uint64_t seed)
    : limits_(limits),
      counters_(counters),
      budget_(budget),
      seed_(seed),
      index_(limits.quic_connections),
      by_id_(limits.quic_connections),
      connections_(limits.quic_connections),
      timers_(limits.quic_connections),
      buffers_(limits.quic_connections, limits.quic_connections / 16 + 1, limits.crypto_bytes),
      scratch_(std::make_unique_for_overwrite<std::byte[]>(kDatagramLimit)) {}

bool QuicTracker::inspect(Burst& burst, Action& action, std::span<const std::uint16_t> policy_ports,
                          Nanoseconds now) noexcept {
    Bytes rest = action.packet.payload;
    if (!has_quic_long_header(rest)) return false;
    const auto first = parse_quic_long_header(rest);
    if (!first && first.error() == Reason::not_this_protocol) return false;
    // A DNS message whose ID has its first bit set looks like a version that nobody knows, or like version negotiation:
    // then somebody else should look.
    if (first && first->type == QuicPacketType::version_negotiation) return false;
    if (first && first->type == QuicPacketType::unknown_version &&
        !(is_under_policy(action.packet, policy_ports) && !is_reserved_version(first->version)))
        return false;
    if (!transport_checksum_holds(action.packet)) return action.drop(Reason::udp_checksum), true;
    if (!first) {
        if (action.packet.ingress() == Side::inside) action.drop(first.error());
        return true;
    }
    const DirectedKey key = directed_key(action.packet);
    Datagram datagram{burst, action, key, hash(key.key, seed_), now};
    if (first->type == QuicPacketType::unknown_version) return action.drop(Reason::quic_version), true;
    for (int count = 0; has_quic_long_header(rest) && action.kind != ActionKind::drop; ++count) {
        const auto header = parse_quic_long_header(rest);
        const bool unreadable = !header && header.error() == Reason::quic_header;
        if (unreadable || count == kCoalescedLimit) {
            if (action.packet.ingress() == Side::inside) action.drop(Reason::quic_header);
            break;
        }
        if (!header || !is_readable_quic_version(header->version)) break;  // what pads a datagram (RFC 9000, 12.2)
        if (header->type == QuicPacketType::initial) on_initial(datagram, *header);
        if (header->type == QuicPacketType::zero_rtt) on_zero_rtt(datagram, *header);
        rest = rest.subspan(header->packet.size());
    }
    return true;
}

void QuicTracker::on_initial(Datagram& datagram, const QuicLongHeader& header) noexcept {
    if (!on_server_initial(datagram, header)) on_client_initial(datagram, header);
}

/// An Initial that goes to a known client: authentic, it settles that client's connection.
bool QuicTracker::on_server_initial(Datagram& datagram, const QuicLongHeader& header) noexcept {
    bool addressed = false;
    const Packet& packet = datagram.action.packet;
    index_.find(datagram.hash, [&](std::uint32_t slot) {
        QuicConnection& connection = connections_[slot];
        if (!(connection.key == datagram.key.key) || connection.client == datagram.key.direction) return false;
        if (!connection.source.is(header.destination) || packet.ingress() == connection.opener) return false;
        addressed = true;
        if (connection.state == QuicState::settled) return false;
        const QuicInitialKeys keys =
            derive_quic_initial_keys(header.version, connection.destination.view(), QuicSender::server);
        const auto payload = unprotect_quic_initial(header, keys, {scratch_.get(), kDatagramLimit});
        if (!payload) return false;
        // An acknowledgment may be of a part of the hello only; CRYPTO bytes follow a whole one.
        if (connection.state == QuicState::reading || !holds_crypto(payload->frames)) return true;
        if (connection.state == QuicState::blocked) {
            datagram.action.drop(Reason::flow_blocked);
            return true;
        }
        undecided_is_over(connection);
        connection.state = QuicState::settled;
        connection.deadline = datagram.now + limits_.quic_connection;
        ++counters_.flows_settled;
        return true;
    });
    return addressed;
}

std::uint32_t QuicTracker::find(const Datagram& datagram, Bytes destination) noexcept {
    const std::uint32_t found = index_.find(datagram.hash, [&](std::uint32_t slot) {
        const QuicConnection& connection = connections_[slot];
        return connection.key == datagram.key.key && connection.client == datagram.key.direction &&
               connection.destination.is(destination);
    });
    if (found != kNone || destination.size() < kRoamingConnectionId) return found;
    // Servers tell connections apart by their IDs alone: the rest of a hello may come from another port.
    const FlowKey pair = without_ports(datagram.key.key);
    return by_id_.find(hash_of(pair, destination), [&](std::uint32_t slot) {
        const QuicConnection& connection = connections_[slot];
        return without_ports(connection.key) == pair && connection.destination.is(destination);
    });
}

std::uint64_t QuicTracker::hash_of(const FlowKey& pair, Bytes destination) const noexcept {
    std::array<std::byte, 24> padded{};  // whole words; REQUIRES: at most kQuicConnectionIdLimit bytes
    std::copy(destination.begin(), destination.end(), padded.begin());
    return hash_words(padded.data(), padded.size(), hash(pair, seed_));
}

void QuicTracker::on_zero_rtt(Datagram& datagram, const QuicLongHeader& header) noexcept {
    const std::uint32_t slot = find(datagram, header.destination);
    if (slot == kNone) return;
    if (connections_[slot].state == QuicState::blocked) return datagram.action.drop(Reason::flow_blocked);
    datagram.action.kind = ActionKind::await;
    datagram.action.subject = Subject::quic_connection;
    datagram.action.slot = slot;
}

void QuicTracker::on_client_initial(Datagram& datagram, const QuicLongHeader& header) noexcept {
    Action& action = datagram.action;
    const bool from_inside = action.packet.ingress() == Side::inside;
    std::uint32_t slot = find(datagram, header.destination);
    if (slot != kNone) {
        const QuicConnection& connection = connections_[slot];
        action.slot = slot;
        if (connection.state == QuicState::blocked) return action.drop(Reason::flow_blocked, Refusal::quic_close);
    }
    const bool settled_before = slot != kNone && connections_[slot].state == QuicState::settled;
    if (action.packet.payload.size() < kQuicInitialDatagram && !settled_before) {
        if (from_inside) action.drop(Reason::quic_short_datagram);
        return;
    }
    const bool has_keys = slot != kNone && connections_[slot].version == header.version;
    const QuicInitialKeys keys = has_keys
                                     ? connections_[slot].keys
                                     : derive_quic_initial_keys(header.version, header.destination, QuicSender::client);
    auto payload = unprotect_quic_initial(header, keys, {scratch_.get(), kDatagramLimit});
    if (!payload && slot == kNone) {
        bool settled = false;
        slot = find_by_keys(datagram, header, payload, settled);
        if (settled) return;
    }
    if (!payload) {
        // Towards a client it may belong to a connection whose beginning took another way.
        if (from_inside) action.drop(payload.error());
        return;
    }
    if (const Reason why = test_frames(payload->frames); why != Reason::none) return action.drop(why);
    if (slot == kNone) slot = open(datagram, header, keys);
    if (slot != kNone) read(datagram, slot, payload->frames);
}

std::uint32_t QuicTracker::find_by_keys(const Datagram& datagram, const QuicLongHeader& header,
                                        Result<QuicInitialPayload>& payload, bool& settled) noexcept {
    return index_.find(datagram.hash, [&](std::uint32_t slot) {
        const QuicConnection& connection = connections_[slot];
        if (!(connection.key == datagram.key.key) || connection.client != datagram.key.direction) return false;
        if (!connection.source.is(header.source)) return false;
        if (connection.state == QuicState::settled) {
            settled = true;
            return false;
        }
        auto opened = unprotect_quic_initial(header, connection.keys, {scratch_.get(), kDatagramLimit});
        if (!opened) return false;
        payload = opened;
        settled = false;
        return true;
    });
}

std::uint32_t QuicTracker::open(Datagram& datagram, const QuicLongHeader& header,
                                const QuicInitialKeys& keys) noexcept {
    std::uint32_t undecided = 0;
    index_.find(datagram.hash, [&](std::uint32_t slot) {
        const QuicConnection& other = connections_[slot];
        undecided +=
            other.key == datagram.key.key && (other.state == QuicState::reading || other.state == QuicState::judged);
        return false;
    });
    Action& action = datagram.action;
    if (undecided >= limits_.quic_connections_per_pair) return action.drop(Reason::connection_limit), kNone;
    const std::uint32_t slot = connections_.take();
    if (slot == kNone) return exhausted(action), kNone;
    QuicConnection& connection = connections_[slot];
    connection = {};
    if (!begin_reading(action, connection)) return connections_.give_back(slot), kNone;
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
    by_id_.insert(hash_of(without_ports(connection.key), header.destination), slot);
    timers_.insert(slot, connection.deadline);
    counters_.quic_connections = connections_.used();
    return slot;
}

/// Takes what a connection needs whose hello is read. Where there is none left, its datagram is dropped, or the policy
/// decides.
bool QuicTracker::begin_reading(Action& action, QuicConnection& connection) noexcept {
    connection.budget =
        budget_.take(action.packet.endpoints, Budget::quic_connections, limits_.quic_connections_per_source);
    if (connection.budget == kNone) return action.drop(Reason::source_limit), false;
    connection.crypto = buffers_.take(ReassemblyPool::kSmall);
    if (connection.crypto == kNone) return undecided_is_over(connection), exhausted(action), false;
    connection.state = QuicState::reading;
    return true;
}

void QuicTracker::exhausted(Action& action) noexcept {
    if (limits_.exhausted == FailPolicy::closed) return action.drop(Reason::flow_table_full);
    ++counters_.errors[static_cast<std::size_t>(Reason::overload_pass)];
}

void QuicTracker::read(Datagram& datagram, std::uint32_t slot, Bytes frames) noexcept {
    QuicConnection& connection = connections_[slot];
    Action& action = datagram.action;
    action.slot = slot;
    if (connection.state == QuicState::blocked) return action.drop(Reason::flow_blocked, Refusal::quic_close);
    if (connection.state == QuicState::settled) {
        // A server that has closed may be greeted again with the same connection ID: a hello is read, whenever it
        // comes.
        if (!holds_crypto(frames) || !begin_reading(action, connection)) return;
    }
    connection.deadline = datagram.now + limits_.quic_connection;
    action.kind = ActionKind::await;
    action.subject = Subject::quic_connection;
    if (const Reason why = keep(connection, frames); why != Reason::none) return refuse(datagram, slot, why);
    if (connection.state == QuicState::reading) read_hello(datagram, slot);
}

/// Keeps a copy of the CRYPTO bytes. What lies beyond the limit is no part of any hello that passes: its length is
/// tested.
Reason QuicTracker::keep(QuicConnection& connection, Bytes frames) noexcept {
    QuicFrameReader reader(frames);
    while (const auto frame = reader.next()) {
        const std::uint64_t end = frame->offset + frame->data.size();
        if (end > limits_.crypto_bytes) continue;
        if (!buffers_.grow(connection.crypto, static_cast<std::uint32_t>(end))) return Reason::crypto_limit;
        if (buffers_[connection.crypto].write(static_cast<std::uint32_t>(frame->offset), frame->data) ==
            Written::conflict)
            return Reason::crypto_conflict;
    }
    return Reason::none;
}

/// The CRYPTO stream holds handshake messages without records (RFC 9001, section 4.1.3).
void QuicTracker::read_hello(Datagram& datagram, std::uint32_t slot) noexcept {
    QuicConnection& connection = connections_[slot];
    ByteReader reader(buffers_[connection.crypto].contiguous());
    if (reader.remaining() < kHandshakeHeaderSize) return;
    if (static_cast<std::byte>(reader.u8()) != kClientHelloType) return refuse(datagram, slot, Reason::quic_malformed);
    const std::uint32_t length = reader.u24();
    if (length + kHandshakeHeaderSize > limits_.crypto_bytes) return refuse(datagram, slot, Reason::crypto_limit);
    if (reader.remaining() < length) return;
    const auto hello = parse_client_hello(reader.bytes(length));
    if (!hello) return refuse(datagram, slot, hello.error());
    connection.state = QuicState::judged;
    const std::uint16_t port = datagram.action.packet.endpoints.destination.port;
    Announcement about;
    about.encrypted_dns = is_encrypted_dns(hello->alpn, port, kDoqPorts);
    if (!hello->has_server_name && !about.encrypted_dns) return;
    about.protocol = Protocol::quic;
    about.subject = Subject::quic_connection;
    about.slot = slot;
    about.action = datagram.burst.index_of(datagram.action);
    if (!datagram.burst.announce_text(hello->server_name, about)) refuse(datagram, slot, Reason::name_limit);
}

void QuicTracker::refuse(Datagram& datagram, std::uint32_t slot, Reason reason) noexcept {
    block(slot, reason, datagram.now);
    datagram.action.drop(reason, Refusal::quic_close);
}

void QuicTracker::block(std::uint32_t slot, Reason reason, Nanoseconds now) noexcept {
    QuicConnection& connection = connections_[slot];
    if (connection.state == QuicState::blocked) return;
    undecided_is_over(connection);
    connection.state = QuicState::blocked;
    connection.blocked_at = kNone;
    connection.deadline = now + limits_.quic_connection;
    ++counters_.blocks[static_cast<std::size_t>(reason)];
}

/// Its CRYPTO bytes and its source's share are free again; what is left only says how it ended.
void QuicTracker::undecided_is_over(QuicConnection& connection) noexcept {
    if (connection.crypto != kNone) buffers_.give_back(connection.crypto);
    connection.crypto = kNone;
    if (connection.budget != kNone) budget_.give_back(connection.budget, Budget::quic_connections);
    connection.budget = kNone;
}

void QuicTracker::advance(Nanoseconds now) noexcept {
    timers_.advance(now, [&](std::uint32_t slot) -> Nanoseconds {
        QuicConnection& connection = connections_[slot];
        if (now < connection.deadline) return connection.deadline;
        undecided_is_over(connection);
        index_.erase(connection.hash, slot);
        by_id_.erase(hash_of(without_ports(connection.key), connection.destination.view()), slot);
        connections_.give_back(slot);
        ++counters_.flows_expired;
        counters_.quic_connections = connections_.used();
        return 0;
    });
}

}  // namespace sluis
