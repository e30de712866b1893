// What a receiver would do with a TCP segment (dataplane/README.md, rule 3). Every segment of a flow in the table comes
// by here: all of it but resets is inline.
#pragma once

#include "dataplane/flow/tcp_flow.h"

namespace sluis {

/// RFC 5961, section 5: an acknowledgment of bytes never sent, or of a time before the connection.
inline bool acknowledgment_acceptable(const TcpDirection& receiver, const TcpSegment& segment) noexcept {
    if (!segment.has(kTcpAck) || !receiver.syn || receiver.ambiguous) return true;
    if (seq_after(segment.ack, receiver.high)) return false;
    // No legal acknowledgment is older than the first byte, as long as fewer than 2^30 have been sent.
    return !seq_before(segment.ack, receiver.first) || receiver.high - receiver.first > (1u << 30);
}

/// RFC 7323, section 5.3 (PAWS).
inline bool timestamp_acceptable(const TcpDirection& sender, const TcpSegment& segment) noexcept {
    if (!segment.options.has_timestamp || !sender.has_timestamp || segment.has(kTcpRst)) return true;
    return !seq_before(segment.options.timestamp, sender.timestamp);
}

/// RFC 9293, section 3.4. What lies wholly below the window is an ordinary retransmission, but not what lies below the
/// first byte. A zero window lets one byte through: the probe (section 3.8.6.1). Before the SYN is answered no window
/// is known, and none is larger than what a SYN-ACK, which is never scaled, can offer.
inline bool window_acceptable(const TcpFlow& flow, const TcpDirection& sender, const TcpSegment& segment) noexcept {
    constexpr std::uint32_t kUnscaledWindow = 65535;  // RFC 7323, section 2.2
    const std::uint32_t end = segment.seq + static_cast<std::uint32_t>(segment.payload.size());
    if (flow.unanswered && sender.syn && seq_after(segment.seq, sender.high + kUnscaledWindow)) return false;
    const bool below = seq_before(end, sender.first - 1) && sender.high - sender.first < (1u << 30);
    if (below && sender.syn && !sender.ambiguous) return false;
    if (segment.payload.empty() || !sender.has_right) return true;
    if (seq_before(segment.seq, sender.right)) return true;
    return segment.seq == sender.right && segment.payload.size() == 1;
}

/// RFC 5961, section 3.2: a reset takes effect only with exactly the next expected sequence number.
bool reset_acceptable(const TcpDirection& sender, const TcpDirection& receiver, const TcpSegment& segment,
                      std::uint32_t contiguous_end) noexcept;

/// Tests a segment of an established (or midstream) flow: TCP-MD5, acknowledgment, timestamp, window, reset. Returns
/// Reason::none when the receiver would take it, or why it would not.
[[gnu::always_inline]] inline Reason test_acceptance(const TcpFlow& flow, const TcpDirection& sender,
                                                     const TcpDirection& receiver, const TcpSegment& segment,
                                                     std::uint32_t contiguous_end) noexcept {
    if (segment.options.has_md5 && !flow.md5 && !flow.midstream) return Reason::tcp_md5;
    if (!acknowledgment_acceptable(receiver, segment)) return Reason::tcp_ack;
    if (!timestamp_acceptable(sender, segment)) return Reason::tcp_paws;
    if (segment.has(kTcpRst))
        return reset_acceptable(sender, receiver, segment, contiguous_end) ? Reason::none : Reason::tcp_reset;
    return window_acceptable(flow, sender, segment) ? Reason::none : Reason::tcp_window;
}

/// What an acknowledgment tells of the receiver of the bytes before it, and its window.
inline void learn_acknowledgment(const TcpFlow& flow, const TcpDirection& sender, TcpDirection& receiver,
                                 const TcpSegment& segment) noexcept {
    // Both must have offered scaling (RFC 7323, 2.2); for a flow without its SYNs the largest shift is assumed.
    const bool scaled = sender.has_scale && receiver.has_scale && !segment.has(kTcpSyn);
    const int shift = flow.midstream ? 14 : scaled ? sender.window_scale : 0;
    const std::uint32_t right = segment.ack + (std::uint32_t{segment.window} << shift);
    receiver.acked = receiver.has_acked ? seq_max(receiver.acked, segment.ack) : segment.ack;
    receiver.right = receiver.has_right ? seq_max(receiver.right, right) : right;
    receiver.has_acked = receiver.has_right = true;
}

/// Learns from an accepted segment: what its sender has sent, acknowledged and opened, and its timestamp.
/// Acknowledgments count only from the other side than the acknowledged bytes came from, so that no client can
/// acknowledge for its server: `right_side` says that it did.
inline void learn(const TcpFlow& flow, TcpDirection& sender, TcpDirection& receiver, const TcpSegment& segment,
                  bool right_side, std::uint32_t contiguous_end) noexcept {
    const std::uint32_t end = segment.seq + segment.length();
    sender.high = sender.seen || sender.syn ? seq_max(sender.high, end) : end;
    sender.seen = true;
    if (segment.has(kTcpFin)) sender.fin = true;
    if (segment.options.has_timestamp && !seq_after(segment.seq, contiguous_end)) {
        sender.timestamp =
            sender.has_timestamp ? seq_max(sender.timestamp, segment.options.timestamp) : segment.options.timestamp;
        sender.has_timestamp = true;
    }
    if (segment.has(kTcpAck) && right_side) learn_acknowledgment(flow, sender, receiver, segment);
}

}  // namespace sluis
