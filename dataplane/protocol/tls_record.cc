#include "dataplane/protocol/tls_record.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "dataplane/packet/byte_reader.h"

namespace sluis {
namespace {

static_assert(std::is_trivially_copyable_v<TlsClientReader> && sizeof(TlsClientReader) <= 24);

// ContentType (RFC 8446, section 5.1; heartbeat: RFC 6520, section 4).
constexpr std::uint8_t kChangeCipherSpec = 20;
constexpr std::uint8_t kAlert = 21;
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kApplicationData = 23;
constexpr std::uint8_t kHeartbeat = 24;

constexpr std::uint8_t kMajorVersion = 3;
constexpr std::uint8_t kAlertWarning = 1;
constexpr std::size_t kAlertSize = 2;
constexpr std::size_t kChangeCipherSpecSize = 1;

// HandshakeType (RFC 8446, section 4).
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint8_t kServerHello = 2;

constexpr std::uint8_t kEarlyRecordLimit = 4;  ///< records of other types before the first hello

/// Servers with the most patience (OpenSSL, NSS, GnuTLS) read hellos of up to 128 KiB and a little.
constexpr std::uint32_t kServersHelloLimit = 131396;

constexpr std::size_t kRandomSize = 32;
/// SHA-256 of "HelloRetryRequest" (RFC 8446, section 4.1.3).
constexpr std::array<std::uint8_t, kRandomSize> kHelloRetryRandom{
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

bool is_known_type(std::uint8_t type) noexcept { return type >= kChangeCipherSpec && type <= kHeartbeat; }

std::uint8_t at(Bytes bytes, std::size_t index) noexcept { return std::to_integer<std::uint8_t>(bytes[index]); }

/// Whether `seen`, the first bytes of a handshake record's payload, can begin a ClientHello of plausible size.
bool may_begin_hello(Bytes seen) noexcept {
    if (!seen.empty() && at(seen, 0) != kClientHello) return false;
    return seen.size() < 2 || at(seen, 1) <= kServersHelloLimit >> 16;
}

/// Whether `seen`, the first bytes of a ClientHello message, reach as far as may_be_whole_hello looks.
bool shows_suites(Bytes seen) noexcept {
    ByteReader message(seen);
    message.skip(kHandshakeHeaderSize + sizeof(std::uint16_t) + kRandomSize);
    message.skip(message.u8());
    message.skip(sizeof(std::uint16_t));
    return message.ok();
}

/// Whether `seen`, the first bytes of a ClientHello message, have lengths that fit into it: servers with a lenient
/// record layer are strict with these.
bool may_be_whole_hello(Bytes seen) noexcept {
    constexpr std::uint32_t kLeastHello = 2 + kRandomSize + 1 + 2 + 2 + 2;  // no session, one suite, one compression
    ByteReader message(seen);
    message.skip(1);
    const std::uint32_t length = message.u24();
    if (message.ok() && length < kLeastHello) return false;
    message.skip(sizeof(std::uint16_t) + kRandomSize);
    message.skip(message.u8());
    const std::uint16_t suites = message.u16();
    return !message.ok() ||
           (suites != 0 && suites % 2 == 0 && message.position() + suites < kHandshakeHeaderSize + length);
}

/// Whether all of `seen`, at most kHelloCertainSize bytes, is what the first record of a ClientHello begins with: its
/// header, the message's and the version, as far as they lie in it.
bool resembles_hello(Bytes seen) noexcept {
    constexpr std::uint8_t kLastMinor = 4;
    if (at(seen, 0) != kHandshake) return false;
    if (seen.size() > 3 && at(seen, 3) > kTlsRecordLimit >> 8) return false;
    if (seen.size() <= kTlsRecordHeaderSize) return true;
    const std::size_t length = load_be<std::uint16_t>(seen.data() + 3);
    const Bytes payload = seen.subspan(kTlsRecordHeaderSize);
    const Bytes message = payload.first(std::min(payload.size(), length));
    if (length == 0 || length > kTlsRecordLimit || !may_begin_hello(message)) return false;
    if (message.size() > kHandshakeHeaderSize && at(message, kHandshakeHeaderSize) != kMajorVersion) return false;
    return message.size() <= kHandshakeHeaderSize + 1 || at(message, kHandshakeHeaderSize + 1) <= kLastMinor;
}

/// Whether a record of this type, length and payload (as far as it is seen) may come before any hello.
bool may_precede_hello(std::uint8_t type, std::size_t length, Bytes seen) noexcept {
    switch (type) {
        case kChangeCipherSpec:
            return length == kChangeCipherSpecSize;
        case kAlert:
            return length == kAlertSize && (seen.empty() || at(seen, 0) == kAlertWarning);
        case kHeartbeat:
            return length != 0;
        default:
            return false;
    }
}

/// The same for a record that is not of version 3.x: some servers look at a record's version only once they have chosen
/// one (Go's crypto/tls up to 0x0fff, s2n at none), and their clients may write what they like. What else the record
/// says must be a hello, then, or a warning.
bool may_be_odd_record(Bytes seen, std::size_t length, std::uint8_t type) noexcept {
    if (length == 0) return false;
    if (type == kAlert) return length == kAlertSize && may_precede_hello(type, length, seen);
    return type == kHandshake && may_begin_hello(seen) && may_be_whole_hello(seen);
}

/// Whether no more bytes of a handshake record that is not of version 3.x can change what may_be_odd_record says of it:
/// a stream that comes in small segments is to be read as one that comes at once.
bool is_decided(Bytes seen, std::size_t length) noexcept { return seen.size() >= length || shows_suites(seen); }

}  // namespace

bool may_be_tls_client(Bytes prefix) noexcept {
    if (prefix.empty()) return false;
    const std::uint8_t type = at(prefix, 0);
    if (!is_known_type(type) || type == kApplicationData) return false;
    const bool odd = prefix.size() >= 2 && at(prefix, 1) != kMajorVersion;
    if (odd && type != kHandshake && type != kAlert) return false;
    if (prefix.size() >= 4 && at(prefix, 3) > kTlsRecordLimit >> 8) return false;
    if (prefix.size() < kTlsRecordHeaderSize) return true;
    const std::size_t length = load_be<std::uint16_t>(prefix.data() + 3);
    if (length > kTlsRecordLimit) return false;
    const Bytes payload = prefix.subspan(kTlsRecordHeaderSize);
    const Bytes seen = payload.first(std::min(payload.size(), length));
    if (odd) return may_be_odd_record(seen, length, type);
    // Some servers skip empty records, or go on after an alert that others end with: such streams are read, and
    // refused.
    if (length == 0 || (type == kAlert && length == kAlertSize)) return true;
    return type == kHandshake ? may_begin_hello(seen) : may_precede_hello(type, length, seen);
}

std::size_t find_client_hello(Bytes bytes, std::size_t from) noexcept {
    for (auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(from);; ++begin) {
        begin = std::find(begin, bytes.end(), std::byte{kHandshake});
        if (begin == bytes.end()) return bytes.size();
        const Bytes rest(begin, bytes.end());
        // The second is what a reader begins with: what it would not take is to be found by nobody.
        if (resembles_hello(rest.first(std::min(rest.size(), kHelloCertainSize))) && may_be_client_hello(rest))
            return bytes.size() - rest.size();
    }
}

/// Takes a hello that is all here, in the record that the stream begins with, as nearly all are: to the same state as
/// step by step. False, and nothing is changed, where it is another one.
inline bool TlsClientReader::take_whole_hello(Bytes stream) noexcept {
    constexpr std::size_t kHeaders = kTlsRecordHeaderSize + kHandshakeHeaderSize;
    if (position_ != 0 || !at_start() || stream.size() < kHeaders || !begins_usual_hello(stream)) return false;
    const std::size_t record = load_be<std::uint16_t>(stream.data() + 3);
    const std::size_t length = load_be<std::uint16_t>(stream.data() + kHeaders - 2);
    if (length > kHandshakeLimit || length + kHandshakeHeaderSize > record || length > stream.size() - kHeaders)
        return false;
    message_begin_ = kTlsRecordHeaderSize;
    first_part_ = static_cast<std::uint16_t>(record);
    message_read_ = message_size_ = static_cast<std::uint16_t>(kHandshakeHeaderSize + length);
    position_ = static_cast<std::uint32_t>(kHeaders + length);
    record_left_ = static_cast<std::uint16_t>(record - message_size_);
    header_open_ = false;
    return true;
}

inline Reason TlsClientReader::finish_hello(Bytes stream, MutableBytes scratch, TlsClientProgress& progress) noexcept {
    Bytes message;
    if (message_size_ <= first_part_) {
        message = stream.subspan(message_begin_, message_size_);
    } else {
        if (scratch.size() < message_size_) return Reason::stream_limit;
        const MutableBytes joined = scratch.first(message_size_);
        if (!join(stream, joined)) return Reason::tls_malformed;
        message = joined;
    }
    const Reason reason = read_client_hello(message.subspan(kHandshakeHeaderSize), progress.hello);
    if (reason != Reason::none) return reason;
    if (hellos_ != UINT8_MAX) ++hellos_;
    message_read_ = 0;
    message_size_ = 0;
    progress.event = TlsClientEvent::client_hello;
    progress.end = position_;
    return Reason::none;
}

/// Each turn takes a record's header or what is there of a message, so that it ends when the stream does.
inline Reason TlsClientReader::read_on(Bytes stream, MutableBytes scratch, TlsClientProgress& progress) noexcept {
    bool complete = take_whole_hello(stream);
    Reason reason = Reason::none;
    while (!complete && reason == Reason::none && !beyond_) {
        reason = record_left_ == 0 ? begin_record(stream) : take_message(stream);
        complete = message_size_ != 0 && message_read_ == message_size_;
    }
    if (complete) return finish_hello(stream, scratch, progress);
    if (beyond_) progress.event = TlsClientEvent::beyond_hello;
    return beyond_ || reason == Reason::incomplete ? Reason::none : reason;
}

Result<TlsClientProgress> TlsClientReader::advance(Bytes stream, MutableBytes scratch) noexcept {
    Result<TlsClientProgress> progress{tl::in_place};
    if (failure_ == Reason::none) failure_ = read_on(stream, scratch, *progress);
    if (failure_ != Reason::none) progress = Failure(failure_);
    return progress;
}

Result<TlsClientReader::Record> TlsClientReader::read_record_header(Bytes unread) const noexcept {
    if (unread.empty()) return Failure(Reason::incomplete);
    const Reason otherwise = at_start() ? Reason::not_this_protocol : Reason::tls_malformed;
    const std::uint8_t type = at(unread, 0);
    if (!is_known_type(type)) return Failure(otherwise);
    const bool odd = unread.size() >= 2 && at(unread, 1) != kMajorVersion;
    if (odd && !may_have_odd_version(unread)) return Failure(otherwise);
    if (unread.size() < kTlsRecordHeaderSize) return Failure(Reason::incomplete);
    const std::uint16_t length = load_be<std::uint16_t>(unread.data() + 3);
    if (length > kTlsRecordLimit) return Failure(Reason::tls_malformed);
    if (odd && !message_open() && type == kHandshake && !is_decided(unread.subspan(kTlsRecordHeaderSize), length))
        return Failure(Reason::incomplete);
    return Record{type, length};
}

/// Whether a record that is not of version 3.x may come here: before a hello is complete, as its first or a later part.
bool TlsClientReader::may_have_odd_version(Bytes record) const noexcept {
    if (hello_seen()) return false;
    return message_open() ? at(record, 0) == kHandshake : may_be_tls_client(record);
}

/// Passes a record header, or a whole record that holds no handshake messages.
Reason TlsClientReader::begin_record(Bytes stream) noexcept {
    header_open_ = false;
    if (position_ >= stream.size()) return Reason::incomplete;  // greater: amid a record that is skipped
    const Bytes unread = stream.subspan(position_);
    const Result<Record> record = read_record_header(unread);
    if (!record) {
        header_open_ = record.error() == Reason::incomplete;
        return record.error();
    }
    if (record->type != kHandshake) return skip_record(*record, unread.subspan(kTlsRecordHeaderSize));
    if (record->length == 0) return Reason::tls_malformed;
    position_ += static_cast<std::uint32_t>(kTlsRecordHeaderSize);
    record_left_ = record->length;
    return Reason::none;
}

Reason TlsClientReader::skip_record(Record record, Bytes payload) noexcept {
    if (message_open()) return Reason::tls_malformed;  // RFC 8446, 5.1: handshake messages are not interleaved
    if (!hello_seen()) {
        const Reason reason = check_early_record(record, payload);
        header_open_ = reason == Reason::incomplete;
        if (reason != Reason::none) return reason;
        ++skipped_;
    } else if (record.type == kChangeCipherSpec) {
        cipher_changed_ = true;
    }
    position_ += static_cast<std::uint32_t>(kTlsRecordHeaderSize) + record.length;
    return Reason::none;
}

Reason TlsClientReader::check_early_record(Record record, Bytes payload) const noexcept {
    if (skipped_ == kEarlyRecordLimit) return Reason::tls_malformed;
    if (!may_precede_hello(record.type, record.length, payload)) return Reason::tls_malformed;
    return record.type == kAlert && payload.empty() ? Reason::incomplete : Reason::none;
}

/// Takes what the current record holds of the open message, or of its header as long as that is not complete.
Reason TlsClientReader::take_message(Bytes stream) noexcept {
    if (position_ >= stream.size()) return Reason::incomplete;
    if (!message_open()) {
        const Reason reason = begin_message(stream[position_]);
        if (reason != Reason::none || beyond_) return reason;
    }
    const std::size_t whole = message_size_ != 0 ? message_size_ : kHandshakeHeaderSize;
    const std::size_t there = std::min<std::size_t>(record_left_, stream.size() - position_);
    const auto taken = static_cast<std::uint16_t>(std::min(there, whole - message_read_));
    position_ += taken;
    record_left_ = static_cast<std::uint16_t>(record_left_ - taken);
    message_read_ = static_cast<std::uint16_t>(message_read_ + taken);
    const bool header_complete = message_size_ == 0 && message_read_ == kHandshakeHeaderSize;
    return header_complete ? read_message_header(stream) : Reason::none;
}

Reason TlsClientReader::begin_message(std::byte type) noexcept {
    if (std::to_integer<std::uint8_t>(type) == kClientHello) {
        message_begin_ = position_;
        first_part_ = record_left_;
        return Reason::none;
    }
    beyond_ = hello_seen();
    return beyond_ ? Reason::none : Reason::not_this_protocol;
}

Reason TlsClientReader::read_message_header(Bytes stream) noexcept {
    std::array<std::byte, kHandshakeHeaderSize> header;
    if (!join(stream, header)) return Reason::tls_malformed;
    const std::uint32_t length = load_be<std::uint32_t>(header.data()) & 0xffffff;
    if (length > kServersHelloLimit && cipher_changed_) {
        beyond_ = true;  // an encrypted Finished of TLS 1.2 whose first byte happens to be 1
        return Reason::none;
    }
    if (length > kHandshakeLimit) return Reason::stream_limit;
    message_size_ = static_cast<std::uint16_t>(kHandshakeHeaderSize + length);
    return Reason::none;
}

/// Copies the open message's first bytes, without the record headers amid them. REQUIRES: as many were read.
/// The headers were checked when they were read, yet nothing here relies on it: false when they do not fit.
bool TlsClientReader::join(Bytes stream, MutableBytes to) const noexcept {
    ByteReader reader(stream);
    reader.skip(message_begin_);
    std::size_t left = first_part_;
    while (!to.empty()) {
        if (left == 0) {
            reader.skip(kTlsRecordHeaderSize - sizeof(std::uint16_t));
            left = reader.u16();
        }
        const Bytes part = reader.bytes(std::min(left, to.size()));
        if (part.empty()) return false;
        std::copy(part.begin(), part.end(), to.begin());
        to = to.subspan(part.size());
        left -= part.size();
    }
    return true;
}

std::uint32_t TlsClientReader::complete_from(std::uint32_t seen) const noexcept {
    const std::uint32_t whole = message_size_ != 0 ? message_size_ : kHandshakeHeaderSize;
    return std::max(seen, position_) + whole - message_read_;
}

bool TlsClientReader::mid_message() const noexcept {
    return !beyond_ && (message_open() || record_left_ != 0 || header_open_);
}

Result<TlsServerAnswer> read_server_answer(Bytes stream, std::uint32_t& record_length) noexcept {
    if (stream.empty()) return Failure(Reason::incomplete);
    if (!is_known_type(at(stream, 0))) return Failure(Reason::not_this_protocol);
    if (stream.size() >= 2 && at(stream, 1) != kMajorVersion) return Failure(Reason::not_this_protocol);
    ByteReader reader(stream);
    const std::uint8_t type = reader.u8();
    reader.skip(sizeof(std::uint16_t));  // legacy_record_version
    const std::uint16_t length = reader.u16();
    if (!reader.ok()) return Failure(Reason::incomplete);
    if (length > kTlsRecordLimit) return Failure(Reason::not_this_protocol);
    record_length = static_cast<std::uint32_t>(kTlsRecordHeaderSize) + length;
    if (type == kAlert) return TlsServerAnswer::alert;

    constexpr std::size_t kUpToRandom = kHandshakeHeaderSize + sizeof(std::uint16_t) + kRandomSize;
    if (type != kHandshake || length < kUpToRandom) return TlsServerAnswer::other;
    const std::uint8_t message_type = reader.u8();
    if (reader.ok() && message_type != kServerHello) return TlsServerAnswer::other;
    reader.skip(3 + sizeof(std::uint16_t));  // length, legacy_version
    const Bytes random = reader.bytes(kRandomSize);
    if (!reader.ok()) return Failure(Reason::incomplete);
    const bool retry = std::ranges::equal(random, std::as_bytes(std::span(kHelloRetryRandom)));
    return retry ? TlsServerAnswer::hello_retry_request : TlsServerAnswer::server_hello;
}

}  // namespace sluis
