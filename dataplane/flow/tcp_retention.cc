// The bytes that are kept of a flow until they are read, judged and acknowledged.
#include <algorithm>

#include "dataplane/flow/tcp_tracker.h"
#include "dataplane/protocol/dns_stream.h"

namespace sluis {

/// Keeps a copy of the bytes. Returns whether there is something new to read.
bool TcpTracker::keep(Action& action, std::uint32_t slot, TcpDirection& sender, std::uint32_t seq, Bytes payload,
                      Nanoseconds now) noexcept {
    std::uint32_t offset = seq - sender.base;
    std::uint32_t end = offset + static_cast<std::uint32_t>(payload.size());
    if (end > buffers_.large_size() && let_go_of_read(slot, sender, offset)) {
        offset = seq - sender.base;
        end = offset + static_cast<std::uint32_t>(payload.size());
    }
    const std::uint32_t known = known_bytes(sender);
    const bool unneeded = sender.read > known && offset >= known && end <= sender.read;
    if (end > buffers_.large_size() && offset < known && end <= sender.read) {  // only what is known is compared
        payload = payload.first(known - offset);
        end = known;
    }
    if (end > buffers_.large_size()) {
        if (unneeded) return false;
        if (sender.kind == StreamKind::other || sender.hello_seen) {
            // Nothing here is open: an upload that its server is slow to acknowledge. What is kept goes on being
            // compared.
            if (!sender.done) sender.done_at = sender.base + known;
            sender.done = true;
            return settle_when_final(slot, now), false;
        }
        if (offset > known) return action.drop(Reason::stream_limit), false;
        // It comes again once what was read is acknowledged, and there is room.
        if (sender.read != 0 && sender.urgent_count == 0) return action.drop(Reason::stream_limit), false;
        return refuse_flow(action, slot, Reason::stream_limit, now), false;
    }
    const Reason why = provide_buffer(flows_[slot], sender, end, now);
    if (why != Reason::none) {
        if (unneeded) return false;
        if (why == Reason::source_limit) return action.drop(why), false;  // it comes again, and there may be room
        if (limits_.exhausted == FailPolicy::closed) return action.drop(Reason::stream_limit), false;
        relief_.count_pass();
        settle(slot);
        return false;
    }
    switch (buffers_[sender.buffer].write(offset, payload)) {
        case Written::fresh:
            flows_[slot].progressed = now;
            return true;
        case Written::conflict:
            return refuse_flow(action, slot, Reason::stream_conflict, now), false;
        default:
            return false;
    }
}

/// Forgets bytes that are both read and acknowledged; the receiver will take no other copy of them. REQUIRES: some of
/// the bytes from `sender.base` on are acknowledged.
void TcpTracker::discard_acknowledged(TcpFlow& flow, TcpDirection& sender) noexcept {
    const std::uint32_t acked = sender.acked - sender.base;
    const std::uint32_t known = known_bytes(sender);
    if (acked > std::max(known, sender.read)) return skip_unseen(flow, sender);
    if (sender.buffer == kNone) return;
    ReassemblyBuffer& buffer = buffers_[sender.buffer];
    // Once all that was read is acknowledged, what is skipped needs no room either.
    std::uint32_t count = acked >= known ? sender.read : std::min(acked, sender.read);
    if (sender.urgent_count != 0) count = std::min(count, sender.urgent_from);
    count = whole_answers(flow, sender, count);
    if (count == 0) return;
    buffer.discard_front(count);
    sender.base += count;
    sender.read -= count;
    sender.urgent_from -= std::min(count, sender.urgent_from);
    if (buffer.end() == 0) give_back_buffer(flow, sender);
}

/// The same as soon as the acknowledgment comes: a cleartext flow that says nothing more holds no buffer. REQUIRES: a
/// buffer.
void TcpTracker::release_acknowledged(TcpFlow& flow, std::uint8_t direction) noexcept {
    TcpDirection& sender = flow.directions[direction];
    if (sender.kind == StreamKind::answer) return;
    const std::uint32_t known = std::max(known_bytes(sender), sender.read);
    const bool some = sender.has_acked && seq_after(sender.acked, sender.base);
    if (some && !seq_after(sender.acked, sender.base + known)) discard_acknowledged(flow, sender);
}

/// The receiver has bytes that never came by. Reading goes on behind them, as it does in the middle of a flow.
void TcpTracker::skip_unseen(TcpFlow& flow, TcpDirection& sender) noexcept {
    if (sender.buffer != kNone) {
        buffers_[sender.buffer].discard_front(sender.acked - sender.base);
        if (buffers_[sender.buffer].end() == 0) give_back_buffer(flow, sender);
    }
    sender.base = sender.acked;
    sender.read = sender.scanned = sender.urgent_from = 0;
    sender.urgent_count = 0;
    sender.watched = std::max(sender.watched, 1u);
    sender.kind = StreamKind::unknown;
}

/// Whether the open bytes can be nothing but a hello, a request head or a message: a few letters, an empty line or a
/// lone 0x16 are no more than that, and a connection may stay so for hours.
bool TcpTracker::begins_certainly(const TcpDirection& sender, std::uint32_t known) const noexcept {
    constexpr std::uint32_t kHelloPrefix = 6;
    if (amid_head(sender)) return true;
    if (sender.buffer == kNone || sender.read >= known) return false;
    const Bytes open = buffers_[sender.buffer].contiguous().subspan(sender.read);
    switch (sender.kind) {
        case StreamKind::tls_client:
            return !sender.hello_seen && open.size() >= kHelloPrefix;
        case StreamKind::http:
            return as_text(open).find("HTTP/") != std::string_view::npos;
        case StreamKind::unknown:
        case StreamKind::proxy:
        case StreamKind::socks:
        case StreamKind::other:
        case StreamKind::answer:
            return false;
        default:
            return true;
    }
}

/// Whether the open bytes are so few, behind others of no known protocol, that nearly any would be kept: less than what
/// tells a DNS query. A flow is neither kept for them beyond its time nor refused where it has to make room.
bool TcpTracker::is_faint(const TcpDirection& sender, std::uint32_t known) noexcept {
    if (sender.kind != StreamKind::other || sender.buffer == kNone || sender.read >= known) return false;
    const Bytes open = buffers_[sender.buffer].contiguous().subspan(sender.read);
    return open.size() < kDnsStreamHeaderSize && find_client_hello(open, 0) == open.size();
}

/// Whether a message is open: begun, or with a part of it here and its beginning not.
bool TcpTracker::waits_for_bytes(const TcpDirection& sender, std::uint32_t known) noexcept {
    if (amid_head(sender)) return true;
    if (sender.buffer == kNone || sender.kind == StreamKind::other) return false;
    if (sender.read < known) return sender.hello_seen || begins_certainly(sender, known);
    const bool hello = sender.kind == StreamKind::tls_client && !sender.hello_seen;
    const bool begins = sender.kind == StreamKind::unknown || hello || sender.kind == StreamKind::http ||
                        sender.kind == StreamKind::dns;
    return begins && buffers_[sender.buffer].end() > known;
}

/// Whether every reading of the stretch has come to an end, and the plain one is past its beginning.
bool TcpTracker::urgent_ended(const TcpDirection& sender) noexcept {
    const unsigned readings = 2 * ((1u << sender.urgent_count) - 1);
    return sender.urgent_readings.settled == (1u << readings) - 1 && sender.read > sender.urgent_from;
}

/// Begins another stretch where the plain reading is.
void TcpTracker::begin_urgent(TcpDirection& sender) noexcept {
    sender.urgent_readings = {};
    sender.urgent_from = sender.read;
    const bool in_fields = sender.kind == StreamKind::http && sender.head.in_fields();
    sender.urgent_head = in_fields ? sender.head : HttpHeadReader{};
}

/// Remembers an urgent byte, once. Returns false when there are more than can be told apart. Those of a stretch that
/// ended are no longer needed: Telnet and FTP send one with each interrupt.
bool TcpTracker::mark_urgent(TcpDirection& sender, std::uint32_t seq) noexcept {
    const auto begin = sender.urgent.begin();
    if (const auto end = begin + sender.urgent_count; std::find(begin, end, seq) != end) return true;
    const bool ended = urgent_ended(sender);
    const std::uint32_t past = sender.base + (ended ? sender.read : 0);
    const auto end = std::remove_if(begin, begin + sender.urgent_count,
                                    [past](std::uint32_t marked) { return seq_before(marked + 1, past); });
    sender.urgent_count = static_cast<std::uint8_t>(end - begin);
    if (sender.urgent_count == sender.urgent.size()) return false;
    const std::uint8_t passes = sender.urgent_readings.passes;
    if (ended || sender.urgent_count == 0) {
        begin_urgent(sender);
    } else {
        sender.urgent_readings = {};
        sender.urgent_readings.passes = passes;
    }
    sender.urgent[sender.urgent_count++] = seq;
    return true;
}

Bytes TcpTracker::message(std::uint32_t slot, std::uint8_t direction, std::uint32_t seq,
                          std::uint16_t length) noexcept {
    const TcpDirection& sender = flows_[slot].directions[direction];
    if (sender.buffer == kNone) return {};
    const Bytes known = buffers_[sender.buffer].contiguous();
    const std::uint32_t offset = seq - sender.base;
    if (offset > known.size() || length > known.size() - offset) return {};
    return known.subspan(offset, length);
}

bool TcpTracker::is_first_message(const Announcement& about, std::uint8_t direction,
                                  const TcpSegment& segment) const noexcept {
    const TcpFlow& flow = flows_[about.slot];
    const TcpDirection& sender = flow.directions[direction];
    const TcpDirection& receiver = flow.directions[1 - direction];
    const bool whole = direction == flow.client && sender.syn && sender.base == sender.first && sender.buffer != kNone;
    const bool silent = receiver.syn && receiver.high == receiver.first && segment.ack == receiver.first;
    if (!whole || !silent) return false;
    if (about.protocol != Protocol::http) return true;
    // An empty line ends a request head (RFC 9112, section 2.1): the name stands before the first one.
    const std::string_view known = as_text(buffers_[sender.buffer].contiguous());
    const std::string_view before = known.substr(0, about.message_seq - sender.base);
    return before.find("\n\r\n") == before.npos && before.find("\n\n") == before.npos;
}

}  // namespace sluis
