// A hello that must not get through, in Initials that the input orders: its CRYPTO bytes cut, repeated, with other
// bytes, out of order, between frames of the input's own; and a server that acknowledges. However it does that, no
// server gets all of the hello's own bytes.
//
// The first byte chooses the version. Each step begins with what to do, an offset of two bytes and a length: more
// frames for the datagram at hand, from the hello or from the input; or to send it.
#include <cstdint>

#include "dataplane/packet/byte_reader.h"
#include "dataplane/protocol/quic_frame.h"
#include "dataplane/protocol/quic_initial.h"
#include "tests/fuzz/delivery.h"

namespace {

using namespace sluis;
using namespace sluis::test;
using fuzz::require;

Buffer crypto_frame(std::size_t offset, const Buffer& data) {
    return buffer({6}) + big_endian(0x8000'0000 | offset, 4) + big_endian(0x4000 | data.size(), 2) + data;
}

class Connection {
public:
    explicit Connection(std::uint32_t version) : version_(version), got_(hello_.size()) {}

    void add_from_hello(std::size_t offset, std::size_t length, std::uint8_t twist) {
        const std::size_t from = offset % hello_.size();
        const std::size_t to = std::min(hello_.size(), from + length);
        Buffer data = buffer(Bytes(hello_).subspan(from, to - from));
        for (std::byte& byte : data) byte ^= std::byte{twist};
        add(crypto_frame(from, data));
    }
    void add(const Buffer& frames) {
        if (frames_.size() + frames.size() < 1500) frames_ = std::move(frames_) + frames;
    }
    /// The client's datagram with the frames so far, and PADDING up to what a server takes (RFC 9000, section 14.1).
    void send() {
        Buffer frames = std::exchange(frames_, {});
        frames.resize(std::max<std::size_t>(frames.size(), 1200));
        if (passes(Side::inside, client_id_, server_id_, QuicSender::client, frames)) take(frames);
    }
    /// The server acknowledges, without any CRYPTO: it has no hello to answer.
    void acknowledge() { passes(Side::outside, server_id_, client_id_, QuicSender::server, buffer({2, 0, 0, 0, 0})); }

private:
    void take(const Buffer& frames) {
        QuicFrameReader reader(frames);
        while (const auto frame = reader.next())
            for (std::size_t i = 0; i < frame->data.size(); ++i) {
                const std::uint64_t at = frame->offset + i;
                if (at < hello_.size() && hello_[at] == frame->data[i]) got_[at] = true;
            }
        require(std::find(got_.begin(), got_.end(), false) != got_.end());
    }
    bool passes(Side side, const Buffer& source, const Buffer& destination, QuicSender sender, const Buffer& frames) {
        const QuicInitialFields fields{
            .version = version_, .destination = destination, .source = source, .packet_number = number_++ % 256};
        const auto keys = derive_quic_initial_keys(version_, server_id_, sender);
        Buffer room(4096);
        const auto packet = write_quic_initial(fields, frames, keys, room);
        require(packet.has_value());
        const bool back = side == Side::outside;
        const Buffer datagram = back ? udp(443, 50443, buffer(*packet)) : udp(50443, 443, buffer(*packet));
        Ipv4Fields addresses{.protocol = kProtocolUdp};
        if (back) std::swap(addresses.source, addresses.destination);
        return delivery_.passes(side, ethernet(ipv4(addresses, datagram), kEtherIpv4, back));
    }

    const Buffer hello_ = hello("www.tiktok.com");
    const Buffer client_id_ = buffer("client"), server_id_ = buffer("83-94-c8");
    std::uint32_t version_, number_ = 0;
    Buffer frames_;
    fuzz::Delivery delivery_;
    std::vector<bool> got_;  ///< bytes of the hello that the server got
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array kVersions{kQuicVersion1, kQuicVersion2, kQuicDraft29};
    ByteReader input(std::as_bytes(std::span(data, size)));
    Connection connection(kVersions[input.u8() % kVersions.size()]);
    for (int count = 0; count < 100 && input.remaining() >= 4; ++count) {
        const std::uint8_t choice = input.u8();
        const std::uint16_t offset = input.u16();
        const std::uint8_t length = input.u8();
        switch (choice % 8) {
            case 0:
                connection.acknowledge();
                break;
            case 1:
                connection.add_from_hello(offset, length, choice);
                break;
            case 2:
                connection.add(buffer(input.bytes(std::min<std::size_t>(length, input.remaining()))));
                break;
            case 3:
            case 4:
                connection.add_from_hello(offset, length, 0);
                break;
            default:
                connection.add_from_hello(offset, length, 0);
                connection.send();
        }
    }
    return 0;
}
