#include "dataplane/flow/quic_tracker.h"

#include <algorithm>
#include <cstring>

#include "dataplane/packet/checksum.h"
#include "dataplane/protocol/quic_frame.h"

namespace sluis {
namespace {

constexpr std::size_t kDatagramLimit = 65535;
/// Evicted halves that are remembered, 16 bytes each: so many that a flood has to evict two thousand a second to have
/// one forgotten while its client waits.
constexpr std::uint32_t kHalfHellosPerConnection = 4, kLeastHalfHellos = 1024;

/// Versions that a client sends to keep servers honest about negotiation (RFC 9000, section 15): no server takes them.
bool is_reserved_version(std::uint32_t version) noexcept { return (version & 0x0f0f0f0f) == 0x0a0a0a0a; }

/// Whether a server may take it for a packet of a version that is not read here. The IETF's open a connection with
/// 1,200 bytes or more, and servers leave a smaller datagram of a version that they do not know unanswered (RFC
/// 9000, 5.2.2): such a one is something else, as are half of DNS's and DNSCrypt's messages on port 443.
bool may_be_unread_version(const QuicLongHeader& header, std::size_t datagram) noexcept {
    if (is_reserved_version(header.version)) return false;
    return datagram >= kQuicInitialDatagram || is_numbered_quic_version(header.version);
}

bool is_under_policy(const Packet& packet, std::span<const std::uint16_t> ports) noexcept {
    return std::find(ports.begin(), ports.end(), packet.endpoints.destination.port) != ports.end();
}

/// A client's frames up to the last one with CRYPTO bytes: what follows, PADDING mostly, need not be walked again.
/// Fails where one is none that an Initial may hold: then the packet teaches nothing (RFC 9000, 12.4).
Result<Bytes> up_to_last_crypto(Bytes frames) noexcept {
    QuicFrameReader reader(frames);
    Bytes wanted;
    for (;;) {
        const auto frame = reader.next();
        if (frame)
            wanted = {frames.data(), frame->data.data() + frame->data.size()};
        else if (frame.error() == Reason::incomplete)
            return wanted;
        else
            return Failure(frame.error());
    }
}

/// Google's old versions have a header of their own. Returns whether it is one.
bool drop_gquic(Action& action, std::span<const std::uint16_t> policy_ports) noexcept {
    if (!has_gquic_public_header(action.packet.payload) || !is_under_policy(action.packet, policy_ports)) return false;
    action.drop(transport_checksum_holds(action.packet) ? Reason::quic_version : Reason::udp_checksum);
    return true;
}

}  // namespace

void QuicConnectionId::assign(Bytes from) noexcept {
    length = static_cast<std::uint8_t>(std::min(from.size(), bytes.size()));
    std::copy_n(from.begin(), length, bytes.begin());
}

bool QuicConnectionId::is(Bytes other) const noexcept {
    return other.size() == length && std::equal(other.begin(), other.end(), bytes.begin());
}

QuicTracker::QuicTracker(const Limits& limits, LiveCounters& counters, SourceBudget& budget, OverloadRelief& relief,
                         std::uint64_t seed)
    : limits_(limits),
      counters_(counters),
      budget_(budget),
      relief_(relief),
      seed_(seed),
      index_(limits.quic_connections),
      by_id_(limits.quic_connections),
      connections_(limits.quic_connections),
      undecided_(limits.quic_connections),
      stalled_(limits.quic_connections, 2),
      half_hellos_(std::max(kHalfHellosPerConnection * limits.quic_connections, kLeastHalfHellos)),
      ended_(limits.quic_connections),
      buffers_(limits.quic_connections, limits.quic_large_hellos, limits.crypto_bytes),
      scratch_(std::make_unique_for_overwrite<std::byte[]>(kDatagramLimit)),
      joined_bytes_(std::make_unique_for_overwrite<std::byte[]>(buffers_.large_size())),
      joined_map_(std::make_unique_for_overwrite<std::uint64_t[]>(buffers_.large_size() / 64)) {}

bool QuicTracker::inspect(Burst& burst, Action& action, std::span<const std::uint16_t> policy_ports,
                          Nanoseconds now) noexcept {
    Bytes rest = action.packet.payload;
    if (!has_quic_long_header(rest)) return drop_gquic(action, policy_ports);
    auto header = parse_quic_long_header(rest);
    if (!header && header.error() == Reason::not_this_protocol) return false;
    // A DNS message whose ID has its first bit set looks like a version that nobody knows, or like version negotiation:
    // then somebody else should look.
    if (header && header->type == QuicPacketType::version_negotiation) return false;
    if (header && header->type == QuicPacketType::unknown_version &&
        !(is_under_policy(action.packet, policy_ports) && may_be_unread_version(*header, rest.size())))
        return false;
    if (!transport_checksum_holds(action.packet)) return action.drop(Reason::udp_checksum), true;
    if (!header) {
        if (action.packet.ingress() == Side::inside) action.drop(header.error());
        return true;
    }
    const DirectedKey key = directed_key(action.packet);
    Datagram datagram{burst, action, key, hash(key.key, seed_), now};
    if (header->type == QuicPacketType::unknown_version) return action.drop(Reason::quic_version), true;
    for (int count = 1;; ++count) {
        if (!header || !is_readable_quic_version(header->version)) break;  // what pads a datagram (RFC 9000, 12.2)
        if (header->type == QuicPacketType::initial) on_initial(datagram, *header);
        if (header->type == QuicPacketType::zero_rtt) on_zero_rtt(datagram, *header);
        rest = rest.subspan(header->packet.size());
        if (!has_quic_long_header(rest) || action.kind == ActionKind::drop) break;
        header = parse_quic_long_header(rest);
        const bool unreadable = !header && header.error() == Reason::quic_header;
        if (unreadable || count == kCoalescedLimit) {
            if (action.packet.ingress() == Side::inside) action.drop(Reason::quic_header);
            break;
        }
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
        if (connection.state == QuicState::settled || connection.state == QuicState::unread) return false;
        const QuicInitialKeys keys =
            derive_quic_initial_keys(header.version, connection.destination.view(), QuicSender::server);
        const auto payload =
            unprotect_quic_initial(header, keys, {scratch_.get(), kDatagramLimit}, connection.server_number);
        if (!payload) return false;
        if (!connection.server_spoke) {
            connection.server_spoke = true;
            connection.server.assign(header.source);
        }
        connection.server_number = std::max(connection.server_number, payload->packet_number);
        // An acknowledgment may be of a part of the hello only; CRYPTO bytes follow a whole one.
        const ServerCrypto crypto = read_server_crypto(connection, payload->frames);
        if (crypto != ServerCrypto::none) on_server_crypto(datagram, slot, crypto);
        return true;
    });
    if (addressed) return true;
    // It may answer the rest of a hello whose first part was evicted.
    const auto* half = half_hellos_.find(hash_of_client(datagram.hash, header.destination), datagram.now);
    if (half == nullptr || half->client == datagram.key.direction) return false;
    datagram.action.drop(Reason::hello_unread);
    return true;
}

void QuicTracker::on_zero_rtt(Datagram& datagram, const QuicLongHeader& header) noexcept {
    const std::uint32_t slot = find(datagram, header.destination);
    if (slot == kNone) return;
    if (connections_[slot].state == QuicState::blocked) return datagram.action.drop(Reason::flow_blocked);
    if (!is_undecided(slot)) return;
    connections_[slot].touched = datagram.now;
    datagram.action.kind = ActionKind::await;
    datagram.action.subject = Subject::quic_connection;
    datagram.action.slot = slot;
}

void QuicTracker::on_client_initial(Datagram& datagram, const QuicLongHeader& header) noexcept {
    Action& action = datagram.action;
    const bool from_inside = action.packet.ingress() == Side::inside;
    std::uint32_t slot = find(datagram, header.destination);
    if (slot != kNone) {
        action.slot = slot;
        if (connections_[slot].state == QuicState::unread) return;
        if (connections_[slot].state == QuicState::blocked) return on_blocked(datagram, slot);
    }
    const bool settled_before = slot != kNone && connections_[slot].state == QuicState::settled;
    if (action.packet.payload.size() < kQuicInitialDatagram && !settled_before) {
        if (from_inside) action.drop(Reason::quic_short_datagram);
        return;
    }
    // Before the keys: to derive them is what an Initial costs most.
    if (slot == kNone && relief_.is_on() && !knows_pair(datagram) && relief_.takes(action)) return;
    const bool has_keys = slot != kNone && connections_[slot].version == header.version;
    const std::uint64_t largest_number = slot != kNone ? connections_[slot].client_number : 0;
    const QuicInitialKeys keys = has_keys
                                     ? connections_[slot].keys
                                     : derive_quic_initial_keys(header.version, header.destination, QuicSender::client);
    auto payload = unprotect_quic_initial(header, keys, {scratch_.get(), kDatagramLimit}, largest_number);
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
    const auto frames = up_to_last_crypto(payload->frames);
    if (!frames) return action.drop(frames.error());
    if (slot == kNone) slot = open(datagram, header, keys);
    if (slot == kNone) return;
    QuicConnection& connection = connections_[slot];
    connection.client_number = std::max(connection.client_number, payload->packet_number);
    read(datagram, slot, *frames);
}

bool QuicTracker::knows_pair(const Datagram& datagram) const noexcept {
    return index_.find(datagram.hash, [&](std::uint32_t slot) { return connections_[slot].key == datagram.key.key; }) !=
           kNone;
}

Result<Bytes> QuicTracker::first_destination(const Packet& packet, const QuicLongHeader& header) noexcept {
    const auto opens = [&](const QuicInitialKeys& keys, std::uint64_t largest_number = 0) {
        return unprotect_quic_initial(header, keys, {scratch_.get(), kDatagramLimit}, largest_number).has_value();
    };
    if (opens(derive_quic_initial_keys(header.version, header.destination, QuicSender::client)))
        return header.destination;
    const DirectedKey key = directed_key(packet);
    const std::uint32_t slot = index_.find(hash(key.key, seed_), [&](std::uint32_t each) {
        const QuicConnection& known = connections_[each];
        return known.key == key.key && known.client == key.direction && known.version == header.version &&
               opens(known.keys, known.client_number);
    });
    if (slot == kNone) return tl::unexpected(Reason::quic_authentication);
    return connections_[slot].destination.view();
}

std::uint32_t QuicTracker::find_by_keys(const Datagram& datagram, const QuicLongHeader& header,
                                        Result<QuicInitialPayload>& payload, bool& settled) noexcept {
    return index_.find(datagram.hash, [&](std::uint32_t slot) {
        const QuicConnection& connection = connections_[slot];
        if (!(connection.key == datagram.key.key) || connection.client != datagram.key.direction) return false;
        if (!connection.source.is(header.source)) return false;
        if (connection.state == QuicState::settled || connection.state == QuicState::unread) {
            settled = true;
            return false;
        }
        auto opened =
            unprotect_quic_initial(header, connection.keys, {scratch_.get(), kDatagramLimit}, connection.client_number);
        if (!opened) return false;
        payload = opened;
        settled = false;
        return true;
    });
}

void QuicTracker::read(Datagram& datagram, std::uint32_t slot, Bytes frames) noexcept {
    QuicConnection& connection = connections_[slot];
    Action& action = datagram.action;
    action.slot = slot;
    if (connection.state == QuicState::blocked) return on_blocked(datagram, slot);
    if (connection.state == QuicState::settled) {
        // A server that has closed may be greeted again with the same connection ID: a hello is read, whenever it
        // comes.
        if (frames.empty() || !begin_again(datagram, slot)) return;
    }
    connection.touched = datagram.now;
    // An open hello has one span of time, however often its client says something.
    if (connection.state == QuicState::judged) connection.deadline = datagram.now + limits_.quic_connection;
    action.kind = ActionKind::await;
    action.subject = Subject::quic_connection;
    bool fresh = false;
    if (const Reason why = keep(datagram, slot, frames, fresh); why != Reason::none) return refuse(datagram, slot, why);
    if (connection.state == QuicState::reading) read_hello(datagram, slot);
    if (connection.state == QuicState::reading && fresh && has_other_path(slot)) read_joined_hello(datagram, slot);
}

void QuicTracker::on_blocked(Datagram& datagram, std::uint32_t slot) noexcept {
    connections_[slot].deadline = datagram.now + limits_.quic_connection;
    datagram.action.drop(Reason::flow_blocked, Refusal::quic_close);
}

void QuicTracker::refuse(Datagram& datagram, std::uint32_t slot, Reason reason) noexcept {
    block(slot, reason, datagram.now);
    datagram.action.drop(reason, Refusal::quic_close);
}

void QuicTracker::block(std::uint32_t slot, Reason reason, Nanoseconds now) noexcept {
    QuicConnection& connection = connections_[slot];
    if (connection.state == QuicState::blocked) return;
    set_joined(slot, false);
    end(slot, QuicState::blocked, now);
    connection.blocked_at = kNone;
    ++(*blocks_)[static_cast<std::size_t>(reason)];
}

}  // namespace sluis
