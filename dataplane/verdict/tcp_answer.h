// TCP segments that the box sends in an endpoint's name.
#pragma once

#include "dataplane/packet/tcp_segment.h"
#include "dataplane/verdict/reply_frame.h"

namespace sluis {

/// A segment to send: who gets it, and the numbers that it accepts.
struct TcpAnswer {
    ReplyTo to = ReplyTo::sender;
    std::uint8_t flags = 0;
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    Bytes prefix;  ///< payload, first part
    Bytes payload;
};

/// Makes the segment, in answer to `packet`. The frame is nullptr when none could be made.
ReplyFrame make_tcp_answer(FrameIo& io, const Packet& packet, const TcpAnswer& answer) noexcept;

/// The reset for the sender of `segment`: it carries exactly the number that the sender expects (RFC 5961,
/// section 3.2).
TcpAnswer reset_for_sender(const TcpSegment& segment) noexcept;
/// The reset for the receiver, in the sender's name; `receiver_next` is what the receiver expects.
TcpAnswer reset_for_receiver(const TcpSegment& segment, std::uint32_t receiver_next) noexcept;

}  // namespace sluis
