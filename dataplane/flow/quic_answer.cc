// What a server's CRYPTO frames say of the client's hello: that it was read whole, or that another one is wanted.
#include <algorithm>
#include <array>

#include "dataplane/flow/quic_tracker.h"
#include "dataplane/packet/byte_reader.h"
#include "dataplane/protocol/quic_frame.h"
#include "dataplane/protocol/tls_record.h"

namespace sluis {
namespace {

/// Up to the random, which tells a HelloRetryRequest from a ServerHello (RFC 8446, section 4.1.3).
constexpr std::size_t kUpToRandom = kHandshakeHeaderSize + 2 + 32;

/// REQUIRES: kUpToRandom bytes of a handshake message.
bool is_retry_request(Bytes message) noexcept {
    // QUIC leaves out the record that the reader expects (RFC 9001, section 4.1.3).
    constexpr std::array<std::byte, 5> kRecord{std::byte{22}, std::byte{3}, std::byte{3}, std::byte{0},
                                               std::byte{kUpToRandom}};
    std::array<std::byte, kRecord.size() + kUpToRandom> record{};
    std::copy_n(message.begin(), kUpToRandom, std::copy(kRecord.begin(), kRecord.end(), record.begin()));
    std::uint32_t length = 0;
    const auto answer = read_server_answer(record, length);
    return answer && *answer == TlsServerAnswer::hello_retry_request;
}

/// The size of the message that begins here, header included; 0 when its header is not there.
std::uint32_t message_size(Bytes message) noexcept {
    ByteReader reader(message);
    reader.skip(1);
    const std::uint32_t length = reader.u24();
    return reader.ok() ? static_cast<std::uint32_t>(kHandshakeHeaderSize) + length : 0;
}

}  // namespace

/// `unclear`: bytes that may be of the one or the other. No connection is settled by these; it may be by others of the
/// same server.
QuicTracker::ServerCrypto QuicTracker::read_server_crypto(QuicConnection& connection, Bytes frames) noexcept {
    ServerCrypto result = ServerCrypto::none;
    QuicFrameReader reader(frames);
    while (const auto frame = reader.next()) {
        const std::uint32_t size = frame->offset == 0 ? message_size(frame->data) : 0;
        const bool clear = frame->data.size() >= kUpToRandom || (size != 0 && size <= frame->data.size());
        if (frame->offset == 0 && frame->data.size() >= kUpToRandom && is_retry_request(frame->data))
            connection.retry_end = size;
        ServerCrypto is = frame->offset == 0 && clear ? ServerCrypto::answer : ServerCrypto::unclear;
        if (connection.retry_end != 0)
            is =
                frame->offset + frame->data.size() <= connection.retry_end ? ServerCrypto::retry : ServerCrypto::answer;
        result = std::max(result, is);
    }
    return result;
}

void QuicTracker::on_server_crypto(Datagram& datagram, std::uint32_t slot, ServerCrypto crypto) noexcept {
    const QuicConnection& connection = connections_[slot];
    if (connection.state == QuicState::blocked) return datagram.action.drop(Reason::flow_blocked);
    const bool judged = connection.state == QuicState::judged;
    const bool second_read = judged && connection.hello_begin != 0;
    bool was_read = judged || connection.joined || connection.answered;
    // Behind a retry request comes what answers the second hello. One path's second hello is not looked for on others.
    if (crypto == ServerCrypto::answer && connection.retry_end != 0) was_read = second_read;
    if (crypto == ServerCrypto::retry) was_read = judged || connection.hello_begin != 0;
    if (!was_read) {
        // The server has a whole hello and we have not: parts of it came by other ways.
        block(slot, Reason::hello_unread, datagram.now);
        return datagram.action.drop(Reason::hello_unread);
    }
    if (crypto == ServerCrypto::retry || (crypto == ServerCrypto::unclear && !connection.answered)) return;
    end(slot, QuicState::settled, datagram.now);
    ++counters_.flows_settled;
}

}  // namespace sluis
