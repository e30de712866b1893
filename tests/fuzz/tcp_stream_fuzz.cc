// A message that must not get through, in segments that the input orders: cut, repeated, with other bytes, out of
// order, acknowledged or not. However it does that, no server gets all of the message's own bytes.
//
// The first byte chooses the message, the second the place of a cut between its records. Then each step has four bytes:
// what to do, an offset, a length, and time to let pass.
#include "dataplane/packet/byte_reader.h"
#include "tests/fuzz/delivery.h"

namespace {

using namespace sluis;
using namespace sluis::test;
using fuzz::require;

constexpr std::uint32_t kClientFirst = 0xffffffb0;  // wraps within the message
constexpr std::uint32_t kServerFirst = 5001;

struct Message {
    int port = 443;
    Buffer bytes;
};

Message message_of(std::uint8_t choice, std::uint8_t cut) {
    const Buffer hello_message = hello("www.tiktok.com");
    const Bytes whole(hello_message);
    const std::size_t at = 1 + cut % (whole.size() - 1);
    const std::string_view question("\x12\x34\x01\0\0\1\0\0\0\0\0\0\3www\6tiktok\3com\0\0\1\0\1", 32);
    switch (choice % 4) {
        case 0:
            return {443, record(22, hello_message)};
        case 1:
            return {443, record(22, buffer(whole.first(at))) + record(22, buffer(whole.subspan(at)))};
        case 2:
            return {53, prefixed(2, buffer(question))};
        default:
            return {80, buffer("GET / HTTP/1.1\r\nHost: www.tiktok.com\r\n\r\n")};
    }
}

/// A client, a server that acknowledges what it has, and the message between them.
class Connection {
public:
    explicit Connection(Message message) : message_(std::move(message)), got_(message_.bytes.size()) {
        require(from_client(kTcpSyn, kClientFirst - 1, 0, {}));
        require(from_server(kTcpSyn | kTcpAck, kServerFirst - 1, kClientFirst));
        require(from_client(kTcpAck, kClientFirst, kServerFirst, {}));
    }
    void step(std::uint8_t choice, std::uint8_t offset, std::uint8_t length) {
        switch (choice % 8) {
            case 0:  // the server acknowledges
                from_server(kTcpAck, kServerFirst, kClientFirst + static_cast<std::uint32_t>(contiguous()));
                break;
            case 1:  // other bytes at the same place
                segment(offset, length, choice);
                break;
            default:
                segment(offset, length, 0);
        }
    }
    void wait(Nanoseconds time) { delivery_.wait(time); }

private:
    std::size_t contiguous() const {
        return static_cast<std::size_t>(std::find(got_.begin(), got_.end(), false) - got_.begin());
    }
    void segment(std::size_t offset, std::size_t length, std::uint8_t twist) {
        const std::size_t from = offset % message_.bytes.size();
        const std::size_t to = std::min(message_.bytes.size(), from + length);
        Buffer payload = buffer(Bytes(message_.bytes).subspan(from, to - from));
        for (std::byte& byte : payload) byte ^= std::byte{twist};
        const bool sent =
            from_client(kTcpAck | kTcpPsh, kClientFirst + static_cast<std::uint32_t>(from), kServerFirst, payload);
        if (!sent || twist != 0) return;
        std::fill(got_.begin() + static_cast<std::ptrdiff_t>(from), got_.begin() + static_cast<std::ptrdiff_t>(to),
                  true);
        require(contiguous() < message_.bytes.size());
    }
    bool from_client(int flags, std::uint32_t seq, std::uint32_t ack, const Buffer& payload) {
        const TcpFields fields{.destination = message_.port, .seq = seq, .ack = ack, .flags = flags};
        return delivery_.passes(Side::inside, ethernet(ipv4({}, tcp(fields, payload))));
    }
    bool from_server(int flags, std::uint32_t seq, std::uint32_t ack) {
        const TcpFields fields{.source = message_.port, .destination = 50000, .seq = seq, .ack = ack, .flags = flags};
        const Ipv4Fields addresses{.source = "198.51.100.20", .destination = "192.0.2.10"};
        return delivery_.passes(Side::outside, ethernet(ipv4(addresses, tcp(fields)), kEtherIpv4, true));
    }

    fuzz::Delivery delivery_;
    Message message_;
    std::vector<bool> got_;  ///< bytes of the message that the server got, as they are in the message
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader input(std::as_bytes(std::span(data, size)));
    const std::uint8_t choice = input.u8(), cut = input.u8();
    Connection connection(message_of(choice, cut));
    for (int count = 0; count < 200 && input.remaining() >= 4; ++count) {
        const std::uint8_t what = input.u8(), offset = input.u8(), length = input.u8(), time = input.u8();
        connection.step(what, offset, length);
        connection.wait(Nanoseconds{time} * 1'000'000);
    }
    return 0;
}
