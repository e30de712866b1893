#include "dataplane/protocol/dns_message.h"

#include <algorithm>
#include <cstring>

namespace sluis {
namespace {

constexpr std::uint8_t kLabelLimit = 63;    // RFC 1035, section 2.3.4
constexpr std::uint8_t kPointerTag = 0xc0;  // RFC 1035, section 4.1.4
constexpr unsigned kPointersPerName = 128;
constexpr std::uint32_t kStepsPerName = kPointersPerName + kDnsNameLimit;
constexpr std::uint32_t kStepsPerMessage = 1024;
constexpr std::uint32_t kStepsPerByte = 2;

std::uint8_t octet(Bytes message, std::size_t offset) noexcept {
    return std::to_integer<std::uint8_t>(message[offset]);
}

/// Appends labels, unless they make the name too long for a root label to follow.
bool append_labels(Bytes labels, DnsName& name) noexcept {
    if (name.length + labels.size() + 1 > kDnsNameLimit) return false;
    std::memcpy(name.wire.data() + name.length, labels.data(), labels.size());
    name.length = static_cast<std::uint8_t>(name.length + labels.size());
    return true;
}

/// Reads a name as `parse_dns_name` does, at the cost of one step for each label and each pointer.
bool read_name(Bytes message, std::size_t offset, std::size_t& end, DnsName& name, std::uint32_t& steps) noexcept {
    std::size_t at = offset, labels = offset;  // labels that stand together are copied together
    unsigned pointers = 0;
    name.length = 0;
    for (; at < message.size() && steps > 0; --steps) {
        const std::uint8_t length = octet(message, at);
        if (length != 0 && length <= kLabelLimit) {
            at += std::size_t{1} + length;
            if (at - labels >= kDnsNameLimit) return false;
            continue;
        }
        if (!append_labels(message.subspan(labels, at - labels), name)) return false;
        if (length == 0) {
            name.wire[name.length++] = std::byte{0};
            if (pointers == 0) end = at + 1;
            return true;
        }
        if (length < kPointerTag || message.size() - at < 2) return false;
        const std::size_t target = static_cast<std::size_t>(length & ~kPointerTag) << 8 | octet(message, at + 1);
        // Forward pointers are against RFC 1035, yet some resolvers' libraries follow them: only loops are bounded.
        if (pointers == kPointersPerName) return false;
        if (pointers++ == 0) end = at + 2;
        at = labels = target;
    }
    return false;
}

bool is_known_class(std::uint16_t klass) noexcept {
    switch (klass & kDnsClassMask) {
        case kDnsClassIn:
        case kDnsClassChaos:
        case kDnsClassHesiod:
        case kDnsClassNone:
        case kDnsClassAny:
            return true;
        default:
            return false;
    }
}

/// QUERY, IQUERY, STATUS, NOTIFY, UPDATE and stateful operations.
bool is_known_opcode(std::uint8_t opcode) noexcept { return opcode <= 6 && opcode != 3; }

bool is_host_octet(std::byte byte) noexcept {
    const auto octet = std::to_integer<char>(byte);
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') || (octet >= '0' && octet <= '9') ||
           octet == '-' || octet == '_';
}

/// Whether a name where it stands, up to its root label or pointer, has two or more labels, all of host name
/// characters.
bool is_host_name(ByteReader name) noexcept {
    unsigned labels = 0;
    for (std::uint8_t length = name.u8(); length > 0 && length <= kLabelLimit; length = name.u8()) {
        const Bytes label = name.bytes(length);
        if (!std::all_of(label.begin(), label.end(), is_host_octet)) return false;
        ++labels;
    }
    return labels >= 2;
}

bool skip_question(ByteReader& reader) noexcept {
    if (!skip_dns_name(reader)) return false;
    reader.skip(4);
    return reader.ok();
}

/// Whether everything that the header counts can be read within the message.
bool counts_hold(Bytes message, const DnsHeader& header) noexcept {
    DnsRecordReader records(message, header);
    while (true) {
        if (const auto record = records.next(); !record) return record.error() == Reason::incomplete;
    }
}

/// Whether the TYPE's RDATA begins with, or with HTTPS and SVCB has after its priority, a name that clients follow.
bool has_target(std::uint16_t type) noexcept {
    return type == kDnsTypeCname || type == kDnsTypeDname || type == kDnsTypeHttps || type == kDnsTypeSvcb;
}

/// One pass over the names of one message.
class NameWalk {
public:
    NameWalk(Bytes message, DnsNameVisitor& visitor) noexcept
        : message_(message),
          visitor_(visitor),
          steps_(kStepsPerMessage + kStepsPerByte * static_cast<std::uint32_t>(message.size())) {
        recent_.fill(kNowhere);
    }

    /// False when a question cannot be read.
    bool visit_questions(std::uint16_t count) noexcept {
        std::size_t offset = kDnsHeaderSize;
        for (; count > 0 && !stopped_; --count) {
            if (!visit(offset, offset, DnsNameRole::question) || message_.size() - offset < 4) return false;
            offset += 4;
        }
        return true;
    }

    /// False when a record cannot be read.
    bool visit_records(const DnsHeader& header) noexcept {
        DnsRecordReader records(message_, header);
        while (!stopped_) {
            const auto record = records.next();
            if (!record) {
                const bool truncated = (header.flags & kDnsFlagTruncated) != 0 && records.cut_off();
                return truncated || record.error() == Reason::incomplete;
            }
            if (!visit_record(*record)) return false;
        }
        return true;
    }

private:
    bool visit_record(const DnsRecord& record) noexcept {
        if (record.section == DnsSection::authority) return true;
        const bool followed = has_target(record.type);
        const bool address = record.type == kDnsTypeA || record.type == kDnsTypeAaaa;
        std::size_t end = 0;
        if (record.section == DnsSection::answer || followed || address) {
            if (!visit(record.owner, end, DnsNameRole::owner)) return false;
        }
        if (!followed || record.rdata_length == 0) return true;  // no RDATA: a condition of a dynamic update
        const bool service = record.type == kDnsTypeHttps || record.type == kDnsTypeSvcb;
        const std::size_t target = record.rdata + (service ? 2 : 0);
        return visit(target, end, DnsNameRole::target) && end <= record.end();
    }

    /// Reads the name at `offset` and shows it to the visitor unless it was among the last ones.
    bool visit(std::size_t offset, std::size_t& end, DnsNameRole role) noexcept {
        if (stopped_) return true;
        const std::size_t labels = first_label(offset);
        if (labels != offset && std::find(recent_.begin(), recent_.end(), labels) != recent_.end()) {
            end = offset + 2;
            return true;
        }
        if (!read_name(message_, offset, end, name_, steps_)) return false;
        recent_[next_recent_++ % recent_.size()] = labels;
        const bool same_as_owner = role == DnsNameRole::target && name_.length == 1;  // RFC 9460, section 2.5
        if (!same_as_owner) stopped_ = !visitor_.on_name(name_, role);
        return true;
    }

    /// Where a name's first label is: at its own offset, or where the pointer leads that it begins with.
    std::size_t first_label(std::size_t offset) const noexcept {
        if (message_.size() < 2 || offset > message_.size() - 2) return offset;
        const auto word = load_be<std::uint16_t>(message_.data() + offset);
        return word >= 0xc000 ? word & 0x3fffu : offset;
    }

    static constexpr std::size_t kNowhere = ~std::size_t{0};

    Bytes message_;
    DnsNameVisitor& visitor_;
    std::uint32_t steps_;
    std::array<std::size_t, 8> recent_;  ///< where the first labels are of the last names read
    unsigned next_recent_ = 0;
    bool stopped_ = false;
    DnsName name_;
};

}  // namespace

Result<DnsHeader> parse_dns_header(Bytes message) noexcept {
    if (message.size() < kDnsHeaderSize) return Failure(Reason::not_this_protocol);
    const auto field = [&](std::size_t index) { return load_be<std::uint16_t>(message.data() + 2 * index); };
    DnsHeader header;
    header.id = field(0);
    header.flags = field(1);
    header.questions = field(2);
    header.answers = field(3);
    header.authorities = field(4);
    header.additionals = field(5);
    return header;
}

Result<DnsName> parse_dns_name(Bytes message, std::size_t offset, std::size_t& end) noexcept {
    Result<DnsName> name{tl::in_place};
    std::uint32_t steps = kStepsPerName;
    if (!read_name(message, offset, end, *name, steps)) name = Failure(Reason::dns_malformed);
    return name;
}

Result<DnsQuestion> parse_dns_question(Bytes message, std::size_t offset) noexcept {
    Result<DnsQuestion> question{tl::in_place};
    std::uint32_t steps = kStepsPerName;
    std::size_t end = 0;
    if (!read_name(message, offset, end, question->name, steps)) return Failure(Reason::dns_malformed);
    ByteReader reader(message.subspan(end));
    question->type = reader.u16();
    question->klass = reader.u16();
    question->end = end + 4;
    if (!reader.ok()) return Failure(Reason::dns_malformed);
    return question;
}

bool skip_dns_name(ByteReader& reader) noexcept {
    std::size_t length = 1;
    while (reader.ok()) {
        const std::uint8_t label = reader.u8();
        if (label == 0) break;
        if (label >= kPointerTag) {
            reader.u8();
            break;
        }
        length += std::size_t{1} + label;
        if (label > kLabelLimit || length > kDnsNameLimit) return false;
        reader.skip(label);
    }
    return reader.ok();
}

DnsRecordReader::DnsRecordReader(Bytes message, const DnsHeader& header) noexcept
    : reader_(message), left_{header.answers, header.authorities, header.additionals} {
    reader_.skip(kDnsHeaderSize);
    for (std::uint16_t left = header.questions; left > 0 && readable_; --left) readable_ = skip_question(reader_);
}

Result<DnsRecord> DnsRecordReader::next() noexcept {
    if (!readable_) return Failure(Reason::dns_malformed);
    const auto section = std::find_if(left_.begin(), left_.end(), [](std::uint16_t left) { return left > 0; });
    if (section == left_.end()) return Failure(Reason::incomplete);
    --*section;
    DnsRecord record;
    record.section = static_cast<DnsSection>(section - left_.begin());
    record.owner = reader_.position();
    readable_ = skip_dns_name(reader_);
    record.type = reader_.u16();
    record.klass = reader_.u16();
    record.ttl = reader_.u32();
    record.rdata_length = reader_.u16();
    record.rdata = reader_.position();
    reader_.skip(record.rdata_length);
    readable_ = readable_ && reader_.ok();
    if (!readable_) return Failure(Reason::dns_malformed);
    return record;
}

bool looks_like_dns(Bytes message) noexcept {
    const auto header = parse_dns_header(message);
    if (!header || header->questions == 0 || !is_known_opcode(header->opcode())) return false;
    ByteReader reader(message.subspan(kDnsHeaderSize));
    const ByteReader name = reader;
    if (!skip_dns_name(reader)) return false;
    const bool root = reader.position() == 1;
    const std::uint16_t type = reader.u16();
    const std::uint16_t klass = reader.u16();
    if (!reader.ok() || !is_known_class(klass)) return false;
    // Zeros are what other protocols begin with: no question about the root asks for type 0.
    if (root && type == 0) return false;
    if ((klass & kDnsClassMask) == kDnsClassIn && is_host_name(name)) return true;
    return counts_hold(message, *header);
}

bool is_dns_cookie_query(Bytes message) noexcept {
    constexpr std::uint16_t kCookie = 10;
    const auto header = parse_dns_header(message);
    if (!header || header->is_response() || header->opcode() != 0) return false;
    if (header->questions != 0 || header->answers != 0 || header->authorities != 0 || header->additionals != 1)
        return false;
    const auto record = DnsRecordReader(message, *header).next();
    if (!record || record->type != kDnsTypeOpt || octet(message, record->owner) != 0 || record->end() != message.size())
        return false;
    bool cookie = false;
    ByteReader options(message.subspan(record->rdata));
    while (options.ok() && !options.at_end()) {
        cookie = options.u16() == kCookie || cookie;
        options.skip(options.u16());
    }
    return options.ok() && cookie;
}

bool is_dns_stateful_operation(Bytes message) noexcept {
    constexpr std::uint8_t kStateful = 6;
    const auto header = parse_dns_header(message);
    if (!header || header->is_response() || header->opcode() != kStateful) return false;
    if ((header->questions | header->answers | header->authorities | header->additionals) != 0) return false;
    ByteReader values(message.subspan(kDnsHeaderSize));
    if (values.at_end()) return false;
    while (values.ok() && !values.at_end()) {
        values.skip(2);  // the type
        values.skip(values.u16());
    }
    return values.ok();
}

Result<DnsHeader> visit_dns_names(Bytes message, DnsNameVisitor& visitor) noexcept {
    const auto header = parse_dns_header(message);
    if (!header) return header;
    NameWalk walk(message, visitor);
    if (!walk.visit_questions(header->questions)) return Failure(Reason::dns_malformed);
    if (header->is_response() && !walk.visit_records(*header)) return Failure(Reason::dns_malformed);
    return header;
}

}  // namespace sluis
