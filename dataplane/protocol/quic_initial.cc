#include "dataplane/protocol/quic_initial.h"

#include <algorithm>

#include "dataplane/packet/byte_writer.h"

namespace sluis {
namespace {

// The sample for header protection begins where the payload would if the packet number had four bytes (RFC
// 9001, 5.4.2).
constexpr std::size_t kSampleOffset = 4;
constexpr std::size_t kSampleEnd = kSampleOffset + sizeof(AesBlock);

constexpr std::uint8_t kLongFormFixedBit = 0xc0;
constexpr std::uint8_t kReservedBits = 0x0c;
constexpr std::uint8_t kProtectedBits = 0x0f;  // of a long header's first byte

/// The mask for the first byte and the packet number (RFC 9001, section 5.4.3). REQUIRES: protected_part.size() >=
/// kSampleEnd.
AesBlock header_mask(const Aes128Key& key, Bytes protected_part) noexcept {
    AesBlock sample;
    std::copy_n(protected_part.begin() + kSampleOffset, sample.size(), sample.begin());
    return aes128_encrypt(key, sample);
}

/// RFC 9001, section 5.3.
GcmNonce packet_nonce(const GcmNonce& iv, std::uint64_t packet_number) noexcept {
    GcmNonce nonce = iv;
    for (std::size_t i = nonce.size(); packet_number != 0; packet_number >>= 8) {
        nonce[--i] ^= static_cast<std::byte>(packet_number);
    }
    return nonce;
}

/// Adds the packet number's bytes to the header, and the protection to both (RFC 9001, section 5.4.1).
void protect_header(MutableBytes packet, std::size_t packet_number_offset, std::size_t packet_number_length,
                    const Aes128Key& key) noexcept {
    const AesBlock mask = header_mask(key, packet.subspan(packet_number_offset));
    packet[0] ^= mask[0] & std::byte{kProtectedBits};
    for (std::size_t i = 0; i < packet_number_length; ++i) packet[packet_number_offset + i] ^= mask[1 + i];
}

/// A packet's header as its sender wrote it, with the packet number.
struct ClearHeader {
    Bytes bytes;
    std::uint64_t packet_number = 0;  ///< as sent, truncated
    unsigned number_bits = 0;         ///< 8 to 32
};

/// The number nearest to the one that is expected next that ends in the bits that were sent (RFC 9000, A.3).
std::uint64_t full_packet_number(const ClearHeader& header, std::uint64_t largest) noexcept {
    constexpr std::uint64_t kNumbers = std::uint64_t{1} << 62;
    const std::uint64_t expected = largest + 1;
    const std::uint64_t window = std::uint64_t{1} << header.number_bits;
    const std::uint64_t candidate = (expected & ~(window - 1)) | header.packet_number;
    if (candidate + window / 2 <= expected && candidate < kNumbers - window) return candidate + window;
    if (candidate > expected + window / 2 && candidate >= window) return candidate - window;
    return candidate;
}

/// Copies the header to the start of `scratch` without its protection.
ClearHeader unprotect_header(const QuicLongHeader& header, const Aes128Key& key, MutableBytes scratch) noexcept {
    const Bytes protected_part = header.packet.subspan(header.packet_number_offset);
    const AesBlock mask = header_mask(key, protected_part);
    const std::byte first = header.packet[0] ^ (mask[0] & std::byte{kProtectedBits});
    const std::size_t number_length = (std::to_integer<std::size_t>(first) & 3) + 1;

    const MutableBytes clear = scratch.first(header.packet_number_offset + number_length);
    std::copy_n(header.packet.begin(), clear.size(), clear.begin());
    clear[0] = first;
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < number_length; ++i) {
        std::byte& digit = clear[header.packet_number_offset + i];
        digit ^= mask[1 + i];
        number = number << 8 | std::to_integer<std::uint64_t>(digit);
    }
    return {clear, number, static_cast<unsigned>(8 * number_length)};
}

void write_header(ByteWriter& writer, const QuicInitialFields& fields, std::size_t payload_size) noexcept {
    const unsigned type_bits = fields.version == kQuicVersion2 ? 1 : 0;
    writer.u8(static_cast<std::uint8_t>(kLongFormFixedBit | type_bits << 4 | (fields.packet_number_length - 1u)));
    writer.u32(fields.version);
    writer.u8(static_cast<std::uint8_t>(fields.destination.size()));
    writer.bytes(fields.destination);
    writer.u8(static_cast<std::uint8_t>(fields.source.size()));
    writer.bytes(fields.source);
    writer.varint(fields.token.size());
    writer.bytes(fields.token);
    writer.varint(fields.packet_number_length + payload_size + kGcmTagSize);
    for (unsigned shift = 8u * fields.packet_number_length; shift != 0;) {
        shift -= 8;
        writer.u8(static_cast<std::uint8_t>(fields.packet_number >> shift));
    }
}

}  // namespace

Result<QuicInitialPayload> unprotect_quic_initial(const QuicLongHeader& header, const QuicInitialKeys& keys,
                                                  MutableBytes scratch, std::uint64_t largest_number) noexcept {
    if (header.type != QuicPacketType::initial || scratch.size() < header.packet.size() ||
        header.packet.size() < header.packet_number_offset + kSampleEnd) {
        return Failure(Reason::quic_header);
    }
    const ClearHeader clear = unprotect_header(header, keys.header_protection, scratch);
    const Bytes sealed = header.packet.subspan(clear.bytes.size());
    const MutableBytes frames = scratch.subspan(clear.bytes.size(), sealed.size() - kGcmTagSize);
    const auto opens_as = [&](std::uint64_t number) {
        return aes128_gcm_open(keys.key, packet_nonce(keys.iv, number), clear.bytes, sealed, frames);
    };
    std::uint64_t number = full_packet_number(clear, largest_number);
    if (!opens_as(number)) {
        if (number == clear.packet_number || !opens_as(clear.packet_number))
            return Failure(Reason::quic_authentication);
        number = clear.packet_number;
    }
    if ((clear.bytes[0] & std::byte{kReservedBits}) != std::byte{0}) return Failure(Reason::quic_header);
    if (frames.empty()) return Failure(Reason::quic_frame);  // RFC 9000, section 12.4
    return QuicInitialPayload{number, frames};
}

Result<Bytes> write_quic_initial(const QuicInitialFields& fields, Bytes frames, const QuicInitialKeys& keys,
                                 MutableBytes room) noexcept {
    constexpr std::size_t kLeastNumberAndPayload = kSampleEnd - kGcmTagSize;
    const std::size_t payload_size = std::max(frames.size(), kLeastNumberAndPayload - fields.packet_number_length);
    ByteWriter writer(room);
    write_header(writer, fields, payload_size);
    const std::size_t header_size = writer.size();
    const MutableBytes sealed = writer.claim(payload_size + kGcmTagSize);
    if (!writer.ok()) return Failure(Reason::no_frame);

    std::copy(frames.begin(), frames.end(), sealed.begin());
    std::fill(sealed.begin() + static_cast<std::ptrdiff_t>(frames.size()), sealed.end(), std::byte{0});
    const MutableBytes packet = writer.written();
    aes128_gcm_seal(keys.key, packet_nonce(keys.iv, fields.packet_number), packet.first(header_size),
                    sealed.first(payload_size), sealed);
    protect_header(packet, header_size - fields.packet_number_length, fields.packet_number_length,
                   keys.header_protection);
    return packet;
}

Result<Bytes> write_quic_refusal(const QuicLongHeader& client, Bytes first_destination, Bytes source,
                                 MutableBytes room) noexcept {
    if (client.type != QuicPacketType::initial) return Failure(Reason::quic_header);
    // CONNECTION_CLOSE, CONNECTION_REFUSED, for no frame in particular, without a phrase.
    constexpr std::array kRefusal{std::byte{0x1c}, std::byte{0x02}, std::byte{0x00}, std::byte{0x00}};
    QuicInitialFields fields;
    fields.version = client.version;
    fields.destination = client.source;
    fields.source = source;
    // Beyond what the server may have sent by now: a number that the client has seen already is a duplicate to it. Near
    // enough for clients that distrust gaps. In full, since servers may have begun anywhere below 2^31.
    fields.packet_number = 1000;
    fields.packet_number_length = 4;
    return write_quic_initial(fields, kRefusal,
                              derive_quic_initial_keys(client.version, first_destination, QuicSender::server), room);
}

}  // namespace sluis
