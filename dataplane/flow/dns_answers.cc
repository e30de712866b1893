// DNS answers over TCP without ECH configurations (verdict/dns_ech.h), however they are cut into segments.
//
// What an answer becomes is known once the whole of it is here: a signature may follow. Until then a segment that holds
// bytes that may change is dropped, and its bytes are kept. The rest goes on; the server sends the lost segment again,
// about a round trip later (RFC 8985), and by then it is known what to put in it. A server that waits for an
// acknowledgment before it sends the rest (a tiny window, a congestion window of one) would wait for ever: when such a
// segment comes a second time, kDuplicate later or more, and brings nothing new, its answer passes as it is. Sooner it
// is dropped again.
//
// An answer is either changed wherever it comes by, or nowhere: its receiver may put it together from several copies.
// So answers are kept from their first byte on until the whole of them is acknowledged.
#include <algorithm>

#include "dataplane/flow/tcp_tracker.h"
#include "dataplane/packet/byte_order.h"
#include "dataplane/protocol/dns_message.h"
#include "dataplane/verdict/dns_ech.h"
#include "dataplane/verdict/ech_frame.h"

namespace sluis {
namespace {

constexpr std::uint32_t kLengthSize = 2;  // RFC 1035, section 4.2.2

/// A segment that comes again so soon is no host's retransmission for want of an acknowledgment: hosts wait for 200 ms
/// at the least, and RFC 6298, section 2.4, asks for a second. It is the network's own duplicate, or a tail loss probe
/// (RFC 8985, section 7), behind which the retransmission still comes.
constexpr Nanoseconds kDuplicate = kSecond / 10;

/// How long the message is that a stream begins with, its length field included; 0 when that is not here yet.
std::uint32_t message_size(Bytes stream) noexcept {
    return stream.size() < kLengthSize ? 0 : kLengthSize + load_be<std::uint16_t>(stream.data());
}

/// The sequence number of a packet's first payload byte.
std::uint32_t first_byte(const Packet& packet) noexcept {
    const bool syn = (tcp_flags(packet.transport) & kTcpSyn) != 0;
    return load_be<std::uint32_t>(packet.transport.data() + 4) + syn;
}

}  // namespace

/// The longest answer that is changed, its length field included. Of a longer one only the first half is read.
std::uint32_t TcpTracker::answer_limit() const noexcept { return kLengthSize + buffers_.large_size() / 2; }

/// Whether a direction is, or may become, a stream of DNS messages that its server sends. Where its buffer begins, a
/// message does.
bool TcpTracker::holds_answers(const TcpFlow& flow, std::uint8_t direction) noexcept {
    const std::uint16_t port = direction == 0 ? flow.key.port_a() : flow.key.port_b();
    const StreamKind kind = flow.directions[direction].kind;
    if (port == kDnsPort) return kind == StreamKind::dns || kind == StreamKind::unknown;
    return kind == StreamKind::dns && direction != flow.client;
}

/// Where in the buffer an answer begins, behind the rest of one that was too long to be kept.
std::uint32_t TcpTracker::answers_begin(const TcpDirection& sender) noexcept {
    return sender.amid_long && seq_after(sender.long_until, sender.base) ? sender.long_until - sender.base : 0;
}

/// How many of the first `count` bytes kept may be forgotten together: of answers whole ones only, but for those that
/// are too long to be changed.
std::uint32_t TcpTracker::whole_answers(const TcpFlow& flow, TcpDirection& sender, std::uint32_t count) noexcept {
    const auto direction = static_cast<std::uint8_t>(&sender - &flow.directions[0]);
    // What was read ends where a message does.
    if (count >= sender.read || sender.buffer == kNone || !holds_answers(flow, direction)) return count;
    const Bytes known = buffers_[sender.buffer].contiguous();
    std::uint32_t end = answers_begin(sender);
    if (count <= end) return count;
    while (end < known.size()) {
        const std::uint32_t size = message_size(known.subspan(end));
        if (size == 0) break;
        if (end + size > count) {
            if (size <= answer_limit()) break;
            sender.amid_long = true;
            sender.long_until = sender.base + end + size;
            return count;
        }
        end += size;
    }
    return end;
}

std::uint32_t TcpTracker::strip_ech(Action& action, Nanoseconds now) noexcept {
    const Bytes payload = action.packet.payload;
    if (action.kind != ActionKind::await || action.subject != Subject::tcp_flow || payload.empty()) return 0;
    TcpFlow& flow = flows_[action.slot];
    const std::uint8_t direction = directed_key(action.packet).direction;
    TcpDirection& server = flow.directions[direction];
    if (flow.state == FlowState::blocked || !holds_answers(flow, direction) || server.buffer == kNone) return 0;
    if (server.plain && !seq_before(server.base, server.plain_until)) server.plain = false;

    const Bytes known = buffers_[server.buffer].contiguous();
    const std::uint32_t segment_end = first_byte(action.packet) + static_cast<std::uint32_t>(payload.size());
    if (!seq_after(segment_end, server.base)) return 0;
    const std::uint32_t end = segment_end - server.base;
    const std::uint32_t limit = answer_limit();
    std::uint32_t stripped = 0, at = answers_begin(server);
    while (at < end && at < known.size()) {
        const std::uint32_t size = message_size(known.subspan(at));
        if (size == 0 || (size <= limit && size > known.size() - at)) break;
        if (size <= limit && strip_answer(action, server, at, at + size)) stripped += at + size <= end;
        at += size;
    }
    if (at < end) on_open_answer(action, server, at, end, now);
    return action.kind == ActionKind::drop ? 0 : stripped;
}

/// Changes what a segment has of the answer at `begin` of the buffer, its length field included. Returns whether the
/// answer is one that is changed.
bool TcpTracker::strip_answer(Action& action, TcpDirection& server, std::uint32_t begin, std::uint32_t end) noexcept {
    if (server.plain && seq_after(server.base + end, server.plain_from)) {
        server.plain_until = seq_max(server.plain_until, server.base + end);
        return false;
    }
    // Where the segment begins: before the buffer, if a part of it is acknowledged.
    const std::int32_t start = static_cast<std::int32_t>(first_byte(action.packet) - server.base);
    const std::uint32_t first = std::max(begin, static_cast<std::uint32_t>(std::max(start, 0)));
    const auto segment_end =
        static_cast<std::uint32_t>(start + static_cast<std::int32_t>(action.packet.payload.size()));
    const std::uint32_t last = std::min(end, segment_end);
    if (first >= last) return false;
    const Bytes answer = buffers_[server.buffer].contiguous().subspan(begin, end - begin);
    std::copy(answer.begin(), answer.end(), answer_.get());
    if (!sluis::strip_ech({answer_.get() + kLengthSize, answer.size() - kLengthSize})) return false;
    const auto offset = static_cast<std::size_t>(static_cast<std::int32_t>(first) - start);
    action.rewritten |=
        overwrite_payload(action.packet, action.memory, offset, {answer_.get() + (first - begin), last - first});
    server.ech_until = server.ech_touched ? seq_max(server.ech_until, server.base + end) : server.base + end;
    server.ech_touched = true;
    return true;
}

/// A segment up to `end` has a part of the answer at `begin`, of which the whole is not here.
void TcpTracker::on_open_answer(Action& action, TcpDirection& server, std::uint32_t begin, std::uint32_t end,
                                Nanoseconds now) noexcept {
    const Bytes known = buffers_[server.buffer].contiguous();
    const bool in_order = end <= known.size();
    const std::uint32_t segment_end = server.base + end;
    if (!server.plain && in_order) {
        const Bytes part = known.subspan(begin + std::min<std::size_t>(kLengthSize, known.size() - begin));
        if (begin + kLengthSize + first_ech_byte(part) >= end) return;
        Nanoseconds& withheld = flows_[action.slot].withheld;
        if (!server.ech_touched || seq_after(segment_end, server.ech_until)) {
            server.ech_until = segment_end;
            server.ech_touched = true;
            withheld = now;
        }
        if (now < withheld + kDuplicate) return action.drop(Reason::ech_withheld);
        ++counters_.errors[static_cast<std::size_t>(Reason::ech_passed)];
    }
    if (!server.plain) server.plain_from = server.base + begin;
    server.plain_until = server.plain ? seq_max(server.plain_until, segment_end) : segment_end;
    server.plain = true;
}

}  // namespace sluis
