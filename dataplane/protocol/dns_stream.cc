#include "dataplane/protocol/dns_stream.h"

#include <algorithm>
#include <array>

#include "dataplane/packet/byte_order.h"
#include "dataplane/protocol/dns_message.h"

namespace sluis {
namespace {

constexpr std::size_t kLengthSize = 2;
constexpr std::size_t kLeastQuery = kDnsHeaderSize + 5;  // the root, a type, a class

/// What the bytes of a query's header may be: `bits` are those that must be as in `value`, `most` is for counts.
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

bool may_be_query_header(Bytes header) noexcept {
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

}  // namespace

DnsStreamStart read_dns_stream_start(Bytes stream, std::size_t limit) noexcept {
    if (stream.empty()) return DnsStreamStart::incomplete;
    const auto high = std::to_integer<std::size_t>(stream[0]);
    if (stream.size() < kLengthSize) return high <= limit >> 8 ? DnsStreamStart::incomplete : DnsStreamStart::no;
    const std::size_t length = load_be<std::uint16_t>(stream.data());
    if (length < kLeastQuery || length > limit) return DnsStreamStart::no;
    const Bytes rest = stream.subspan(kLengthSize);
    const Bytes message = rest.first(std::min(rest.size(), length));
    if (!may_be_query_header(message)) return DnsStreamStart::no;
    if (message.size() < length) {
        ByteReader name(message.subspan(std::min(message.size(), kDnsHeaderSize)));
        return skip_dns_name(name) || !name.ok() ? DnsStreamStart::incomplete : DnsStreamStart::no;
    }
    return looks_like_dns(message) && fills(message) ? DnsStreamStart::yes : DnsStreamStart::no;
}

}  // namespace sluis
