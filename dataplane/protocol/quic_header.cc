#include "dataplane/protocol/quic_header.h"

#include <array>

#include "dataplane/packet/byte_reader.h"

namespace sluis {
namespace {

constexpr std::uint8_t kFixedBit = 0x40;
constexpr std::size_t kRetryIntegrityTag = 16;  // RFC 9001, section 5.8

/// The long packet type bits, which version 2 rotates by one (RFC 9000, section 17.2; RFC 9369, section 3.2).
QuicPacketType packet_type(std::uint8_t first, std::uint32_t version) noexcept {
    constexpr std::array kTypes{QuicPacketType::initial, QuicPacketType::zero_rtt, QuicPacketType::handshake,
                                QuicPacketType::retry};
    const unsigned bits = first >> 4 & 3u;
    return kTypes[version == kQuicVersion2 ? (bits + 3) & 3 : bits];
}

/// "Q" (or "T", with TLS) and three digits: Q024, T051.
bool is_google_version(std::uint32_t version) noexcept {
    const auto is_digit = [&](int shift) { return (version >> shift & 0xff) - '0' < 10; };
    const std::uint32_t letter = version >> 24;
    return (letter == 'Q' || letter == 'T') && is_digit(16) && is_digit(8) && is_digit(0);
}

/// Google's versions Q044 to Q049 and the IETF's drafts up to 21 keep both connection ID lengths in one byte, ahead of
/// both.
bool has_joint_lengths(std::uint32_t version) noexcept {
    constexpr std::uint32_t kQ044 = 0x51303434;
    constexpr std::uint32_t kQ049 = 0x51303439;
    constexpr std::uint32_t kDraft0 = 0xff000000;
    constexpr std::uint32_t kDraft21 = 0xff000015;
    return (version >= kQ044 && version <= kQ049) || (version >= kDraft0 && version <= kDraft21);
}

/// A length of 1 to 15 stands for 4 to 18 bytes there (draft-ietf-quic-transport-21, section 17.2).
void read_joint_connection_ids(ByteReader& reader, QuicLongHeader& header) noexcept {
    const auto length = [](unsigned nibble) { return nibble == 0 ? 0u : nibble + 3; };
    const std::uint8_t lengths = reader.u8();
    header.destination = reader.bytes(length(lengths >> 4));
    header.source = reader.bytes(length(lengths & 15u));
}

/// RFC 8999, section 5.1.
void read_connection_ids(ByteReader& reader, QuicLongHeader& header) noexcept {
    header.destination = reader.bytes(reader.u8());
    header.source = reader.bytes(reader.u8());
}

/// What follows the connection IDs in a packet of a readable version. Returns whether it is well-formed.
bool read_rest(ByteReader& reader, QuicLongHeader& header) noexcept {
    if (header.type == QuicPacketType::retry) {
        header.packet = reader.all();
        return reader.remaining() >= kRetryIntegrityTag;
    }
    if (header.type == QuicPacketType::initial) header.token = reader.bytes(reader.varint());
    const std::uint64_t length = reader.varint();
    header.packet_number_offset = static_cast<std::uint32_t>(reader.position());
    reader.skip(length);
    header.packet = reader.all().first(reader.position());
    return reader.ok();
}

Result<QuicLongHeader> parse_readable(ByteReader reader, QuicLongHeader header, std::uint8_t first) noexcept {
    read_connection_ids(reader, header);
    if (!reader.ok() || header.destination.size() > kQuicConnectionIdLimit ||
        header.source.size() > kQuicConnectionIdLimit) {
        return Failure(Reason::quic_header);
    }
    header.type = packet_type(first, header.version);
    if (!read_rest(reader, header)) return Failure(Reason::quic_header);
    return header;
}

}  // namespace

bool has_google_version(Bytes datagram) noexcept {
    constexpr std::size_t kFlags = 1, kConnectionId = 8;
    ByteReader reader(datagram);
    reader.skip(kFlags + kConnectionId);
    return is_google_version(reader.u32()) && reader.ok();
}

bool is_numbered_quic_version(std::uint32_t version) noexcept {
    constexpr std::uint32_t kDraft = 0xff0000, kFacebook = 0xfaceb0;
    return is_google_version(version) || version >> 8 == kDraft || version >> 8 == kFacebook;
}

bool is_readable_quic_version(std::uint32_t version) noexcept {
    return version == kQuicVersion1 || version == kQuicVersion2 || version == kQuicDraft29;
}

Result<QuicLongHeader> parse_quic_long_header(Bytes datagram) noexcept {
    if (!has_quic_long_header(datagram)) return Failure(Reason::not_this_protocol);
    ByteReader reader(datagram);
    const std::uint8_t first = reader.u8();
    QuicLongHeader header;
    header.version = reader.u32();
    if (is_readable_quic_version(header.version)) return parse_readable(reader, header, first);

    // RTP and others share ports with QUIC, and have the first bit set and the second clear (RFC 9443).
    if (header.version != 0 && (first & kFixedBit) == 0) return Failure(Reason::not_this_protocol);
    if (has_joint_lengths(header.version)) {
        read_joint_connection_ids(reader, header);
    } else {
        read_connection_ids(reader, header);
    }
    // Half of all UDP payloads have the first bit set; what breaks the invariants is no QUIC of any version.
    if (!reader.ok()) return Failure(Reason::not_this_protocol);
    header.type = header.version == 0 ? QuicPacketType::version_negotiation : QuicPacketType::unknown_version;
    header.packet = datagram;
    return header;
}

}  // namespace sluis
