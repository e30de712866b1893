// How a flow begins: SYN, SYN-ACK, and all that is sent instead of them (RFC 9293, section 3.5).
#include "dataplane/flow/tcp_tracker.h"

namespace sluis {

void TcpTracker::begin(TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment, Side ingress) noexcept {
    TcpDirection& sender = flow.directions[direction];
    sender.syn = sender.seen = true;
    sender.syn_outside = ingress == Side::outside;
    sender.first = sender.base = segment.seq + 1;
    sender.high = segment.seq + segment.length();
    sender.has_scale = segment.options.has_window_scale;
    sender.window_scale = segment.options.window_scale;
    sender.has_timestamp = segment.options.has_timestamp;
    sender.timestamp = segment.options.timestamp;
    flow.md5 |= segment.options.has_md5;
}

/// A SYN in a flow that is known: sent again, the other half of a simultaneous open, or another connection's. The last
/// takes effect only when it is answered, since a SYN that dies on the way must not make us forget.
void TcpTracker::on_syn(Burst& burst, Action& action, std::uint32_t slot, std::uint8_t direction,
                        const TcpSegment& segment, Nanoseconds now) noexcept {
    TcpFlow& flow = flows_[slot];
    TcpDirection& sender = flow.directions[direction];
    action.kind = ActionKind::forward;
    if (!segment.payload.empty() && !segment.options.has_fast_open) return action.drop(Reason::tcp_syn_data);
    if (!sender.syn && !flow.midstream) {
        begin(flow, direction, segment, action.packet.ingress());
        if (sender.kind == StreamKind::answer) sender.kind = StreamKind::unknown;
        return;
    }
    if (segment.seq + 1 != sender.first || flow.midstream) {
        if (!segment.payload.empty()) return action.drop(Reason::tcp_syn_data);
        sender.other_first = segment.seq + 1;
        sender.has_other_first = true;
        sender.has_other_scale = segment.options.has_window_scale;
        sender.other_window_scale = segment.options.window_scale;
        sender.other_md5 = segment.options.has_md5;
        return;
    }
    if (segment.payload.empty() || flow.state == FlowState::blocked) return;
    action.kind = ActionKind::await;
    action.receiver_next = sender.first;
    on_data(burst, action, slot, direction, segment, now);
}

/// Returns false when the segment is not looked at any further.
bool TcpTracker::on_syn_ack(Action& action, TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment) noexcept {
    TcpDirection& sender = flow.directions[direction];
    TcpDirection& opener = flow.directions[1 - direction];
    if (answers_other_opener(flow, direction, segment, action.packet.ingress())) turn_round(flow);
    // From the side of the SYN that it answers, it is the client's own, or will come by again on its way back.
    if (!comes_from_its_side(flow, direction, action.packet.ingress())) return false;
    if (opener.has_other_first && segment.ack == opener.other_first && segment.ack != opener.first) {
        if (!count_as_undecided(static_cast<std::uint32_t>(&flow - &flows_[0])))
            return action.drop(Reason::source_limit), false;
        const TcpDirection before = opener;
        const bool bare = flow.unanswered && !sender.seen && opener.high == opener.first;
        const bool restarted = flow.restarted || !bare;
        restart(flow);
        mark_unproven(static_cast<std::uint32_t>(&flow - &flows_[0]));
        flow.restarted = restarted;
        flow.client = static_cast<std::uint8_t>(1 - direction);
        flow.opener = opposite(action.packet.ingress());
        flow.md5 = before.other_md5;
        opener.syn = opener.seen = true;
        opener.syn_outside = flow.opener == Side::outside;
        opener.first = opener.base = opener.high = before.other_first;
        opener.has_scale = before.has_other_scale;
        opener.window_scale = before.other_window_scale;
        sender.kind = StreamKind::answer;
    }
    if (!opener.syn) {
        // The SYN that it answers took another way, or there is another one that it does not answer.
        const bool may_answer = flow.midstream && !opener.has_other_first;
        if (!may_answer) action.drop(Reason::tcp_handshake);
        return may_answer;
    }
    if (seq_before(segment.ack, opener.first) || seq_after(segment.ack, opener.high))
        return action.drop(Reason::tcp_handshake), false;
    const bool another = sender.syn && sender.first != segment.seq + 1;
    // A client says SYN-ACK only where both opened, with its own number; no client has data in it.
    if (direction == flow.client && (another || !segment.payload.empty()))
        return action.drop(Reason::tcp_handshake), false;
    if (direction != flow.client) flow.unanswered = false;
    if (another) {
        sender.ambiguous = true;  // which one counts, the client's acknowledgment tells its server, not us
        return !segment.payload.empty();
    }
    if (!sender.syn) begin(flow, direction, segment, action.packet.ingress());
    return true;
}

/// Whether who seemed to open the flow answers, from the other side, the SYN of the other end: what came in its name
/// before was not its own, since in a simultaneous open it would keep its number.
bool TcpTracker::answers_other_opener(const TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment,
                                      Side ingress) noexcept {
    if (!flow.unanswered || flow.state != FlowState::undecided || direction != flow.client) return false;
    const TcpDirection& other = flow.directions[1 - direction];
    const bool opposite_sides = other.syn_outside != (ingress == Side::outside);
    const bool acknowledges = !seq_before(segment.ack, other.first) && !seq_after(segment.ack, other.high);
    return other.syn && opposite_sides && acknowledges && flow.directions[direction].first != segment.seq + 1;
}

/// Makes the other end the client.
void TcpTracker::turn_round(TcpFlow& flow) noexcept {
    TcpDirection& server = flow.directions[flow.client];
    give_back_buffer(flow, server);
    give_back_marks(server);
    http2_.give_back(server.http2);
    server = {};
    server.kind = StreamKind::answer;
    flow.client = static_cast<std::uint8_t>(1 - flow.client);
    flow.opener = flow.directions[flow.client].syn_outside ? Side::outside : Side::inside;
}

void TcpTracker::restart(TcpFlow& flow) noexcept {
    release_buffers(flow);
    flow.directions[0] = {};
    flow.directions[1] = {};
    flow.state = FlowState::undecided;
    flow.reason = Reason::none;
    flow.message_opened = 0;
    flow.settle = flow.md5 = flow.midstream = flow.unanswered = flow.answered_by_box = false;
}

}  // namespace sluis
