#include "dataplane/protocol/dns_stream.h"

#include <algorithm>
#include <array>

#include "dataplane/packet/byte_order.h"
#include "dataplane/protocol/dns_message.h"

namespace sluis {
namespace {

constexpr std::size_t kLengthSize = 2;
constexpr std::size_t kLeastQuestion = 5;  // the root, a type, a class
constexpr std::size_t kLeastQuery = kDnsHeaderSize + kLeastQuestion;
constexpr std::size_t kLabelLimit = 63;    // RFC 1035, section 2.3.4
constexpr std::size_t kPointerTag = 0xc0;  // RFC 1035, section 4.1.4
constexpr std::size_t kPointerTarget = 0x3fff;
constexpr unsigned kLeastHostLabels = 2;
constexpr std::byte kResponseBit{0x80};    // QR, in the first byte of the flags
constexpr std::size_t kQuestionCount = 4;  // QDCOUNT's offset in the header

/// What the bytes of an ordinary query's header may be: `bits` are those that must be as in `value`, `most` is for
/// counts.
struct HeaderByte {
    std::uint8_t bits, value, most;
};
constexpr std::array<HeaderByte, kDnsHeaderSize> kQueryHeader{{
    {0, 0, 0xff},     // ID
    {0, 0, 0xff},     //
    {0xf8, 0, 0xff},  // QR, opcode
    {0x0f, 0, 0xff},  // RCODE
    {0xff, 0, 0xff},  // QDCOUNT
    {0xff, 1, 0xff},  //
    {0xff, 0, 0xff},  // ANCOUNT
    {0xff, 0, 0xff},  //
    {0xff, 0, 0xff},  // NSCOUNT
    {0, 0, 1},        //
    {0xff, 0, 0xff},  // ARCOUNT
    {0, 0, 2},        //
}};

bool may_be_ordinary_header(Bytes header) noexcept {
    for (std::size_t i = 0; i < std::min(header.size(), kQueryHeader.size()); ++i) {
        const auto byte = std::to_integer<std::uint8_t>(header[i]);
        const HeaderByte& expected = kQueryHeader[i];
        if ((byte & expected.bits) != expected.value || byte > expected.most) return false;
    }
    return true;
}

/// Whether the records that the header counts end where the message does.
bool fills(Bytes message) noexcept {
    const auto header = parse_dns_header(message);
    if (!header) return false;
    DnsRecordReader records(message, *header);
    std::size_t end = records.position();
    while (true) {
        const auto record = records.next();
        if (!record) return record.error() == Reason::incomplete && end == message.size();
        end = record->end();
    }
}

/// A query as resolvers send it, about any name. `message` may be less than `length` bytes, the whole of it.
DnsStreamStart read_ordinary_query(Bytes message, std::size_t length) noexcept {
    if (!may_be_ordinary_header(message)) return DnsStreamStart::no;
    if (message.size() == length)
        return looks_like_dns(message) && fills(message) ? DnsStreamStart::yes : DnsStreamStart::no;
    ByteReader name(message.subspan(std::min(message.size(), kDnsHeaderSize)));
    return skip_dns_name(name) || !name.ok() ? DnsStreamStart::incomplete : DnsStreamStart::no;
}

/// QUERY, IQUERY, STATUS, NOTIFY, UPDATE and stateful operations.
bool is_known_opcode(std::uint8_t opcode) noexcept { return opcode <= 6 && opcode != 3; }

/// Whether a header, as far as it is there, can be a request's with `least` questions or more.
bool may_be_request_header(Bytes message, std::size_t length, std::size_t least) noexcept {
    ByteReader reader(message);
    reader.skip(2);
    DnsHeader header;
    header.flags = static_cast<std::uint16_t>(reader.u8() << 8);
    if (header.is_response() || !is_known_opcode(header.opcode())) return false;
    reader.skip(1);
    const std::size_t most = (length - kDnsHeaderSize) / kLeastQuestion;
    const std::size_t high = reader.u8();
    if (high > most >> 8) return false;
    const std::size_t questions = high << 8 | reader.u8();
    return !reader.ok() || (questions >= least && questions <= most);
}

bool is_host_octet(std::byte byte) noexcept {
    const auto octet = std::to_integer<char>(byte);
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') || (octet >= '0' && octet <= '9') ||
           octet == '-' || octet == '_';
}

/// Whether the first question's name, as far as it is there, can be one of two or more labels, all of host name
/// characters. Pointers are followed, each for one of the steps that a name has.
bool may_ask_for_host(Bytes message, std::size_t length) noexcept {
    std::size_t at = kDnsHeaderSize;
    unsigned labels = 0;
    for (std::size_t steps = 0; steps < kDnsNameLimit; ++steps) {
        if (at >= message.size()) return at < length;
        const auto label = std::to_integer<std::size_t>(message[at]);
        if (label == 0) return labels >= kLeastHostLabels;
        if (label >= kPointerTag) {
            if (message.size() - at < 2) return true;
            at = load_be<std::uint16_t>(message.data() + at) & kPointerTarget;
            continue;
        }
        if (label > kLabelLimit) return false;
        const Bytes octets = message.subspan(at + 1, std::min(label, message.size() - at - 1));
        if (!std::all_of(octets.begin(), octets.end(), is_host_octet)) return false;
        at += label + 1;
        ++labels;
    }
    return false;
}

/// A request about a host name, whatever else is in it: servers answer some with odd counts, or bytes behind them. It
/// is decided once `needed` of its `length` bytes are there.
DnsStreamStart read_host_question(Bytes message, std::size_t length, std::size_t needed) noexcept {
    if (!may_be_request_header(message, length, 1) || !may_ask_for_host(message, length)) return DnsStreamStart::no;
    if (message.size() < needed) return DnsStreamStart::incomplete;
    return parse_dns_question(message, kDnsHeaderSize) ? DnsStreamStart::yes : DnsStreamStart::no;
}

}  // namespace

DnsStreamStart read_dns_stream_start(Bytes stream, std::size_t limit) noexcept {
    if (stream.size() < kLengthSize) return DnsStreamStart::incomplete;
    const std::size_t length = load_be<std::uint16_t>(stream.data());
    const std::size_t needed = std::min(length, limit);
    if (needed < kLeastQuery) return DnsStreamStart::no;
    const Bytes rest = stream.subspan(kLengthSize);
    const Bytes message = rest.first(std::min(rest.size(), needed));
    const DnsStreamStart ordinary = length > limit ? DnsStreamStart::no : read_ordinary_query(message, length);
    return ordinary == DnsStreamStart::no ? read_host_question(message, length, needed) : ordinary;
}

DnsStreamStart read_dns_port_start(Bytes stream) noexcept {
    if (stream.size() < kLengthSize) return DnsStreamStart::incomplete;
    const std::size_t length = load_be<std::uint16_t>(stream.data());
    const Bytes message = stream.subspan(kLengthSize);
    if (length < kDnsHeaderSize || (message.size() > 2 && (message[2] & kResponseBit) != std::byte{0}))
        return DnsStreamStart::yes;
    if (!may_be_request_header(message, length, 0)) return DnsStreamStart::no;
    if (message.size() <= kDnsHeaderSize) return DnsStreamStart::incomplete;
    const auto label = std::to_integer<std::size_t>(message[kDnsHeaderSize]);
    const bool questions = load_be<std::uint16_t>(message.data() + kQuestionCount) != 0;
    return questions && label > kLabelLimit && label < kPointerTag ? DnsStreamStart::no : DnsStreamStart::yes;
}

}  // namespace sluis
