// Bytes that were read, and are let go of before their receiver acknowledges them: bodies longer than what is kept.
#include <algorithm>

#include "dataplane/flow/tcp_tracker.h"

namespace sluis {

/// Makes room for a segment at `offset`: forgets bytes that were read and are not acknowledged yet. That takes marks of
/// what framed them. What a DNS server answers needs none: it is not its client who sends it.
bool TcpTracker::let_go_of_read(std::uint32_t slot, TcpDirection& sender, std::uint32_t offset) noexcept {
    if (sender.buffer == kNone || sender.urgent_count != 0) return false;
    std::uint32_t count = std::min({sender.read, known_bytes(sender), offset});
    const TcpFlow& flow = flows_[slot];
    if (sender.kind != StreamKind::dns || &sender == &flow.directions[flow.client]) {
        if (sender.marks == kNone) return false;
        ReadMarks& marks = marks_[sender.marks];
        if (sender.has_acked) marks.acknowledge(sender.acked);
        count = marks.free(sender.base, count);
    }
    // What was changed has to be changed in the same way when it comes again.
    const bool changed = sender.ech_touched && !(sender.has_acked && !seq_before(sender.acked, sender.ech_until));
    count = changed ? 0 : whole_answers(flow, sender, count);
    if (count == 0) return false;
    buffers_[sender.buffer].discard_front(count);
    sender.base += count;
    sender.read -= count;
    return true;
}

/// Whether bytes that come again, and were let go of, frame the stream in another way now.
bool TcpTracker::contradicts_marks(const TcpDirection& sender, std::uint32_t seq, Bytes payload) noexcept {
    if (sender.marks == kNone) return false;
    return marks_[sender.marks].contradicts(seq, payload, sender.has_acked ? sender.acked : sender.first);
}

void TcpTracker::give_back_marks(TcpDirection& sender) noexcept {
    if (sender.marks != kNone) marks_.give_back(sender.marks);
    sender.marks = kNone;
}

}  // namespace sluis
