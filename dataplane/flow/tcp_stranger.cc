// Segments on a known flow's ports that are not of its connection. Anybody can send a SYN, or half a hello, on the
// ports of two others; what these say to each other is read all the same, in a flow of its own beside the first.
#include "dataplane/flow/tcp_selection.h"
#include "dataplane/flow/tcp_tracker.h"
#include "dataplane/protocol/dns_message.h"
#include "dataplane/protocol/tls_record.h"

namespace sluis {
namespace {

/// Streams of one pair of endpoints that can be remembered with half a hello at the server: with more of them, they
/// would make each other forgotten.
constexpr int kForgottenOfPorts = 2;

/// Whether a segment's number lies so near that it can be of the same connection.
constexpr bool near(std::uint32_t number, std::uint32_t base) noexcept {
    return number - base <= kStreamReach || base - number <= kStreamReach;
}

/// Whether a segment belongs to the stream of `client` whose next byte is `next`.
bool is_of_stream(const TcpSegment& segment, bool from_client, std::uint32_t next) noexcept {
    if (from_client) return near(segment.seq, next);
    return segment.has(kTcpAck) && near(segment.ack, next);
}

/// What a segment begins. A ClientHello opens a connection, and none that goes on has another in the clear.
enum class Begins : std::uint8_t { nothing, hello, message };
Begins begins(const Packet& packet) noexcept {
    const bool dns = packet.endpoints.involve(kDnsPort);
    if (packet.payload.empty() || !may_be_first(packet.ingress(), dns)) return Begins::nothing;
    if (!may_begin_message(packet.payload, dns)) return Begins::nothing;
    return !dns && may_be_client_hello(packet.payload) ? Begins::hello : Begins::message;
}

}  // namespace

/// Whether a segment is of the connection that was refused. A flow that began with a handshake has all of them; one of
/// which single segments may have come from anybody has those near its numbers.
bool TcpTracker::concerns_blocked(const TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment) noexcept {
    if (!flow.midstream && !flow.unanswered && handshake_ended(flow)) return true;
    for (std::uint8_t client = 0; client < 2; ++client) {
        const TcpDirection& stream = flow.directions[client];
        const bool read = stream.seen && stream.kind != StreamKind::answer;
        if (read && is_of_stream(segment, direction == client, stream.base)) return true;
    }
    return false;
}

/// A segment that does not fit is dropped. As long as the flow's SYN is not answered, it may be an older connection's,
/// whose ports somebody put into a SYN, or one that is half open (RFC 9293, section 3.5.1): the SYN's own server, in
/// LISTEN or SYN-RECEIVED, would discard it. So it would what is far from the numbers of a SYN and SYN-ACK, as long as
/// nobody has acknowledged the latter; but an older connection that was read here must not go on unread. Servers
/// without timestamps take what is old by its timestamp alone.
void TcpTracker::on_misfit(Burst& burst, Action& action, std::uint32_t slot, const TcpSegment& segment, Reason why,
                           Nanoseconds now) noexcept {
    const TcpFlow& flow = flows_[slot];
    const bool from_client = directed_key(action.packet).direction == flow.client;
    const bool far = !is_of_stream(segment, from_client, flow.directions[flow.client].first);
    const bool of_older = why == Reason::tcp_window || why == Reason::tcp_ack || why == Reason::tcp_reset ||
                          (why == Reason::tcp_paws && far);
    const bool half_open = !flow.midstream && !flow.restarted && !handshake_ended(flow) && far;
    if (!of_older || !(flow.unanswered || half_open)) return action.drop(why);
    on_stranger(burst, action, slot, segment, why, now);
}

/// A segment on a flow's ports that is not of its stream goes on, and is read where it begins a request or message;
/// a hello is dropped for `why`. There is one flow beside another at the most: what may begin a third stream is dropped
/// too.
void TcpTracker::on_stranger(Burst& burst, Action& action, std::uint32_t slot, const TcpSegment& segment, Reason why,
                             Nanoseconds now) noexcept {
    const DirectedKey key = directed_key(action.packet);
    const std::uint64_t hashed = hash(key.key, seed_);
    action.kind = ActionKind::forward;
    if (const ForgottenHello* hello = forgotten_of(segment, key.direction, hashed, now); hello != nullptr)
        return refuse_rest(action, segment, key.direction, *hello);
    if (segment.has(kTcpSyn)) return;
    const bool third = slot != kNone && flows_[slot].beside;
    if (const std::uint32_t other = third ? kNone : find_beside(key, hashed); other != kNone) {
        track(burst, action, other, key.direction, now);
        return place(other, now);
    }
    const Begins begun = begins(action.packet);
    if (begun == Begins::nothing) return;
    if (begun == Begins::hello || third) return action.drop(why);
    int forgotten = 0;
    forgotten_.find(hashed, now, [&](const ForgottenHello&) { return ++forgotten, false; });
    if (forgotten >= kForgottenOfPorts) return action.drop(why);
    pick_up(burst, action, key, hashed, now, true);
}

/// The half hello that a segment is of, or of whose answer; nullptr: of none.
const ForgottenHello* TcpTracker::forgotten_of(const TcpSegment& segment, std::uint8_t direction, std::uint64_t hashed,
                                               Nanoseconds now) noexcept {
    return forgotten_.find(hashed, now, [&](const ForgottenHello& hello) {
        return is_of_stream(segment, direction == hello.client, hello.client_next);
    });
}

void TcpTracker::refuse_rest(Action& action, const TcpSegment& segment, std::uint8_t direction,
                             const ForgottenHello& hello) noexcept {
    action.receiver_next = direction == hello.client ? hello.client_next : segment.seq;
    action.drop(Reason::flow_blocked, segment.has(kTcpRst) ? Refusal::none : Refusal::reset_both);
}

}  // namespace sluis
