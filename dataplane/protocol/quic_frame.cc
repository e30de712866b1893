#include "dataplane/protocol/quic_frame.h"

#include <array>
#include <bit>
#include <cstring>

#include "dataplane/packet/byte_reader.h"

namespace sluis {
namespace {

// Frame types (RFC 9000, section 19). All fit the one-byte form of a varint, and longer forms are refused
// (section 12.4).
constexpr std::uint8_t kPadding = 0x00;
constexpr std::uint8_t kPing = 0x01;
constexpr std::uint8_t kAck = 0x02;
constexpr std::uint8_t kAckEcn = 0x03;
constexpr std::uint8_t kCrypto = 0x06;
constexpr std::uint8_t kConnectionClose = 0x1c;

constexpr std::uint64_t kVarintLimit = (std::uint64_t{1} << 62) - 1;

/// Passes an ACK frame's body. Returns whether it is well-formed: no range may reach below packet number 0
/// (section 19.3.1).
bool skip_ack(ByteReader& reader, bool ecn) noexcept {
    std::uint64_t smallest = reader.varint();
    reader.varint();  // ACK Delay
    const std::uint64_t ranges = reader.varint();
    const std::uint64_t first = reader.varint();
    if (first > smallest) return false;
    smallest -= first;
    for (std::uint64_t i = 0; i < ranges; ++i) {
        const std::uint64_t gap = reader.varint();
        const std::uint64_t length = reader.varint();
        if (!reader.ok() || gap + 2 + length > smallest) return false;
        smallest -= gap + 2 + length;
    }
    for (int i = 0; ecn && i < 3; ++i) reader.varint();  // ECT0, ECT1, ECN-CE counts
    return reader.ok();
}

/// Passes the body of a CONNECTION_CLOSE frame of type 0x1c (section 19.19).
bool skip_connection_close(ByteReader& reader) noexcept {
    reader.varint();  // Error Code
    reader.varint();  // Frame Type
    reader.skip(reader.varint());
    return reader.ok();
}

/// Section 19.6.
bool read_crypto(ByteReader& reader, QuicCryptoFrame& frame) noexcept {
    frame.offset = reader.varint();
    frame.data = reader.bytes(reader.varint());
    return reader.ok() && frame.data.size() <= kVarintLimit - frame.offset;
}

/// How many bytes of 0 come first. PADDING fills up most Initials (section 14.1), and some clients strew it.
std::size_t leading_zeros(Bytes bytes) noexcept {
    std::size_t count = 0;
    for (std::array<std::uint64_t, 4> words; bytes.size() - count >= sizeof words; count += sizeof words) {
        std::memcpy(&words, bytes.data() + count, sizeof words);
        if ((words[0] | words[1] | words[2] | words[3]) != 0) break;
    }
    for (; bytes.size() - count >= sizeof(std::uint64_t); count += sizeof(std::uint64_t)) {
        const auto word = load_be<std::uint64_t>(bytes.data() + count);
        if (word != 0) return count + static_cast<std::size_t>(std::countl_zero(word)) / 8;
    }
    while (count < bytes.size() && bytes[count] == std::byte{kPadding}) ++count;
    return count;
}

}  // namespace

Result<QuicCryptoFrame> QuicFrameReader::next() noexcept {
    ByteReader reader(rest_);
    while (!reader.at_end()) {
        // A reader that fails goes to its end, so what is kept is the frame's own beginning.
        const Bytes frame_start = reader.rest();
        const std::uint8_t type = reader.u8();
        bool well_formed = true;
        if (type == kPadding) reader.skip(leading_zeros(reader.rest()));
        if (type == kPadding || type == kPing) continue;
        if (type == kCrypto) {
            QuicCryptoFrame frame;
            if (read_crypto(reader, frame)) {
                rest_ = reader.rest();
                return frame;
            }
            well_formed = false;
        } else if (type == kAck || type == kAckEcn) {
            well_formed = skip_ack(reader, type == kAckEcn);
        } else if (type == kConnectionClose) {
            well_formed = skip_connection_close(reader);
            if (well_formed) closes_ = true;
        } else {
            well_formed = false;
        }
        if (!well_formed) {
            rest_ = frame_start;  // so that every further call fails alike
            return Failure(Reason::quic_frame);
        }
    }
    rest_ = {};
    return Failure(Reason::incomplete);
}

}  // namespace sluis
