#include "dataplane/verdict/refuser.h"

#include <array>
#include <optional>

#include "dataplane/packet/byte_writer.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/verdict/tls_alert.h"

namespace sluis {
namespace {

DnsRefusal dns_refusal(const Action& action, const Generation& generation) noexcept {
    DnsRefusal refusal = generation.policy().dns;
    refusal.text = generation.dns_text(action.refused_zone);
    return refusal;
}

/// The first Initial of a datagram, of the packets that one may hold.
std::optional<QuicLongHeader> first_initial(Bytes datagram) noexcept {
    for (int count = 0; count < QuicTracker::kCoalescedLimit; ++count) {
        const auto header = parse_quic_long_header(datagram);
        if (!header) return std::nullopt;
        if (header->type == QuicPacketType::initial) return *header;
        datagram = datagram.subspan(header->packet.size());
    }
    return std::nullopt;
}

}  // namespace

void Refuser::answer(const Burst& burst, const Action& action, const Generation& generation) noexcept {
    switch (action.refusal) {
        case Refusal::none:
            return;
        case Refusal::reset_both:
            return reset_both(action);
        case Refusal::reset_sender:
            if (const auto segment = read_tcp_segment(action.packet.transport))
                send_tcp(action, reset_for_sender(*segment));
            return;
        case Refusal::acknowledge:
            return acknowledge(action);
        case Refusal::dns_answer:
            return answer_dns(action, dns_refusal(action, generation), false);
        case Refusal::dns_format_error:
            return answer_dns(action, {}, true);
        case Refusal::dns_tcp_answer:
            return answer_dns_over_tcp(burst, action, dns_refusal(action, generation));
        case Refusal::tls_alert:
            return answer_first(burst, action, kTlsAccessDenied);
        case Refusal::http_redirect:
            return answer_first(burst, action, as_bytes(generation.policy().http_redirect));
        case Refusal::quic_close:
            return close_quic(action);
        case Refusal::quic_close_first:
            return close_first_quic(action);
    }
}

void Refuser::send_tcp(const Action& action, const TcpAnswer& answer) noexcept {
    if (const ReplyFrame reply = make_tcp_answer(io_, action.packet, answer); reply.frame != nullptr)
        sink_.inject(reply.frame, reply.egress);
}

void Refuser::reset_both(const Action& action) noexcept {
    const auto segment = read_tcp_segment(action.packet.transport);
    if (!segment) return;
    send_tcp(action, reset_for_sender(*segment));
    send_tcp(action, reset_for_receiver(*segment, action.receiver_next));
}

void Refuser::acknowledge(const Action& action) noexcept {
    const auto segment = read_tcp_segment(action.packet.transport);
    if (!segment) return;
    TcpAnswer answer;
    answer.seq = segment->ack;
    answer.ack = segment->seq + segment->length();
    answer.flags = kTcpAck;
    send_tcp(action, answer);
}

void Refuser::send_udp(const Action& action, ReplyTo to, Bytes payload) noexcept {
    constexpr std::size_t kHeader = 8, kChecksum = 6;
    const std::size_t size = kHeader + payload.size();
    ReplyFrame reply = begin_reply(io_, action.packet, to, kProtocolUdp, size);
    if (reply.frame == nullptr) return;
    const Endpoints& ends = action.packet.endpoints;
    ByteWriter writer(reply.transport);
    writer.u16(to == ReplyTo::sender ? ends.destination.port : ends.source.port);
    writer.u16(to == ReplyTo::sender ? ends.source.port : ends.destination.port);
    writer.u16(static_cast<std::uint16_t>(size));
    writer.u16(0);
    writer.bytes(payload);
    reply.finish(kChecksum);
    sink_.inject(reply.frame, reply.egress);
}

/// A question is answered to whoever asked; an answer is replaced on its way, in the server's name.
void Refuser::answer_dns(const Action& action, const DnsRefusal& dns, bool format_error) noexcept {
    std::array<std::byte, kDnsRefusalLimit> room;
    const Bytes message = action.packet.payload;
    const auto header = parse_dns_header(message);
    if (!header) return;
    const auto answer = format_error ? write_dns_format_error(message, room) : write_dns_refusal(message, dns, room);
    if (answer) send_udp(action, header->is_response() ? ReplyTo::receiver : ReplyTo::sender, *answer);
}

/// RFC 7766: the answer in the server's place, and the connection's end for both. An answer of the server's, of which
/// the client has parts already, cannot be replaced: then both are reset.
void Refuser::answer_dns_over_tcp(const Burst& burst, const Action& action, const DnsRefusal& dns) noexcept {
    const auto segment = read_tcp_segment(action.packet.transport);
    const Announcement& about = burst.announcement(action.refused_name);
    TcpFlow& flow = tcp_.flow(about.slot);
    const std::uint8_t direction = directed_key(action.packet).direction;
    const Bytes message = tcp_.message(about.slot, direction, about.message_seq, about.message_length);
    std::array<std::byte, kDnsRefusalLimit> room;
    const auto refusal = write_dns_refusal(message, dns, room);
    const std::uint32_t begin = about.message_seq - 2;
    const bool is_answer = direction != flow.client;
    if (!segment || !refusal || (is_answer && begin != action.receiver_next)) return reset_both(action);

    std::array<std::byte, 2> length;
    store_be(length.data(), static_cast<std::uint16_t>(refusal->size()));
    TcpAnswer answer;
    answer.to = is_answer ? ReplyTo::receiver : ReplyTo::sender;
    answer.seq = is_answer ? begin : segment->ack;
    answer.ack = is_answer ? segment->ack : segment->seq + segment->length();
    answer.prefix = length;
    answer.payload = *refusal;
    end_for_both(action, *segment, answer, flow);
}

/// The client gets the answer and FIN, the server a reset.
void Refuser::end_for_both(const Action& action, const TcpSegment& segment, TcpAnswer& answer, TcpFlow& flow) noexcept {
    answer.flags = kTcpAck | kTcpPsh | kTcpFin;
    send_tcp(action, answer);
    send_tcp(action, answer.to == ReplyTo::receiver ? reset_for_sender(segment)
                                                    : reset_for_receiver(segment, action.receiver_next));
    flow.answered_by_box = true;
}

/// In the server's place, where it has said nothing yet: amid its words, or to an earlier request, the answer would be
/// taken for something else. Then both are reset. FIN, and no reset, lets every client read the answer first.
void Refuser::answer_first(const Burst& burst, const Action& action, Bytes answer) noexcept {
    const auto segment = read_tcp_segment(action.packet.transport);
    const Announcement& about = burst.announcement(action.refused_name);
    const std::uint8_t direction = directed_key(action.packet).direction;
    if (!segment || !tcp_.is_first_message(about, direction, *segment)) return reset_both(action);
    TcpAnswer first;
    first.seq = segment->ack;
    first.ack = seq_max(segment->seq + segment->length(), tcp_.known_end(about.slot, direction));
    first.payload = answer;
    end_for_both(action, *segment, first, tcp_.flow(about.slot));
}

void Refuser::send_quic_close(const Action& action, const QuicLongHeader& client, Bytes first_destination,
                              Bytes source) noexcept {
    std::array<std::byte, 128> room;
    if (const auto close = write_quic_refusal(client, first_destination, source, room))
        send_udp(action, ReplyTo::sender, *close);
}

void Refuser::close_quic(const Action& action) noexcept {
    const auto initial = first_initial(action.packet.payload);
    if (!initial) return;
    const QuicConnection& connection = quic_.connection(action.slot);
    const Bytes source = connection.server_spoke ? connection.server.view() : initial->destination;
    send_quic_close(action, *initial, connection.destination.view(), source);
}

/// Servers take no Initial in a shorter datagram, and none that is not authentic: nor is one answered here, so that an
/// answer is never longer than what asked for it.
void Refuser::close_first_quic(const Action& action) noexcept {
    const Packet& packet = action.packet;
    if (packet.payload.size() < kQuicInitialDatagram || !has_quic_long_header(packet.payload)) return;
    const auto initial = first_initial(packet.payload);
    if (!initial || !transport_checksum_holds(packet)) return;
    if (const auto first = quic_.first_destination(packet, *initial))
        send_quic_close(action, *initial, *first, initial->destination);
}

}  // namespace sluis
