#include "dataplane/verdict/tcp_answer.h"

#include "dataplane/packet/byte_writer.h"

namespace sluis {

ReplyFrame make_tcp_answer(FrameIo& io, const Packet& packet, const TcpAnswer& answer) noexcept {
    constexpr std::size_t kHeader = 20, kChecksum = 16;
    constexpr std::uint16_t kWindow = 0xffff;
    const std::size_t size = kHeader + answer.prefix.size() + answer.payload.size();
    ReplyFrame reply = begin_reply(io, packet, answer.to, kProtocolTcp, size);
    if (reply.frame == nullptr) return reply;
    const Endpoint& from = answer.to == ReplyTo::sender ? packet.endpoints.destination : packet.endpoints.source;
    const Endpoint& to = answer.to == ReplyTo::sender ? packet.endpoints.source : packet.endpoints.destination;
    ByteWriter writer(reply.transport);
    writer.u16(from.port);
    writer.u16(to.port);
    writer.u32(answer.seq);
    writer.u32(answer.ack);
    writer.u8(kHeader / 4 << 4);
    writer.u8(answer.flags);
    writer.u16(answer.flags & kTcpRst ? std::uint16_t{0} : kWindow);
    writer.u32(0);  // checksum, urgent pointer
    writer.bytes(answer.prefix);
    writer.bytes(answer.payload);
    reply.finish(kChecksum);
    return reply;
}

TcpAnswer reset_for_sender(const TcpSegment& segment) noexcept {
    TcpAnswer answer;
    answer.to = ReplyTo::sender;
    answer.seq = segment.has(kTcpAck) ? segment.ack : 0;
    answer.ack = segment.seq + segment.length();
    answer.flags = kTcpRst | kTcpAck;
    return answer;
}

TcpAnswer reset_for_receiver(const TcpSegment& segment, std::uint32_t receiver_next) noexcept {
    TcpAnswer answer;
    answer.to = ReplyTo::receiver;
    answer.seq = receiver_next;
    answer.ack = segment.ack;
    answer.flags = segment.has(kTcpAck) ? kTcpRst | kTcpAck : kTcpRst;
    return answer;
}

}  // namespace sluis
