#include "dataplane/flow/tcp_acceptance.h"

namespace sluis {

bool reset_acceptable(const TcpDirection& sender, const TcpDirection& receiver, const TcpSegment& segment,
                      std::uint32_t contiguous_end) noexcept {
    if (!sender.syn) {  // the sender has not spoken: it refuses a SYN, by acknowledging it (RFC 9293, 3.10.7.3)
        if (!receiver.syn || sender.seen) return true;
        return segment.has(kTcpAck) && (segment.ack == receiver.high || segment.ack == receiver.first ||
                                        (receiver.has_other_first && segment.ack == receiver.other_first));
    }
    return segment.seq == contiguous_end || segment.seq == sender.high ||
           (sender.has_acked && segment.seq == sender.acked);
}

}  // namespace sluis
