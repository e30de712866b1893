// DNS messages, as far as names and their refusal need them (RFC 1035, 6891, 9460).
#pragma once

#include <array>

#include "dataplane/packet/byte_reader.h"
#include "dataplane/packet/result.h"

namespace sluis {

inline constexpr std::uint16_t kDnsPort = 53;  ///< UDP and TCP (RFC 1035, 4.2)
inline constexpr std::size_t kDnsHeaderSize = 12;
inline constexpr std::size_t kDnsNameLimit = 255;  ///< bytes on the wire, root label included (RFC 1035, 2.3.4)

/// Resource record types by their IANA numbers.
inline constexpr std::uint16_t kDnsTypeA = 1;
inline constexpr std::uint16_t kDnsTypeCname = 5;
inline constexpr std::uint16_t kDnsTypeSoa = 6;
inline constexpr std::uint16_t kDnsTypeAaaa = 28;
inline constexpr std::uint16_t kDnsTypeDname = 39;
inline constexpr std::uint16_t kDnsTypeOpt = 41;
inline constexpr std::uint16_t kDnsTypeRrsig = 46;
inline constexpr std::uint16_t kDnsTypeSvcb = 64;
inline constexpr std::uint16_t kDnsTypeHttps = 65;
inline constexpr std::uint16_t kDnsTypeAny = 255;

inline constexpr std::uint16_t kDnsClassIn = 1;
inline constexpr std::uint16_t kDnsClassChaos = 3;
inline constexpr std::uint16_t kDnsClassHesiod = 4;
inline constexpr std::uint16_t kDnsClassNone = 254;
inline constexpr std::uint16_t kDnsClassAny = 255;
/// The class without mDNS's top bit, which asks for a unicast answer (RFC 6762, section 18.12).
inline constexpr std::uint16_t kDnsClassMask = 0x7fff;

/// Bits of `DnsHeader::flags` (RFC 1035, section 4.1.1; RFC 4035, section 3.2.2).
inline constexpr std::uint16_t kDnsFlagResponse = 0x8000;
inline constexpr std::uint16_t kDnsFlagTruncated = 0x0200;
inline constexpr std::uint16_t kDnsFlagRecursionDesired = 0x0100;
inline constexpr std::uint16_t kDnsFlagRecursionAvailable = 0x0080;
inline constexpr std::uint16_t kDnsFlagCheckingDisabled = 0x0010;
inline constexpr std::uint16_t kDnsOpcodeBits = 0x7800;

/// The fixed header (RFC 1035, section 4.1.1).
struct DnsHeader {
    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    std::uint16_t questions = 0;
    std::uint16_t answers = 0;
    std::uint16_t authorities = 0;
    std::uint16_t additionals = 0;

    bool is_response() const noexcept { return (flags & kDnsFlagResponse) != 0; }
    std::uint8_t opcode() const noexcept { return flags >> 11 & 0xf; }
};

/// The QR bit of a message that may be too short for a header (RFC 1035, section 4.1.1).
inline bool is_dns_response(Bytes message) noexcept {
    return message.size() > 2 && (message[2] & std::byte{0x80}) != std::byte{};
}

/// A name in uncompressed wire form: length-prefixed labels and the root label, in the case they came in.
struct DnsName {
    std::array<std::byte, kDnsNameLimit> wire;
    std::uint8_t length = 0;
    Bytes bytes() const noexcept { return {wire.data(), length}; }
};

struct DnsQuestion {
    DnsName name;
    std::uint16_t type = 0;
    std::uint16_t klass = 0;
    std::size_t end = 0;  ///< offset just past the question in the message
};

/// Reads the header. Fails with `not_this_protocol` when the message is shorter than one.
Result<DnsHeader> parse_dns_header(Bytes message) noexcept;

/// Reads one name at `offset`, following compression pointers; `end` becomes the offset just past the name where it
/// stands. Pointers may lead either way, since some resolvers follow any (RFC 1035 has only backward ones), but no loop
/// ends: at most 128 pointers a name. Fails with `dns_malformed`.
Result<DnsName> parse_dns_name(Bytes message, std::size_t offset, std::size_t& end) noexcept;

/// Reads the question at `offset`. Fails with `dns_malformed`.
Result<DnsQuestion> parse_dns_question(Bytes message, std::size_t offset) noexcept;

/// Moves `reader` past one name where it stands, without following its pointer. False when it is malformed or
/// (`reader.ok()` tells) cut off.
bool skip_dns_name(ByteReader& reader) noexcept;

enum class DnsSection : std::uint8_t { answer, authority, additional };

/// A resource record (RFC 1035, section 4.1.3). Offsets count from the message's first byte.
struct DnsRecord {
    DnsSection section = DnsSection::answer;
    std::size_t owner = 0;  ///< offset of the owner name
    std::uint16_t type = 0;
    std::uint16_t klass = 0;
    std::uint32_t ttl = 0;  ///< seconds; flags in an OPT record
    std::size_t rdata = 0;  ///< offset of the RDATA
    std::uint16_t rdata_length = 0;
    std::size_t end() const noexcept { return rdata + rdata_length; }
};

/// Yields a message's records, one after the other. Linear in the message's length.
class DnsRecordReader {
public:
    DnsRecordReader(Bytes message, const DnsHeader& header) noexcept;
    /// The next record. Fails with `incomplete` after the last one that the header counts, else `dns_malformed`.
    Result<DnsRecord> next() noexcept;
    /// Whether the message ended before its last record did.
    bool cut_off() const noexcept { return !reader_.ok(); }
    /// Where the next record begins, bytes from the message's first.
    std::size_t position() const noexcept { return reader_.position(); }

private:
    ByteReader reader_;
    std::array<std::uint16_t, 3> left_{};  ///< records to come, by DnsSection
    bool readable_ = true;
};

/// Whether a datagram on any port is a DNS message beyond reasonable doubt. It has a plausible header, at least one
/// question, and a first question with a known class. Besides, either all that the header counts lies within the
/// datagram (bytes may follow), or, so that wrong counts hide no question, the first question asks class IN for a host
/// name of two or more labels. Pointers are not followed: a message may look like DNS and fail in `visit_dns_names`.
/// Says nothing about port 53.
bool looks_like_dns(Bytes message) noexcept;

/// Whether a message is a query without a question that asks for a server cookie: the header, an OPT record with a
/// COOKIE option, and no byte more (RFC 7873, section 5.4). It names nothing.
bool is_dns_cookie_query(Bytes message) noexcept;

/// Whether a message is a request of DNS Stateful Operations, which come over TCP: the header without a count, one or
/// more whole TLVs, and no byte more (RFC 8490, section 5.4). It names nothing.
bool is_dns_stateful_operation(Bytes message) noexcept;

/// Where a name in a message stands.
enum class DnsNameRole : std::uint8_t {
    question,  ///< QNAME
    owner,     ///< the owner of an answer record
    target,    ///< CNAME or DNAME target, HTTPS/SVCB TargetName
};

/// Receives the names of a message. Return false to stop.
class DnsNameVisitor {
public:
    virtual bool on_name(const DnsName& name, DnsNameRole role) noexcept = 0;

protected:
    ~DnsNameVisitor() = default;
};

/// Visits every name that leads somewhere: all questions; in a response the owners of all answer records, and from the
/// answer and additional sections the targets of CNAME, DNAME, HTTPS and SVCB records and the owners of those and of
/// address records. A name that points to one just visited is not visited again. The records of a query are not read.
/// Bounded work: each label and each pointer costs one step, and a message has 1024 steps and two for each of its bytes
/// (a zone transfer of ip6.arpa, compressed, needs 1.5 a byte). Fails with `dns_malformed` at the first thing that
/// cannot be read or when the steps are spent; names before it were visited. A response with TC set may end within a
/// record.
Result<DnsHeader> visit_dns_names(Bytes message, DnsNameVisitor& visitor) noexcept;

}  // namespace sluis
