// Reading DNS over TCP (RFC 1035, section 4.2.2; RFC 7766).
#include <algorithm>

#include "dataplane/dns_announcer.h"
#include "dataplane/flow/stream_reading.h"
#include "dataplane/packet/byte_order.h"

namespace sluis {
namespace {

constexpr std::size_t kLengthSize = 2;
/// Names of one answer that are judged: far more than a chain of aliases and their addresses has. A zone transfer
/// (RFC 5936) brings thousands, none of which anybody asked to be led to.
constexpr std::uint32_t kAnswerNameLimit = 64;
constexpr std::uint32_t kTransferNameLimit = 1;
constexpr std::uint16_t kTypeIxfr = 251, kTypeAxfr = 252;

/// The first names of an answer. What comes behind them passes.
class AnswerAnnouncer final : public DnsNameVisitor {
public:
    AnswerAnnouncer(DnsAnnouncer& announcer, std::uint32_t limit) noexcept : announcer_(announcer), left_(limit) {}
    bool on_name(const DnsName& name, DnsNameRole role) noexcept override {
        if (left_ == 0) return passed_ = true, false;
        --left_;
        return announcer_.on_name(name, role);
    }
    bool passed() const noexcept { return passed_; }

private:
    DnsAnnouncer& announcer_;
    std::uint32_t left_;
    bool passed_ = false;
};

/// Whether a response is a message of a zone transfer. The second and later ones need no question (RFC 5936, section
/// 2.2.1).
bool is_transfer(Bytes message) noexcept {
    const auto header = parse_dns_header(message);
    if (!header || !header->is_response()) return false;
    if (header->questions == 0) return true;
    const auto question = parse_dns_question(message, kDnsHeaderSize);
    return question && (question->type == kTypeAxfr || question->type == kTypeIxfr);
}

}  // namespace

/// On whatever port. The other side is read as DNS, too.
void StreamReading::begin_dns() noexcept {
    sender_.kind = StreamKind::dns;
    begin_dns_answers();
}

/// A message of the other side begins where its stream does, or else where the query acknowledges it: who asks has the
/// whole of the answers before. A query in a SYN comes before any of that; the SYN-ACK says where that stream begins.
void StreamReading::begin_dns_answers() noexcept {
    TcpDirection& server = flow_.directions[1 - direction_];
    if (server.buffer != TcpTracker::kNone || server.ambiguous) return;
    const bool known = server.syn && (server.kind == StreamKind::unknown || server.high == server.first);
    if (!known && server.has_acked) {
        const bool all = !server.seen || server.high == server.acked;
        if (!all || (server.kind != StreamKind::answer && server.kind != StreamKind::unknown)) return;
        server.base = server.acked;
        server.read = 0;
    } else if (!known && (server.syn || flow_.midstream)) {
        return;
    }
    if (server.kind == StreamKind::answer) server.kind = StreamKind::dns;
}

/// Of a message that is longer than half of what a stream keeps, only that much is read: the questions, and the first
/// of an answer's records. It waits for no more, so that any segment fits behind it.
bool StreamReading::read_dns(Bytes bytes) noexcept {
    if (bytes.size() < kLengthSize) return false;
    const auto length = load_be<std::uint16_t>(bytes.data());
    if (length < kDnsHeaderSize) return fail_or_watch(Reason::dns_malformed);
    const std::size_t limit = dns_message_limit();
    const bool whole = length <= limit;
    const std::size_t size = whole ? length : limit;
    if (bytes.size() < size + kLengthSize) return false;
    const Bytes message = bytes.subspan(kLengthSize, size);
    Announcement about;
    describe(about, Protocol::dns);
    about.message_seq = sender_.base + sender_.read + kLengthSize;
    about.message_length = whole ? length : std::uint16_t{0};  // without a message: the flow is reset
    const Reason reason = direction_ == flow_.client ? read_dns_query(message, about) : read_dns_answer(message, about);
    if (reason == Reason::name_limit) return fail(reason);
    if (reason != Reason::none) return fail_or_watch(reason);
    if (!whole) count(Reason::dns_message_limit);
    consume(length + kLengthSize);
    return true;
}

Reason StreamReading::read_dns_query(Bytes message, const Announcement& about) noexcept {
    DnsAnnouncer announcer(burst_, about, message);
    const auto header = visit_dns_names(message, announcer);
    if (!announcer.complete()) return Reason::name_limit;
    if (!header) return header.error();
    const bool known = header->is_response() || header->questions == 1 || is_dns_cookie_query(message) ||
                       is_dns_stateful_operation(message);
    return known ? Reason::none : Reason::dns_question_count;
}

Reason StreamReading::read_dns_answer(Bytes message, const Announcement& about) noexcept {
    DnsAnnouncer announcer(burst_, about, message);
    AnswerAnnouncer first(announcer, is_transfer(message) ? kTransferNameLimit : kAnswerNameLimit);
    (void)visit_dns_names(message, first);
    if (!announcer.complete()) return Reason::name_limit;
    if (first.passed()) count(Reason::dns_message_limit);
    return Reason::none;
}

}  // namespace sluis
