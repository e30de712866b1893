// QUIC long headers, without their protection (RFC 9000, section 17.2; RFC 9369; draft-ietf-quic-transport-29).
#pragma once

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"

namespace sluis {

inline constexpr std::uint32_t kQuicVersion1 = 0x00000001;
inline constexpr std::uint32_t kQuicVersion2 = 0x6b3343cf;
inline constexpr std::uint32_t kQuicDraft29 = 0xff00001d;
inline constexpr std::size_t kQuicConnectionIdLimit = 20;  ///< bytes, in all versions that are read
inline constexpr std::size_t kQuicInitialDatagram = 1200;  ///< least size of a client's (RFC 9000, 14.1)

enum class QuicPacketType : std::uint8_t {
    initial,
    zero_rtt,
    handshake,
    retry,
    version_negotiation,
    unknown_version,  ///< a long header of a version whose packet types are not known
};

/// A long header packet inside a datagram. Views borrow from the datagram.
struct QuicLongHeader {
    QuicPacketType type = QuicPacketType::unknown_version;
    std::uint32_t version = 0;
    Bytes destination;  ///< Destination Connection ID
    Bytes source;       ///< Source Connection ID
    Bytes token;        ///< Initial only
    Bytes packet;  ///< the whole packet, header and protected payload; the datagram's rest for types without a Length
    std::uint32_t packet_number_offset = 0;  ///< in `packet`; for initial, zero_rtt, handshake
};

/// Whether a datagram begins with a long header (first bit set). Of drafts other than 29 and of gQUIC, too.
inline bool has_quic_long_header(Bytes datagram) noexcept {
    return !datagram.empty() && (datagram[0] & std::byte{0x80}) != std::byte{};
}
/// The Destination Connection ID behind a long header's version (RFC 8999, section 5.1); empty when it is longer than
/// that of any version that is read, or does not fit.
inline Bytes destination_connection_id(Bytes datagram) noexcept {
    constexpr std::size_t kLengthOffset = 5;
    if (datagram.size() <= kLengthOffset + kQuicConnectionIdLimit) return {};
    const auto length = static_cast<std::size_t>(datagram[kLengthOffset]);
    return length > kQuicConnectionIdLimit ? Bytes{} : datagram.subspan(kLengthOffset + 1, length);
}
/// Whether a Google version's number stands behind a public header's first byte and connection ID.
bool has_google_version(Bytes datagram) noexcept;
/// Whether a client's datagram is of Google's versions up to 43, whose header is none of the invariants' (RFC 8999). Of
/// the flags its first packets have these: a version, and a connection ID of eight bytes, for which many set a second
/// bit. The packet number's length is open, all else is zero.
inline bool has_gquic_public_header(Bytes datagram) noexcept {
    constexpr std::byte kVersion{0x01}, kConnectionId{0x08}, kAlsoConnectionId{0x04}, kNumberLength{0x30};
    return !datagram.empty() && (datagram[0] & ~(kNumberLength | kAlsoConnectionId)) == (kVersion | kConnectionId) &&
           has_google_version(datagram);
}
/// Whether it has either, and so may open a connection.
inline bool may_open_quic(Bytes datagram) noexcept {
    return has_quic_long_header(datagram) || has_gquic_public_header(datagram);
}
/// Whether the number is of a version that was ever in use: Google's, Facebook's, or a draft of the IETF's.
bool is_numbered_quic_version(std::uint32_t version) noexcept;
/// Whether names in this version's Initials can be read.
bool is_readable_quic_version(std::uint32_t version) noexcept;

/// Reads the first packet of `datagram` (or of what is left of one, for coalesced packets). Fails with
/// `not_this_protocol` for a short header, and for a version that is not known whose connection IDs do not fit (RFC
/// 8999: no QUIC of any version); with `quic_header`, in readable versions, for lengths that do not fit or connection
/// IDs over 20 bytes. In these versions the fixed bit may be zero (RFC 9287): a client with a token may clear it in its
/// first packet, a server in its answer.
Result<QuicLongHeader> parse_quic_long_header(Bytes datagram) noexcept;

}  // namespace sluis
