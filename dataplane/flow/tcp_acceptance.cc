#include "dataplane/flow/tcp_acceptance.h"

#include "dataplane/packet/byte_order.h"

namespace sluis {
namespace {

/// The largest window without scaling (RFC 7323, section 2.2), bytes.
constexpr std::uint32_t kUnscaledWindow = 65535;

/// RFC 5961, section 5: an acknowledgment of bytes never sent, or of a time before the connection.
bool acknowledgment_acceptable(const TcpDirection& receiver, const TcpSegment& segment) noexcept {
    if (!segment.has(kTcpAck) || !receiver.syn || receiver.ambiguous) return true;
    if (seq_after(segment.ack, receiver.high)) return false;
    // No legal acknowledgment is older than the first byte, as long as fewer than 2^30 have been sent.
    return receiver.high - receiver.first > (1u << 30) || !seq_before(segment.ack, receiver.first);
}

/// RFC 7323, section 5.3 (PAWS).
bool timestamp_acceptable(const TcpDirection& sender, const TcpSegment& segment) noexcept {
    if (!sender.has_timestamp || !segment.options.has_timestamp || segment.has(kTcpRst)) return true;
    return !seq_before(segment.options.timestamp, sender.timestamp);
}

/// RFC 9293, section 3.4. What lies wholly below the window is an ordinary retransmission, but not what lies below the
/// first byte. A zero window lets one byte through: the probe (section 3.8.6.1). Before the SYN is answered no window
/// is known, and none is larger than what a SYN-ACK, which is never scaled, can offer.
bool window_acceptable(const TcpFlow& flow, const TcpDirection& sender, const TcpSegment& segment) noexcept {
    const std::uint32_t end = segment.seq + static_cast<std::uint32_t>(segment.payload.size());
    if (flow.unanswered && sender.syn && seq_after(segment.seq, sender.high + kUnscaledWindow)) return false;
    const bool first_known = sender.syn && !sender.ambiguous;
    if (first_known && sender.high - sender.first < (1u << 30) && seq_before(end, sender.first - 1)) return false;
    if (segment.payload.empty() || !sender.has_right) return true;
    if (seq_before(segment.seq, sender.right)) return true;
    return segment.seq == sender.right && segment.payload.size() == 1;
}

/// RFC 5961, section 3.2: a reset takes effect only with exactly the next expected sequence number.
bool reset_acceptable(const TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment,
                      std::uint32_t contiguous_end) noexcept {
    const TcpDirection& sender = flow.directions[direction];
    if (!sender.syn) {  // the sender has not spoken: it refuses a SYN, by acknowledging it (RFC 9293, 3.10.7.3)
        const TcpDirection& opener = flow.directions[1 - direction];
        if (!opener.syn || sender.seen) return true;
        return segment.has(kTcpAck) && (segment.ack == opener.high || segment.ack == opener.first ||
                                        (opener.has_other_first && segment.ack == opener.other_first));
    }
    return segment.seq == contiguous_end || segment.seq == sender.high ||
           (sender.has_acked && segment.seq == sender.acked);
}

}  // namespace

Reason test_acceptance(const TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment,
                       std::uint32_t contiguous_end) noexcept {
    const TcpDirection& sender = flow.directions[direction];
    const TcpDirection& receiver = flow.directions[1 - direction];
    if (segment.options.has_md5 && !flow.md5 && !flow.midstream) return Reason::tcp_md5;
    if (!acknowledgment_acceptable(receiver, segment)) return Reason::tcp_ack;
    if (!timestamp_acceptable(sender, segment)) return Reason::tcp_paws;
    if (segment.has(kTcpRst))
        return reset_acceptable(flow, direction, segment, contiguous_end) ? Reason::none : Reason::tcp_reset;
    if (!window_acceptable(flow, sender, segment)) return Reason::tcp_window;
    return Reason::none;
}

void learn(TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment, Side ingress,
           std::uint32_t contiguous_end) noexcept {
    TcpDirection& sender = flow.directions[direction];
    TcpDirection& receiver = flow.directions[1 - direction];
    const bool from_opener = direction == flow.client;
    const bool right_side = (ingress == flow.opener) == from_opener;
    const std::uint32_t end = segment.seq + segment.length();
    sender.high = sender.seen || sender.syn ? seq_max(sender.high, end) : end;
    sender.seen = true;
    sender.fin |= segment.has(kTcpFin);
    if (segment.options.has_timestamp && !seq_after(segment.seq, contiguous_end)) {
        sender.timestamp =
            sender.has_timestamp ? seq_max(sender.timestamp, segment.options.timestamp) : segment.options.timestamp;
        sender.has_timestamp = true;
    }
    if (!segment.has(kTcpAck) || !right_side) return;
    receiver.acked = receiver.has_acked ? seq_max(receiver.acked, segment.ack) : segment.ack;
    receiver.has_acked = true;
    // Both must have offered scaling (RFC 7323, 2.2); for a flow without its SYNs the largest shift is assumed.
    const bool scaled = sender.has_scale && receiver.has_scale && !segment.has(kTcpSyn);
    const int shift = flow.midstream ? 14 : scaled ? sender.window_scale : 0;
    const std::uint32_t right = segment.ack + (std::uint32_t{segment.window} << shift);
    receiver.right = receiver.has_right ? seq_max(receiver.right, right) : right;
    receiver.has_right = true;
}

}  // namespace sluis
