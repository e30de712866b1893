// The protection of QUIC Initial packets: keys that anybody on the path can derive (RFC 9001, section 5).
#pragma once

#include "dataplane/protocol/quic_crypto.h"
#include "dataplane/protocol/quic_header.h"

namespace sluis {

enum class QuicSender : std::uint8_t { client, server };

/// AEAD_AES_128_GCM key material of one direction (RFC 9001, section 5.1).
struct QuicInitialKeys {
    Aes128Key key;
    GcmNonce iv;
    Aes128Key header_protection;
};

/// Derives the Initial keys of `sender` from the client's first Destination Connection ID. No heap, no state.
/// REQUIRES: is_readable_quic_version(version), destination.size() <= 20.
QuicInitialKeys derive_quic_initial_keys(std::uint32_t version, Bytes destination, QuicSender sender) noexcept;

/// An Initial's payload in the clear.
struct QuicInitialPayload {
    std::uint64_t packet_number = 0;  ///< in full
    Bytes frames;                     ///< in the scratch
};

/// Removes header protection and decrypts, authenticating. The packet is left as it is; the payload goes to `scratch`.
/// What is left away of its number is filled in from `largest_number`, the largest one so far of the same sender (RFC
/// 9000, A.3); a packet that does not open so is tried with its number as sent, as of a connection that begins anew.
/// Fails with `quic_authentication`; with `quic_header` for a packet too short for a sample, and, once authenticated,
/// for reserved bits that are not zero (RFC 9000, section 17.2); with `quic_frame` for an authentic packet without any
/// frame. REQUIRES: header.type is initial; scratch.size() >= header.packet.size(). (`quic_header` otherwise.)
Result<QuicInitialPayload> unprotect_quic_initial(const QuicLongHeader& header, const QuicInitialKeys& keys,
                                                  MutableBytes scratch, std::uint64_t largest_number = 0) noexcept;

/// What the sender of an Initial chooses.
struct QuicInitialFields {
    std::uint32_t version = kQuicVersion1;
    Bytes destination;  ///< at most 20 bytes, like `source`
    Bytes source;
    Bytes token;
    std::uint32_t packet_number = 0;        ///< of which the last `packet_number_length` bytes are sent
    std::uint8_t packet_number_length = 1;  ///< 1 to 4 bytes
};

/// Makes a protected Initial packet that holds `frames`, with PADDING behind them where a header protection sample
/// needs it. It takes frames.size() + token.size() + 80 bytes of `room` at the most. Fails with `no_frame` when `room`
/// is too small. REQUIRES: a readable version; fields within their limits; a packet of less than 16384 bytes.
Result<Bytes> write_quic_initial(const QuicInitialFields& fields, Bytes frames, const QuicInitialKeys& keys,
                                 MutableBytes room) noexcept;

/// Makes the server Initial that refuses a connection at once: CONNECTION_CLOSE with CONNECTION_REFUSED (0x02),
/// sealed with the keys that the client expects (RFC 9000, sections 10.2.3 and 19.19). `client` is the client's own
/// Initial; `first_destination` is the connection ID that the keys derive from. `source`: our Source Connection ID. A
/// client takes no other one than that of the server's first Initial, once that has arrived (RFC 9000, section 7.2).
/// Its packet number is none that a server has used in its first flights. Returns the datagram, of 73 bytes at the
/// most, in `room` (128 bytes suffice). Fails with `quic_header` when `client` is no Initial, `no_frame` without room.
/// REQUIRES: source.size() <= 20.
Result<Bytes> write_quic_refusal(const QuicLongHeader& client, Bytes first_destination, Bytes source,
                                 MutableBytes room) noexcept;

}  // namespace sluis
