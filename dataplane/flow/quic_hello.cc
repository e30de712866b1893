// The ClientHello in a QUIC connection's Initial CRYPTO stream: put together, alone and with what came over other
// paths, and announced.
#include <algorithm>

#include "dataplane/flow/quic_tracker.h"
#include "dataplane/packet/byte_reader.h"
#include "dataplane/protocol/encrypted_dns.h"
#include "dataplane/protocol/quic_frame.h"
#include "dataplane/protocol/tls_record.h"

namespace sluis {
namespace {

constexpr std::byte kClientHelloType{1};

bool same_client(const QuicConnection& one, const QuicConnection& other) noexcept {
    const auto address = [](const QuicConnection& of) { return of.client == 0 ? of.key.address_a : of.key.address_b; };
    return one.key.ip_version() == other.key.ip_version() && address(one) == address(other);
}

}  // namespace

/// Keeps a copy of the CRYPTO bytes. What lies beyond the limit is no part of any hello that passes: its length is
/// tested. A frame without bytes brings nothing, so that no buffer is held for it.
Reason QuicTracker::keep(Datagram& datagram, std::uint32_t slot, Bytes frames, bool& fresh) noexcept {
    QuicConnection& connection = connections_[slot];
    QuicFrameReader reader(frames);
    while (const auto frame = reader.next()) {
        const std::uint64_t end = frame->offset + frame->data.size();
        if (!begin_second_hello(connection, end)) return Reason::quic_malformed;
        if (frame->data.empty() || end > limits_.crypto_bytes) continue;
        if (const Reason why = make_large(datagram, slot, static_cast<std::uint32_t>(end)); why != Reason::none)
            return why;
        if (connection.state == QuicState::unread) return Reason::none;
        const Written written =
            buffers_[connection.crypto].write(static_cast<std::uint32_t>(frame->offset), frame->data);
        if (written == Written::conflict) return Reason::crypto_conflict;
        fresh = fresh || written == Written::fresh;
    }
    if (fresh) make_progress(slot, datagram.now);
    return Reason::none;
}

/// Room for a hello of `size` bytes. A source has its share of large hellos; where all are in use, the policy decides.
Reason QuicTracker::make_large(Datagram& datagram, std::uint32_t slot, std::uint32_t size) noexcept {
    QuicConnection& connection = connections_[slot];
    if (connection.crypto == kNone || size <= buffers_[connection.crypto].capacity()) return Reason::none;
    connection.large =
        budget_.take(datagram.action.packet, Budget::quic_large_hellos, limits_.quic_large_hellos_per_source);
    if (connection.large == kNone) return Reason::source_limit;
    if (!buffers_.has_free(true)) free_large(datagram.now);
    if (buffers_.grow(connection.crypto, size)) return Reason::none;
    if (limits_.exhausted == FailPolicy::closed) return Reason::flow_table_full;
    ++counters_.errors[static_cast<std::size_t>(Reason::overload_pass)];
    end(slot, QuicState::unread, datagram.now);
    datagram.action.kind = ActionKind::forward;
    return Reason::none;
}

/// The CRYPTO stream holds handshake messages without records (RFC 9001, section 4.1.3).
Result<ClientHello> QuicTracker::parse(Bytes stream, std::uint32_t begin, std::uint32_t& end) const noexcept {
    if (stream.size() < begin + kHandshakeHeaderSize) return Failure(Reason::incomplete);
    ByteReader reader(stream.subspan(begin));
    if (static_cast<std::byte>(reader.u8()) != kClientHelloType) return Failure(Reason::quic_malformed);
    const std::uint32_t length = reader.u24();
    if (begin + kHandshakeHeaderSize + length > limits_.crypto_bytes) return Failure(Reason::crypto_limit);
    if (reader.remaining() < length) return Failure(Reason::incomplete);
    end = begin + static_cast<std::uint32_t>(kHandshakeHeaderSize) + length;
    return parse_client_hello(reader.bytes(length));
}

/// CRYPTO bytes up to `end` came. What lies behind the hello that was read begins another: one follows a
/// HelloRetryRequest (RFC 8446, section 4.1.2), and its client may send it whenever it likes. False for a third.
bool QuicTracker::begin_second_hello(QuicConnection& connection, std::uint64_t end) noexcept {
    if (connection.state != QuicState::judged || end <= connection.hello_end) return true;
    if (connection.hello_begin != 0) return false;
    connection.state = QuicState::reading;
    connection.hello_begin = connection.hello_end;
    return true;
}

void QuicTracker::read_hello(Datagram& datagram, std::uint32_t slot) noexcept {
    QuicConnection& connection = connections_[slot];
    while (connection.state == QuicState::reading) {
        const ReassemblyBuffer& crypto = buffers_[connection.crypto];
        const auto hello = parse(crypto.contiguous(), connection.hello_begin, connection.hello_end);
        if (!hello && hello.error() == Reason::incomplete) return;
        if (!hello) return refuse(datagram, slot, hello.error());
        connection.state = QuicState::judged;
        announce(datagram, slot, *hello);
        if (!begin_second_hello(connection, crypto.end())) return refuse(datagram, slot, Reason::quic_malformed);
    }
}

bool QuicTracker::has_other_path(std::uint32_t slot) const noexcept {
    const QuicConnection& connection = connections_[slot];
    return find_path(connection.opener, connection.destination.view(),
                     [&](std::uint32_t other) { return other != slot; }) != kNone;
}

/// A server that tells connections apart by their IDs alone takes a hello's pieces from any address (RFC 9000, section
/// 9, forbids it, and not all obey). Each path's bytes stay its own, so that nobody who copies another's connection ID
/// spoils the other's reading; what is missing comes from the other paths. A hello that only they complete together is
/// matched; it lets a server answer only when no two paths differ. One client whose paths differ is refused.
void QuicTracker::read_joined_hello(Datagram& datagram, std::uint32_t slot) noexcept {
    ReassemblyBuffer joined(joined_bytes_.get(), joined_map_.get(), buffers_.large_size());
    joined.copy_from(buffers_[connections_[slot].crypto]);
    const PathsAgree paths = fill_from_others(slot, joined);
    if (paths == PathsAgree::not_one_clients) return refuse(datagram, slot, Reason::crypto_conflict);
    if (paths == PathsAgree::no) set_joined(slot, false);
    std::uint32_t end = 0;
    const auto hello = parse(joined.contiguous(), connections_[slot].hello_begin, end);
    if (!hello) return;
    if (paths == PathsAgree::yes) set_joined(slot, true);
    announce(datagram, slot, *hello);
}

/// Paths whose bytes are not known any more agree with none.
QuicTracker::PathsAgree QuicTracker::fill_from_others(std::uint32_t slot, ReassemblyBuffer& joined) noexcept {
    const QuicConnection& connection = connections_[slot];
    PathsAgree result = PathsAgree::yes;
    find_path(connection.opener, connection.destination.view(), [&](std::uint32_t other) {
        if (other == slot) return false;
        const std::uint32_t crypto = connections_[other].crypto;
        if (crypto != kNone && joined.fill_from(buffers_[crypto])) return false;
        const bool one_clients = crypto != kNone && same_client(connection, connections_[other]);
        result = one_clients ? PathsAgree::not_one_clients : PathsAgree::no;
        return one_clients;
    });
    return result;
}

/// Marks every path of a connection.
void QuicTracker::set_joined(std::uint32_t slot, bool joined) noexcept {
    const QuicConnection& connection = connections_[slot];
    find_path(connection.opener, connection.destination.view(), [&](std::uint32_t other) {
        connections_[other].joined = joined;
        return false;
    });
}

void QuicTracker::announce(Datagram& datagram, std::uint32_t slot, const ClientHello& hello) noexcept {
    Announcement* const about = datagram.burst.announce_text(hello.server_name);
    if (about == nullptr) return refuse(datagram, slot, Reason::name_limit);
    const std::uint16_t port = datagram.action.packet.endpoints.destination.port;
    *about = {};
    about->encrypted_dns = is_encrypted_dns(hello.alpn, port, kDoqPorts);
    about->nameless = !hello.has_server_name;
    about->protocol = Protocol::quic;
    about->subject = Subject::quic_connection;
    about->slot = slot;
    about->action = datagram.burst.index_of(datagram.action);
}

}  // namespace sluis
