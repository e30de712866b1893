// Where a client's stream begins, when it is neither where its SYN says nor with the first bytes that came by.
#include <cstring>

#include "dataplane/flow/stream_reading.h"
#include "dataplane/flow/tcp_tracker.h"
#include "dataplane/protocol/dns_message.h"
#include "dataplane/protocol/dns_stream.h"
#include "dataplane/protocol/http_request.h"
#include "dataplane/protocol/tls_record.h"

namespace sluis {
namespace {

/// Where a DNS message over TCP has its flags (RFC 1035, section 4.1.1), behind its length and ID.
constexpr std::size_t kDnsFlags = 4;

}  // namespace

/// Reads the direction as another kind from here on, as if nothing of it had come.
void TcpTracker::begin_reading(TcpFlow& flow, TcpDirection& sender, StreamKind kind, std::uint32_t seq) noexcept {
    give_back_buffer(flow, sender);
    give_back_marks(sender);
    http2_.give_back(sender.http2);
    sender.kind = kind;
    sender.base = seq;
    sender.read = sender.watched = sender.request_at = sender.scanned = 0;
    sender.tls = {};
    sender.head = {};
    sender.hello_seen = sender.done = sender.accepted = false;
    begin_urgent(sender);
    flow.settle = false;
}

/// A segment of the end that is no client so far. Who opened a flow in whose middle we came is a guess: a message from
/// the other side says that it was wrong. And the end that accepted a connection may be the client of what is in it:
/// its first bytes tell, or behind them, as after STARTTLS, those of an end inside. Its first bytes are waited for,
/// when later ones come before them.
void TcpTracker::begin_at_other_end(TcpFlow& flow, TcpDirection& sender, const Packet& packet,
                                    const TcpSegment& segment) noexcept {
    if (segment.payload.empty()) return;
    const bool accepted = !flow.midstream;
    const bool at_start = accepted && sender.watched == 0 && sender.syn && !sender.ambiguous &&
                          (!sender.has_acked || sender.acked == sender.first);
    const std::uint32_t ahead = segment.seq - sender.first;
    const bool unseen = at_start && ahead != 0 && ahead < ReassemblyPool::kSmall;
    if (accepted) sender.watched = 1;  // its beginning was seen
    const bool dns = !accepted && packet.endpoints.involve(kDnsPort);
    const bool first = at_start && ahead == 0;
    const bool may_begin = first || may_be_first(packet.ingress(), dns);
    const bool may_be_dns = dns || (first && packet.endpoints.source.port == kDnsPort);
    if (!unseen && !(may_begin && may_begin_message(segment.payload, may_be_dns))) return;
    const std::uint32_t begin = unseen ? sender.first : segment.seq;
    begin_reading(flow, sender, StreamKind::unknown, begin);
    sender.accepted = accepted;
    if (flow.midstream) sender.first = begin;
}

/// Bytes before the first ones seen of a flow that was picked up. Where a message may begin with them, the stream is
/// read from there on, with what is known of the bytes behind. As long as it is open whether their receiver has them
/// already, an open message is not given up for them: they wait for its acknowledgment. Returns false when the segment
/// is not looked at any further. REQUIRES: a flow whose beginning was not seen.
bool TcpTracker::begin_earlier(Action& action, TcpFlow& flow, TcpDirection& sender, const TcpSegment& segment,
                               Nanoseconds now) noexcept {
    const std::uint32_t ahead = sender.first - segment.seq;
    if (ahead == 0 || ahead > buffers_.large_size()) return true;
    const bool dns = action.packet.endpoints.involve(kDnsPort);
    const auto size = static_cast<std::uint32_t>(segment.payload.size());
    if (sender.has_acked && !seq_after(segment.seq + size, sender.acked)) return true;
    if (action.packet.ingress() != Side::inside || !may_begin_message(segment.payload, dns)) return true;
    const std::uint32_t known = known_bytes(sender);
    const bool lacks = sender.has_acked && !seq_after(sender.acked, segment.seq);
    const bool open = sender.read < known || amid_head(sender);
    if (!lacks && open) return action.drop(Reason::hello_unread), false;
    const bool all = sender.base == sender.first && ahead + known <= buffers_.large_size();
    const Bytes behind{without_urgent_.get(), all ? known : 0};
    if (!behind.empty()) std::memcpy(without_urgent_.get(), buffers_[sender.buffer].contiguous().data(), known);
    begin_reading(flow, sender, StreamKind::unknown, segment.seq);
    sender.first = action.receiver_next = segment.seq;
    if (!behind.empty() && provide_buffer(flow, sender, ahead + known, now) == Reason::none)
        buffers_[sender.buffer].write(ahead, behind);
    return true;
}

/// What an acknowledgment says of what `sender` sent behind the bytes that came by, while a hello or request head may
/// be open there.
TcpTracker::Beyond TcpTracker::acknowledged_beyond(const TcpDirection& sender,
                                                   const TcpSegment& segment) const noexcept {
    if (!segment.has(kTcpAck)) return Beyond::nothing;
    const std::uint32_t known = known_bytes(sender);
    const std::uint32_t end = sender.base + known;
    if (!seq_after(segment.ack, end) || segment.ack - end > kStreamReach) return Beyond::nothing;
    if (begins_certainly(sender, known)) return Beyond::bytes;
    const bool is_end = sender.fin && segment.ack == end + 1 && segment.ack == sender.high;
    if (!begins_possibly(sender, known)) return Beyond::nothing;
    return is_end && lacks_much(sender, known) ? Beyond::fin : Beyond::bytes;
}

/// Takes up what a segment tells of bytes that never came by: in a flow whose beginning was not seen, the last part of
/// a hello may have passed before the first part told what it was. True when its receiver has such bytes. REQUIRES:
/// such a flow.
bool TcpTracker::learn_of_unread(TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment) noexcept {
    TcpDirection& other = flow.directions[1 - direction];
    const Beyond beyond = acknowledged_beyond(other, segment);
    if (beyond == Beyond::fin) other.ended = true;
    return beyond == Beyond::bytes || goes_on_behind_end(flow.directions[direction], segment);
}

/// Whether bytes follow a FIN that was taken for the end of an open message: its receiver had a byte in that place, and
/// took no FIN.
bool TcpTracker::goes_on_behind_end(const TcpDirection& sender, const TcpSegment& segment) noexcept {
    const auto size = static_cast<std::uint32_t>(segment.payload.size());
    return sender.ended && size != 0 && seq_after(segment.seq + size, sender.acked);
}

/// Whether one byte more would make nothing whole that a server answers and a name stands in. A FIN takes the place of
/// one: who sends it may have sent a byte there before. REQUIRES: `begins_possibly`, and not `begins_certainly`.
bool TcpTracker::lacks_much(const TcpDirection& sender, std::uint32_t known) const noexcept {
    const Bytes open = buffers_[sender.buffer].contiguous().subspan(sender.read, known - sender.read);
    if (sender.kind == StreamKind::socks) return false;
    if (open.size() < kDnsStreamHeaderSize) return true;
    // A request has no version yet.
    return sender.kind == StreamKind::http && read_dns_stream_start(open, open.size() + 1) == DnsStreamStart::no;
}

/// Whether the open bytes may be the first ones of a hello, a request or what comes before them, be they ever so few.
bool TcpTracker::begins_possibly(const TcpDirection& sender, std::uint32_t known) noexcept {
    if (sender.read >= known) return false;
    switch (sender.kind) {
        case StreamKind::unknown:
        case StreamKind::proxy:
        case StreamKind::socks:
        case StreamKind::http:
            return true;
        case StreamKind::tls_client:
            return !sender.hello_seen;
        default:
            return false;
    }
}

/// The bytes of an end that accepted the connection are a hello or a request, or else the answer that was expected. A
/// hello from inside makes it the client; who opened the connection from inside goes on being read, whatever comes
/// back.
bool StreamReading::classify_accepted(Bytes bytes) noexcept {
    const bool hello = may_be_client_hello(bytes);
    if (hello && bytes.size() < kHelloPrefix) return false;
    if (!hello && begins_dns_answer(bytes)) {
        if (bytes.size() <= kDnsFlags) return false;
        sender_.accepted = false;
        sender_.kind = StreamKind::dns;
        return true;
    }
    if (!hello && !may_be_http_request(bytes)) return expect_answer();
    sender_.kind = hello ? StreamKind::tls_client : StreamKind::http;
    if (!hello || flow_.opener == Side::inside) return true;
    sender_.accepted = false;
    TcpDirection& server = flow_.directions[1 - direction_];
    tracker_.begin_reading(flow_, server, StreamKind::answer, server.base);
    flow_.client = direction_;
    flow_.opener = opposite(flow_.opener);
    return true;
}

/// Whether a server on DNS's own port may begin with a response, and its client with nothing else.
bool StreamReading::begins_dns_answer(Bytes bytes) const noexcept {
    const std::uint16_t port = direction_ == 0 ? flow_.key.port_a() : flow_.key.port_b();
    const StreamKind client = flow_.directions[1 - direction_].kind;
    if (port != kDnsPort || (client != StreamKind::unknown && client != StreamKind::dns)) return false;
    return bytes.size() <= kDnsFlags || (bytes[kDnsFlags] & std::byte{0x80}) != std::byte{0};
}

/// Its first bytes stay, for a ServerHello that they may begin.
bool StreamReading::expect_answer() noexcept {
    sender_.kind = StreamKind::answer;
    sender_.accepted = sender_.hello_seen = sender_.done = false;
    sender_.watched = 1;
    if (sender_.read != 0) tracker_.give_back_buffer(flow_, sender_);
    sender_.read = 0;
    return false;
}

}  // namespace sluis
