#include "dataplane/verdict/dns_refusal.h"

#include <algorithm>

#include "dataplane/packet/byte_writer.h"

namespace sluis {
namespace {

using namespace std::string_view_literals;

constexpr std::uint16_t kRcodeFormatError = 1;
constexpr std::uint16_t kRcodeNameError = 3;

constexpr std::uint16_t kQuestionPointer = 0xc000 | kDnsHeaderSize;
constexpr std::uint16_t kUdpWithoutEdns = 512;   // RFC 1035, section 4.2.1
constexpr std::uint16_t kUdpPayloadSize = 1232;  // an IPv6 packet of 1280 bytes: fits every path
constexpr std::uint32_t kDnssecOk = 0x8000;      // in an OPT record's TTL: RFC 6891, section 6.1.3
constexpr std::uint16_t kOptionCookie = 10;      // RFC 7873
constexpr std::uint16_t kOptionExtendedError = 15;
constexpr std::uint16_t kInfoCodeBlocked = 15;  // RFC 8914, section 4.16
constexpr std::size_t kOptionHeaderSize = 4;

// The SOA's names, for which .invalid can never have a server (RFC 2606). The second ends in a pointer to the first.
constexpr std::string_view kPrimaryServer = "\5sluis\7invalid\0"sv;
constexpr std::string_view kMailboxLabel = "\12hostmaster"sv;
// The SOA's other timers, seconds: nobody transfers the zone.
constexpr std::uint32_t kSoaSerial = 1;
constexpr std::uint32_t kSoaRefresh = 3600;
constexpr std::uint32_t kSoaRetry = 600;
constexpr std::uint32_t kSoaExpire = 86400;

/// What the refused message's OPT record says (RFC 6891, section 6.1).
struct Edns {
    std::uint16_t payload_size = 0;  ///< bytes
    std::uint32_t dnssec_ok = 0;
    Bytes cookie;  ///< with its server part; else empty
};

/// The message's complete cookie: 8 bytes of the client's and 8 to 32 of the server's (RFC 7873, section 4).
Bytes find_cookie(Bytes options) noexcept {
    ByteReader reader(options);
    while (!reader.at_end()) {
        const std::uint16_t code = reader.u16();
        const Bytes value = reader.bytes(reader.u16());
        if (code == kOptionCookie && value.size() >= 16 && value.size() <= 40) return value;
    }
    return {};
}

std::optional<Edns> find_edns(Bytes message, const DnsHeader& header) noexcept {
    DnsRecordReader records(message, header);
    while (const auto record = records.next()) {
        if (record->section != DnsSection::additional || record->type != kDnsTypeOpt) continue;
        return Edns{record->klass, record->ttl & kDnssecOk,
                    find_cookie(message.subspan(record->rdata, record->rdata_length))};
    }
    return std::nullopt;
}

/// The address that a question gets in sinkhole mode; empty: none.
struct SinkholeAnswer {
    std::uint16_t type = 0;
    Bytes address;
};

SinkholeAnswer sinkhole_answer(const DnsQuestion& question, const DnsRefusal& refusal) noexcept {
    const std::uint16_t klass = question.klass & kDnsClassMask;
    if (refusal.mode != DnsRefusalMode::sinkhole || (klass != kDnsClassIn && klass != kDnsClassAny)) return {};
    const bool any = question.type == kDnsTypeAny;
    if (refusal.sinkhole_ipv4 && (any || question.type == kDnsTypeA)) return {kDnsTypeA, *refusal.sinkhole_ipv4};
    if (refusal.sinkhole_ipv6 && (any || question.type == kDnsTypeAaaa)) return {kDnsTypeAaaa, *refusal.sinkhole_ipv6};
    return {};
}

/// A record's class: the question's, where records can have it.
std::uint16_t record_class(const DnsQuestion& question) noexcept {
    const std::uint16_t klass = question.klass & kDnsClassMask;
    return klass == kDnsClassAny || klass == kDnsClassNone ? kDnsClassIn : klass;
}

std::uint16_t response_flags(const DnsHeader& header, std::uint16_t rcode) noexcept {
    constexpr unsigned copied = kDnsOpcodeBits | kDnsFlagRecursionDesired | kDnsFlagCheckingDisabled;
    return static_cast<std::uint16_t>(kDnsFlagResponse | kDnsFlagRecursionAvailable | (header.flags & copied) | rcode);
}

void write_question(ByteWriter& writer, const DnsQuestion& question) noexcept {
    writer.bytes(question.name.bytes());
    writer.u16(question.type);
    writer.u16(question.klass);
}

/// All of a record about the question's name but its RDATA.
void write_record_head(ByteWriter& writer, std::uint16_t type, std::uint16_t klass, std::uint32_t ttl,
                       std::size_t rdata_length) noexcept {
    writer.u16(kQuestionPointer);
    writer.u16(type);
    writer.u16(klass);
    writer.u32(ttl);
    writer.u16(static_cast<std::uint16_t>(rdata_length));
}

/// The SOA that makes a negative answer cacheable for `ttl` seconds (RFC 2308, section 3).
void write_soa(ByteWriter& writer, std::uint16_t klass, std::uint32_t ttl) noexcept {
    constexpr std::size_t timers_size = 5 * sizeof(std::uint32_t);
    constexpr std::size_t pointer_size = 2;
    write_record_head(writer, kDnsTypeSoa, klass, ttl,
                      kPrimaryServer.size() + kMailboxLabel.size() + pointer_size + timers_size);
    const std::size_t primary_server = writer.size();
    writer.text(kPrimaryServer);
    writer.text(kMailboxLabel);
    writer.u16(static_cast<std::uint16_t>(0xc000 | primary_server));
    writer.u32(kSoaSerial);
    writer.u32(kSoaRefresh);
    writer.u32(kSoaRetry);
    writer.u32(kSoaExpire);
    writer.u32(ttl);
}

std::size_t cookie_option_size(const Edns& edns) noexcept {
    return edns.cookie.empty() ? 0 : kOptionHeaderSize + edns.cookie.size();
}

/// Bytes of the whole OPT record (RFC 6891, section 6.1.2).
std::size_t opt_size(const Edns& edns, std::string_view text) noexcept {
    constexpr std::size_t fixed_size = 11;
    return fixed_size + cookie_option_size(edns) + kOptionHeaderSize + sizeof kInfoCodeBlocked + text.size();
}

void write_opt(ByteWriter& writer, const Edns& edns, std::string_view text) noexcept {
    const std::size_t error_size = sizeof kInfoCodeBlocked + text.size();
    writer.u8(0);  // the root
    writer.u16(kDnsTypeOpt);
    writer.u16(kUdpPayloadSize);
    writer.u32(edns.dnssec_ok);  // extended RCODE 0, version 0
    writer.u16(static_cast<std::uint16_t>(cookie_option_size(edns) + kOptionHeaderSize + error_size));
    if (!edns.cookie.empty()) {
        writer.u16(kOptionCookie);
        writer.u16(static_cast<std::uint16_t>(edns.cookie.size()));
        writer.bytes(edns.cookie);
    }
    writer.u16(kOptionExtendedError);
    writer.u16(static_cast<std::uint16_t>(error_size));
    writer.u16(kInfoCodeBlocked);
    writer.text(text);
}

/// The text, cut off between two characters where it is too long (RFC 3629, section 3).
std::string_view bounded_text(std::string_view text) noexcept {
    if (text.size() <= kDnsRefusalTextLimit) return text;
    std::size_t end = kDnsRefusalTextLimit;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end);
}

/// The largest answer that the client takes over UDP, bytes. What a server's own OPT says is no word of the client.
std::size_t client_limit(const DnsHeader& header, const Edns& edns) noexcept {
    return header.is_response() ? kUdpWithoutEdns : std::max(kUdpWithoutEdns, edns.payload_size);
}

}  // namespace

Result<Bytes> write_dns_refusal(Bytes query, const DnsRefusal& refusal, MutableBytes room) noexcept {
    const auto header = parse_dns_header(query);
    if (!header || header->questions != 1) return Failure(Reason::dns_malformed);
    const auto question = parse_dns_question(query, kDnsHeaderSize);
    if (!question) return Failure(question.error());
    const auto edns = find_edns(query, *header);
    const SinkholeAnswer answer = sinkhole_answer(*question, refusal);
    const bool answered = !answer.address.empty();

    ByteWriter writer(room);
    writer.u16(header->id);
    writer.u16(response_flags(*header, refusal.mode == DnsRefusalMode::sinkhole ? 0 : kRcodeNameError));
    writer.u16(1);
    writer.u16(answered ? 1 : 0);
    writer.u16(answered ? 0 : 1);
    writer.u16(edns ? 1 : 0);
    write_question(writer, *question);
    if (answered) {
        write_record_head(writer, answer.type, kDnsClassIn, refusal.ttl, answer.address.size());
        writer.bytes(answer.address);
    } else {
        write_soa(writer, record_class(*question), refusal.ttl);
    }
    if (edns) {
        const std::string_view text = bounded_text(refusal.text);
        const bool fits = writer.size() + opt_size(*edns, text) <= client_limit(*header, *edns);
        write_opt(writer, *edns, fits ? text : std::string_view());
    }
    if (!writer.ok()) return Failure(Reason::frame_too_long);
    return writer.written();
}

Result<Bytes> write_dns_format_error(Bytes query, MutableBytes room) noexcept {
    const auto header = parse_dns_header(query);
    if (!header || header->is_response()) return Failure(Reason::dns_malformed);
    ByteWriter writer(room);
    writer.u16(header->id);
    writer.u16(response_flags(*header, kRcodeFormatError));
    writer.u64(0);  // the four counts
    if (!writer.ok()) return Failure(Reason::frame_too_long);
    return writer.written();
}

}  // namespace sluis
