#include "control/bundle/quic_hello.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/flow/reassembly_buffer.h"
#include "dataplane/packet/byte_reader.h"
#include "dataplane/packet/bytes.h"
#include "dataplane/protocol/client_hello.h"
#include "dataplane/protocol/quic_frame.h"
#include "dataplane/protocol/quic_initial.h"
#include "dataplane/protocol/tls_record.h"

namespace sluis {
namespace {

using Error = tl::unexpected<std::string>;
using Outcome = tl::expected<void, std::string>;

constexpr std::uint32_t kCryptoLimit = kHandshakeLimit + kHandshakeHeaderSize;
constexpr std::uint8_t kClientHelloType = 1;

/// The Initial CRYPTO stream of one connection.
class CryptoStream {
public:
    Outcome take_datagram(Bytes datagram) {
        if (datagram.size() < kQuicInitialDatagram)
            return Error("has a datagram of less than 1200 bytes, which no server takes a hello from");
        std::vector<std::byte> scratch(datagram.size());
        while (!datagram.empty()) {
            const auto header = parse_quic_long_header(datagram);
            if (!header) break;  // what follows the last packet of a datagram is nobody's
            if (header->type == QuicPacketType::initial)
                if (auto taken = take_initial(*header, scratch); !taken) return taken;
            datagram = datagram.subspan(header->packet.size());
        }
        return {};
    }
    Bytes bytes() const { return stream_.contiguous(); }

private:
    Outcome take_initial(const QuicLongHeader& header, MutableBytes scratch) {
        if (!is_readable_quic_version(header.version)) return Error("is of a QUIC version whose hellos cannot be read");
        if (!keys_) keys_ = derive_quic_initial_keys(header.version, header.destination, QuicSender::client);
        const auto payload = unprotect_quic_initial(header, *keys_, scratch);
        if (!payload) return Error("has an Initial that is not authentic, or not of the first one's connection");
        QuicFrameReader reader(payload->frames);
        for (;;) {
            const auto frame = reader.next();
            if (!frame && frame.error() == Reason::incomplete) return {};
            if (!frame) return Error("has an Initial with a malformed frame");
            const bool fits = frame->offset <= kCryptoLimit;
            const Written written =
                fits ? stream_.write(static_cast<std::uint32_t>(frame->offset), frame->data) : Written::too_long;
            if (written == Written::too_long) return Error("has CRYPTO bytes beyond any hello's");
            if (written == Written::conflict) return Error("has two contents for one byte");
        }
    }

    std::vector<std::byte> bytes_ = std::vector<std::byte>(kCryptoLimit);
    std::vector<std::uint64_t> known_ = std::vector<std::uint64_t>(kCryptoLimit / 64 + 1);
    ReassemblyBuffer stream_{bytes_.data(), known_.data(), kCryptoLimit};
    std::optional<QuicInitialKeys> keys_;
};

}  // namespace

tl::expected<std::string, std::string> quic_server_name(const wire::QuicHello& hello) {
    CryptoStream stream;
    for (const std::string& datagram : hello.datagrams())
        if (auto taken = stream.take_datagram(as_bytes(datagram)); !taken) return Error(taken.error());
    const Bytes message = stream.bytes();
    if (message.size() < kHandshakeHeaderSize) return Error("holds no beginning of a ClientHello");
    ByteReader reader(message);
    const std::uint8_t type = reader.u8();
    const std::uint32_t length = reader.u24();
    if (type != kClientHelloType || reader.remaining() < length) return Error("holds no complete ClientHello");
    const auto parsed = parse_client_hello(reader.bytes(length));
    if (!parsed) return Error("holds a ClientHello that is malformed");
    if (!parsed->has_server_name) return Error("holds a ClientHello that names no server");
    return std::string(as_text(parsed->server_name));
}

}  // namespace sluis
