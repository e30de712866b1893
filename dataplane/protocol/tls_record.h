// TLS records as they come in a TCP stream (RFC 8446, section 5.1): handshake messages may be cut into any
// number of records, and records into any number of segments.
#pragma once

#include "dataplane/packet/byte_order.h"
#include "dataplane/protocol/client_hello.h"

namespace sluis {

inline constexpr std::size_t kTlsRecordHeaderSize = 5;
/// ContentType of the records that hold handshake messages (RFC 8446, section 5.1).
inline constexpr std::byte kTlsHandshake{22};
/// The longest record payload, bytes (RFC 8446, section 5.2: 2^14 and at most 256 of protection).
inline constexpr std::size_t kTlsRecordLimit = 16384 + 256;
inline constexpr std::size_t kHandshakeHeaderSize = 4;
/// The largest hello that is read, bytes. OpenSSL's limit for a ClientHello is 131396, BoringSSL's 16384; the
/// largest seen from a real client is 11.4 KB.
inline constexpr std::size_t kHandshakeLimit = 16384;

/// Whether `prefix` begins as nearly all clients' streams do that are TLS: with a handshake record of version 3.x, and
/// a ClientHello of less than 64 KiB in it. Of such a prefix, both questions below are answered by yes.
inline bool begins_usual_hello(Bytes prefix) noexcept {
    // ContentType, version and length of the record; HandshakeType and two of three bytes of the message's length.
    constexpr std::uint64_t kUsual = 0x16'03'00'0000'01'0000, kFixed = 0xff'ff'00'0000'ff'ff00;
    if (prefix.size() < sizeof kUsual) return false;
    const auto head = load_be<std::uint64_t>(prefix.data());
    return (head & kFixed) == kUsual && (head >> 24 & 0xffff) <= kTlsRecordLimit;
}

/// Like may_be_client_hello, or a record that TlsClientReader skips before a hello: a warning alert,
/// change_cipher_spec or heartbeat (RFC 6520); only the alert in any version.
bool may_be_tls_client(Bytes prefix) noexcept;

/// Whether a client's stream that begins with `prefix` (one byte or more) can be TLS: a handshake record, and as far as
/// they can be seen a plausible record length and a ClientHello of a size that some server reads. Any version, since
/// some servers look at none before they have chosen one (Go's crypto/tls up to 0x0fff, s2n); in a record that is not
/// of version 3.x the lengths in the hello must fit, too. The record may be cut anywhere, even between the message's
/// first two bytes.
inline bool may_be_client_hello(Bytes prefix) noexcept {
    if (prefix.empty() || prefix.front() != kTlsHandshake) return false;
    return begins_usual_hello(prefix) || may_be_tls_client(prefix);
}

/// From so many bytes on, `find_client_hello` has no doubt.
inline constexpr std::size_t kHelloCertainSize = 11;

/// The first offset, not before `from`, at which a ClientHello begins beyond reasonable doubt, or from which on `bytes`
/// has fewer than kHelloCertainSize bytes that all may begin one. bytes.size() when there is none. For streams of
/// another kind, which TLS may follow.
std::size_t find_client_hello(Bytes bytes, std::size_t from) noexcept;

/// What `TlsClientReader::advance` came to.
enum class TlsClientEvent : std::uint8_t {
    more,          ///< no new message is complete
    client_hello,  ///< one more ClientHello is complete
    beyond_hello,  ///< a message or record that no second ClientHello can follow (ClientKeyExchange, say)
};

struct TlsClientProgress {
    TlsClientEvent event = TlsClientEvent::more;
    ClientHello hello;      ///< for `client_hello`; borrows from the stream or from the scratch
    std::uint32_t end = 0;  ///< for `client_hello`: stream offset just past its last byte
};

/// Reads a client's side of a TLS connection, incrementally, over a stream that the caller keeps. It holds offsets only
/// and is a plain value, so that a flow can keep it at little cost. Every byte is looked at once, and a hello's
/// bytes once more when it is complete, however small the steps are.
///
/// Offsets count from the first byte of the first record. Before a hello: legal records (warning
/// alert, change_cipher_spec, heartbeat) are skipped, at most 4 of them; a fifth, an empty handshake
/// record, another alert or application data fail with `tls_malformed`. So do, wherever they come, a record longer than
/// kTlsRecordLimit, an unknown type, and any other record amid a handshake message; only a stream that does not even
/// begin as `may_be_tls_client` wants it fails with `not_this_protocol`. The records of the first hello may have any
/// version; what comes behind it in another than 3.x fails with `tls_malformed`.
/// After a hello: application data (early data), change_cipher_spec, alerts and heartbeats
/// are skipped without being needed (see `unread_until`), and a second ClientHello (after HelloRetryRequest) is read
/// likewise. A first handshake message that is no ClientHello fails with `not_this_protocol`; a later one, which may
/// also be an encrypted one after change_cipher_spec, gives `beyond_hello`, then and ever after. A hello that announces
/// more bytes than kHandshakeLimit fails with `stream_limit`; what fails to parse, with parse_client_hello's reasons. A
/// reader that failed fails the same way for good.
class TlsClientReader {
public:
    /// Reads on. `stream` is what is known without a hole from offset 0 on (the same bytes as before, and more);
    /// `scratch` has room for kHandshakeLimit + kHandshakeHeaderSize bytes and takes a hello that spans records.
    /// After `client_hello`, call again for what follows it.
    Result<TlsClientProgress> advance(Bytes stream, MutableBytes scratch) noexcept;

    /// The stream offset up to which the reader needs no bytes: they may be missing, and must not be waited for.
    /// Bytes below it that were skipped are never read. It is the current end of interest, never less than what was
    /// read; while a message is open, its bytes lie below it and must be kept. UINT32_MAX once beyond the hello.
    std::uint32_t unread_until() const noexcept { return beyond_ ? UINT32_MAX : position_; }
    /// Whether bytes of a record's header, of a handshake record or of a message were read and it is not complete.
    /// Records that are skipped do not count: nobody needs the rest of them.
    bool mid_message() const noexcept;
    /// Whether a handshake message has begun and is not complete: its bytes must be kept.
    bool message_open() const noexcept { return message_read_ != 0 && !beyond_; }
    /// Whether a ClientHello was read.
    bool hello_seen() const noexcept { return hellos_ != 0; }
    /// The stream offset before which the open or next handshake message cannot end, when all of the `seen` bytes that
    /// the stream has were read.
    std::uint32_t complete_from(std::uint32_t seen) const noexcept;
    /// The stream now begins `dropped` bytes later. REQUIRES: dropped <= unread_until() and no message is open.
    void rebase(std::uint32_t dropped) noexcept { position_ -= dropped; }

private:
    struct Record {
        std::uint8_t type;
        std::uint16_t length;
    };

    Reason read_on(Bytes stream, MutableBytes scratch, TlsClientProgress& progress) noexcept;
    bool take_whole_hello(Bytes stream) noexcept;
    Result<Record> read_record_header(Bytes unread) const noexcept;
    bool may_have_odd_version(Bytes record) const noexcept;
    Reason begin_record(Bytes stream) noexcept;
    Reason skip_record(Record record, Bytes payload) noexcept;
    Reason check_early_record(Record record, Bytes payload) const noexcept;
    Reason begin_message(std::byte type) noexcept;
    Reason take_message(Bytes stream) noexcept;
    Reason read_message_header(Bytes stream) noexcept;
    bool join(Bytes stream, MutableBytes to) const noexcept;
    Reason finish_hello(Bytes stream, MutableBytes scratch, TlsClientProgress& progress) noexcept;
    bool at_start() const noexcept { return skipped_ == 0 && hellos_ == 0 && message_read_ == 0; }

    std::uint32_t position_ = 0;       ///< offset of the next byte to read
    std::uint32_t message_begin_ = 0;  ///< offset of the open message's first byte
    std::uint16_t record_left_ = 0;    ///< bytes of the current handshake record from position_ on
    std::uint16_t first_part_ = 0;     ///< bytes of the record that message_begin_ lies in, from there on
    std::uint16_t message_read_ = 0;   ///< bytes of the open message before position_; 0 when none is open
    std::uint16_t message_size_ = 0;   ///< bytes of the open message with its header; 0 until that is read
    std::uint8_t skipped_ = 0;         ///< other records before the hello
    std::uint8_t hellos_ = 0;
    Reason failure_ = Reason::none;
    bool header_open_ = false;     ///< a record header has begun at position_
    bool cipher_changed_ = false;  ///< change_cipher_spec came after a hello
    bool beyond_ = false;
};

/// What a server's first flight says.
enum class TlsServerAnswer : std::uint8_t { server_hello, hello_retry_request, alert, other };

/// Reads the start of the server's stream (from the record boundary at `stream[0]`): needs at most 43 bytes.
/// Fails with `incomplete`, or with `not_this_protocol` when it is no TLS. HelloRetryRequest is told from ServerHello
/// by its random (RFC 8446, section 4.1.3); a ServerHello whose random does not end in the same record counts as
/// `other`, since what it says is not known. `record_length` becomes the whole record's length with header, when there
/// is a result.
Result<TlsServerAnswer> read_server_answer(Bytes stream, std::uint32_t& record_length) noexcept;

}  // namespace sluis
