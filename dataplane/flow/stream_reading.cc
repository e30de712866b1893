#include "dataplane/flow/stream_reading.h"

#include <algorithm>
#include <cstring>

#include "dataplane/dns_announcer.h"
#include "dataplane/packet/byte_order.h"
#include "dataplane/protocol/doh_query.h"
#include "dataplane/protocol/encrypted_dns.h"

namespace sluis {
namespace {

/// From here on a prefix tells a ClientHello from everything else.
constexpr std::size_t kHelloPrefix = 6;
/// How far one step skips; a body of many gigabytes is skipped in several.
constexpr std::uint32_t kSkipStep = 1u << 28;
/// Messages that one request target may hold; RFC 8484 has one.
constexpr std::uint32_t kDohLimit = 4;

}  // namespace

Reading StreamReading::run() noexcept {
    if (sender_.urgent_count != 0 && sender_.buffer != TcpTracker::kNone) read_without_urgent();
    // Each step reads one thing; the bound is the bytes, since every step that goes on consumes some.
    while (sender_.buffer != TcpTracker::kNone && step()) {
    }
    return reason_ == Reason::none ? Reading::on : Reading::refused;
}

Bytes StreamReading::unread() const noexcept {
    if (sender_.buffer == TcpTracker::kNone) return {};
    const Bytes known = tracker_.buffers_[sender_.buffer].contiguous();
    return known.subspan(std::min<std::size_t>(sender_.read, known.size()));
}

/// Returns whether to go on with another step.
bool StreamReading::step() noexcept {
    const Bytes bytes = unread();
    if (bytes.empty()) return false;
    switch (sender_.kind) {
        case StreamKind::unknown:
            return classify(bytes);
        case StreamKind::tls_client:
            return read_tls(bytes);
        case StreamKind::http:
            return read_http(bytes);
        case StreamKind::http_body:
            return read_http_body();
        case StreamKind::http_chunks:
            return read_http_chunks(bytes);
        case StreamKind::http2_preface:
            return read_http2_preface(bytes);
        case StreamKind::http2:
            return read_http2(bytes);
        case StreamKind::dns:
            return read_dns(bytes);
        case StreamKind::other:
            return watch(bytes);
        case StreamKind::answer:
            return false;
    }
    return false;
}

bool StreamReading::begins_dns() const noexcept { return flow_.key.port_a == kDnsPort || flow_.key.port_b == kDnsPort; }

bool StreamReading::classify(Bytes bytes) noexcept {
    const bool hello = may_be_tls_client(bytes);
    if (begins_dns() && sender_.watched == 0) {
        if (hello && bytes.size() < kHelloPrefix) return false;
        sender_.kind = hello ? StreamKind::tls_client : StreamKind::dns;
        return true;
    }
    sender_.kind = hello ? StreamKind::tls_client : may_be_http_request(bytes) ? StreamKind::http : StreamKind::other;
    sender_.tls = {};
    sender_.scanned = 0;
    return true;
}

bool StreamReading::read_tls(Bytes bytes) noexcept {
    const auto progress = sender_.tls.advance(bytes, {tracker_.scratch_.get(), kHandshakeLimit + kHandshakeHeaderSize});
    if (!progress) {
        // After a hello, what is no TLS any more is nothing that a server takes; a second hello that is too long, or
        // whose name is odd, some server may take.
        if (sender_.hello_seen && progress.error() == Reason::tls_malformed) return let_go();
        return fail_or_watch(progress.error());
    }
    switch (progress->event) {
        case TlsClientEvent::client_hello:
            sender_.hello_seen = true;
            sender_.hello_end = sender_.base + sender_.read + progress->end;
            if (!announce_hello(progress->hello)) return false;
            break;
        case TlsClientEvent::beyond_hello:
            return let_go();
        case TlsClientEvent::more:
            break;
    }
    if (!sender_.tls.message_open()) {
        const std::uint32_t done = sender_.tls.unread_until();
        if (done != 0) {
            sender_.tls.rebase(done);
            consume(done);
        }
    }
    const TcpDirection& server = flow_.directions[1 - direction_];
    const std::uint32_t known_end =
        sender_.base + static_cast<std::uint32_t>(tracker_.buffers_[sender_.buffer].contiguous().size());
    if (sender_.hello_seen && !server.seen && known_end - sender_.hello_end > kUnansweredLimit) return let_go();
    return progress->event == TlsClientEvent::client_hello;
}

bool StreamReading::read_http(Bytes bytes) noexcept {
    const auto request = read_http_request(bytes, sender_.scanned);
    if (!request) {
        if (request.error() == Reason::incomplete) return false;
        return fail_or_watch(request.error());
    }
    for (std::uint8_t i = 0; i < request->name_count; ++i)
        if (!announce(request->names[i], Protocol::http)) return false;
    if (!announce_doh(request->target)) return false;
    sender_.scanned = 0;
    begin_http_body(*request);
    consume(request->head_end);
    return true;
}

void StreamReading::begin_http_body(const HttpRequest& request) noexcept {
    if (request.is_preface) {
        sender_.kind = StreamKind::http2_preface;
        return;
    }
    if (request.is_connect || request.is_upgrade) {
        sender_.kind = StreamKind::unknown;  // what comes next may be TLS, or HTTP again
        ++sender_.watched;
        return;
    }
    switch (request.body) {
        case HttpBody::none:
            sender_.kind = StreamKind::http;
            break;
        case HttpBody::length:
            sender_.kind = StreamKind::http_body;
            sender_.body_left = request.body_length;
            break;
        case HttpBody::chunked:
            sender_.kind = StreamKind::http_chunks;
            sender_.chunks = {};
            break;
        case HttpBody::until_close:
            sender_.kind = StreamKind::other;
            break;
    }
}

bool StreamReading::read_http_body() noexcept {
    const auto step = static_cast<std::uint32_t>(std::min<std::uint64_t>(sender_.body_left, kSkipStep));
    sender_.body_left -= step;
    consume(step);
    if (sender_.body_left == 0) sender_.kind = StreamKind::unknown;
    return true;
}

bool StreamReading::read_http_chunks(Bytes bytes) noexcept {
    const auto at_end = sender_.chunks.advance(bytes);
    if (!at_end && at_end.error() != Reason::incomplete) return fail_or_watch(at_end.error());
    if (sender_.chunks.next != 0) {
        consume(sender_.chunks.next);
        sender_.chunks.next = 0;
    }
    if (!at_end || !*at_end) return false;
    sender_.kind = StreamKind::unknown;
    return true;
}

/// The names that a DoH request by GET asks for.
bool StreamReading::announce_doh(Bytes target) noexcept {
    const MutableBytes room{tracker_.scratch_.get(), kHandshakeLimit + kHandshakeHeaderSize};
    DohQueryReader reader(target);
    for (std::uint32_t messages = 0;; ++messages) {
        const auto message = reader.next(room);
        if (!message) return message.error() == Reason::incomplete || fail(message.error());
        if (messages == kDohLimit) return fail(Reason::http_malformed);
        const Announcement about = announcement(Protocol::dns);  // without a message: the flow is reset
        DnsAnnouncer announcer(burst_, about);
        (void)visit_dns_names(*message, announcer);  // what is no DNS has no name, and is no query for its server
        if (!announcer.complete()) return fail(Reason::name_limit);
    }
}

/// RFC 1035, section 4.2.2; RFC 7766.
bool StreamReading::read_dns(Bytes bytes) noexcept {
    if (bytes.size() < 2) return false;
    const auto length = load_be<std::uint16_t>(bytes.data());
    if (length < kDnsHeaderSize) return fail_or_watch(Reason::dns_malformed);
    const bool is_answer = direction_ != flow_.client;
    if (length + 2u > tracker_.buffers_.large_size()) {
        if (!is_answer) return fail(Reason::stream_limit);
        ++tracker_.counters_.errors[static_cast<std::size_t>(Reason::stream_limit)];
        consume(length + 2u);
        return true;
    }
    if (bytes.size() < length + 2u) return false;
    const Bytes message = bytes.subspan(2, length);
    Announcement about = announcement(Protocol::dns);
    about.message_seq = sender_.base + sender_.read + 2;
    about.message_length = length;
    DnsAnnouncer announcer(burst_, about);
    const auto header = visit_dns_names(message, announcer);
    if (!announcer.complete()) return fail(Reason::name_limit);
    if (!header && !is_answer) return fail_or_watch(header.error());
    if (header && !header->is_response() && header->questions != 1) return fail_or_watch(Reason::dns_question_count);
    consume(length + 2u);
    return true;
}

/// Bytes without names: kept until they are acknowledged, and looked at for a hello or a request that begins there.
bool StreamReading::watch(Bytes bytes) noexcept {
    if (sender_.watched != 0 && (may_be_client_hello(bytes) || may_be_http_request(bytes))) {
        sender_.kind = StreamKind::unknown;
        sender_.done = flow_.settle = false;
        return true;
    }
    const auto count = static_cast<std::uint32_t>(bytes.size());
    sender_.watched += count;
    consume(count);
    return sender_.watched > kWatchLimit && let_go();
}

bool StreamReading::fail(Reason reason) noexcept {
    reason_ = reason;
    return false;
}

/// What is malformed from a stream's first byte on is refused; what only looked like a message, in the middle of one,
/// is nothing to us.
bool StreamReading::fail_or_watch(Reason reason) noexcept {
    // After STARTTLS or CONNECT, too, a malformed hello is one that some server may read.
    const bool amid_text = sender_.watched != 0 && sender_.kind != StreamKind::tls_client;
    const bool uncertain = flow_.midstream || amid_text || reason == Reason::not_this_protocol;
    if (!uncertain) {
        if (sender_.urgent_count != 0) return false;  // read without the urgent byte instead
        return fail(reason);
    }
    ++tracker_.counters_.errors[static_cast<std::size_t>(reason)];
    const Bytes bytes = unread();
    const std::uint32_t before = bytes_before_segment();
    // The segment that shows the bytes before it to be nothing may itself begin a message.
    const bool begins = before != 0 && before < bytes.size() &&
                        (may_be_tls_client(bytes.subspan(before)) || may_be_http_request(bytes.subspan(before)));
    const auto count = begins ? before : static_cast<std::uint32_t>(bytes.size());
    sender_.kind = begins ? StreamKind::unknown : StreamKind::other;
    sender_.watched += count;
    consume(count);
    return begins || (flow_.midstream && let_go());
}

/// How many of the unread bytes came before the segment that is being read.
std::uint32_t StreamReading::bytes_before_segment() const noexcept {
    return load_be<std::uint32_t>(action_.packet.transport.data() + 4) - (sender_.base + sender_.read);
}

/// No name is expected any more. The bytes go on being kept and watched until the receiver has those that were read:
/// what it never saw settles nothing (rule 4).
bool StreamReading::let_go() noexcept {
    sender_.kind = StreamKind::other;
    sender_.watched = std::max(sender_.watched, 1u);
    consume(unread().size());
    if (!sender_.done) sender_.done_at = sender_.base + sender_.read;
    sender_.done = true;
    return false;
}

Announcement StreamReading::announcement(Protocol protocol) const noexcept {
    Announcement about;
    about.protocol = protocol;
    about.subject = Subject::tcp_flow;
    about.slot = slot_;
    about.action = burst_.index_of(action_);
    return about;
}

bool StreamReading::announce_hello(const ClientHello& hello) noexcept {
    Announcement about = announcement(Protocol::tls);
    about.encrypted_dns = is_encrypted_dns(hello.alpn, action_.packet.endpoints.destination.port, kDotPorts);
    if (!hello.has_server_name && !about.encrypted_dns) return true;
    return burst_.announce_text(hello.server_name, about) || fail(Reason::name_limit);
}

bool StreamReading::announce(Bytes text, Protocol protocol) noexcept {
    if (burst_.announce_text(text, announcement(protocol))) return true;
    return fail(Reason::name_limit);
}

/// Moves on by `count` bytes, which may not have come yet: then they are skipped.
void StreamReading::consume(std::uint64_t count) noexcept { sender_.read += static_cast<std::uint32_t>(count); }

/// A receiver without SO_OOBINLINE does not see the urgent byte, where it lies is read in two ways (RFC 6093), and of
/// several a slow reader misses only the last. Every such reading is looked at besides the plain one; a name in any of
/// them counts.
void StreamReading::read_without_urgent() noexcept {
    const Bytes known = tracker_.buffers_[sender_.buffer].contiguous();
    const Bytes bytes = known.subspan(std::min<std::size_t>(sender_.urgent_from, known.size()));
    for (std::uint32_t marks = 1; marks < 1u << sender_.urgent_count; ++marks)
        for (const std::uint32_t shift : {0u, 1u}) read_names(without_urgent(bytes, marks, shift));
}

void StreamReading::read_names(Bytes stream) noexcept {
    if (may_be_tls_client(stream)) {
        TlsClientReader reader;
        const auto progress = reader.advance(stream, {tracker_.scratch_.get(), kHandshakeLimit + kHandshakeHeaderSize});
        if (progress && progress->event == TlsClientEvent::client_hello && progress->hello.has_server_name)
            announce(progress->hello.server_name, Protocol::tls);
    } else if (may_be_http_request(stream)) {
        std::uint32_t scanned = 0;
        if (const auto request = read_http_request(stream, scanned))
            for (std::uint8_t i = 0; i < request->name_count; ++i) announce(request->names[i], Protocol::http);
    }
}

/// `marks`: which of the urgent bytes are left out, a bit each.
Bytes StreamReading::without_urgent(Bytes bytes, std::uint32_t marks, std::uint32_t shift) noexcept {
    std::byte* to = tracker_.without_urgent_.get();
    std::size_t size = 0;
    const std::uint32_t first = sender_.base + sender_.urgent_from;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::uint32_t seq = first + static_cast<std::uint32_t>(i);
        bool urgent = false;
        for (std::uint8_t u = 0; u < sender_.urgent_count; ++u)
            urgent |= (marks >> u & 1) != 0 && sender_.urgent[u] + shift == seq;
        if (!urgent) to[size++] = bytes[i];
    }
    return {to, size};
}

}  // namespace sluis
