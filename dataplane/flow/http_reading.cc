// Reading a client's HTTP/1.x: heads line by line, bodies by their framing alone.
#include <algorithm>

#include "dataplane/dns_announcer.h"
#include "dataplane/flow/stream_reading.h"
#include "dataplane/protocol/doh_query.h"

namespace sluis {
namespace {

/// How far one step skips; a body of many gigabytes is skipped in several.
constexpr std::uint32_t kSkipStep = 1u << 28;
/// Messages that one request target may hold; RFC 8484 has one.
constexpr std::uint32_t kDohLimit = 4;

}  // namespace

/// One event of a head. A name is judged as soon as its line is complete: what came before it was no request yet.
bool StreamReading::read_http(Bytes bytes) noexcept {
    const auto part = sender_.head.advance(bytes);
    if (!part) return fail_or_watch(part.error());
    consume(part->consumed);
    if (!part->name.empty() && !announce(part->name, Protocol::http)) return false;
    switch (part->event) {
        case HttpHeadEvent::more:
            return false;
        case HttpHeadEvent::request_line:
            return announce_doh(part->target);
        case HttpHeadEvent::name:
            return true;
        case HttpHeadEvent::end:
            begin_http_body(sender_.head.framing());
            sender_.head = {};
            return true;
    }
    return false;
}

/// A request with Upgrade has its body before the other protocol begins, which may be HTTP/1.1 still (RFC 9110, section
/// 7.8).
void StreamReading::begin_http_body(const HttpFraming& framing) noexcept {
    if (framing.is_preface) {
        sender_.kind = StreamKind::http2_preface;
        return;
    }
    const bool another = framing.is_connect || framing.is_upgrade;  // what comes next may be TLS, or HTTP again
    if (another) ++sender_.watched;
    switch (framing.body) {
        case HttpBody::none:
            sender_.kind = another ? StreamKind::unknown : StreamKind::http;
            break;
        case HttpBody::length:
            sender_.kind = StreamKind::http_body;
            sender_.body_left = framing.body_length;
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
    skip(step);
    if (sender_.body_left == 0) sender_.kind = StreamKind::unknown;
    return true;
}

/// One line of a chunked body, and the data that it announces.
bool StreamReading::read_http_chunks(Bytes bytes) noexcept {
    begin_marks();
    const auto at_end = sender_.chunks.read_next(bytes);
    if (!at_end && at_end.error() != Reason::incomplete) return fail_or_watch(at_end.error());
    const std::uint32_t count = sender_.chunks.next;
    sender_.chunks.next = 0;
    const std::size_t line = as_text(bytes).find('\n');
    if (count != 0) skip_framed(bytes.first(std::min(line, bytes.size() - 1) + 1), count);
    if (!at_end) return false;
    if (*at_end) sender_.kind = StreamKind::unknown;
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
        Announcement about;
        describe(about, Protocol::dns);  // without a message: the flow is reset
        DnsAnnouncer announcer(burst_, about, *message);
        (void)visit_dns_names(*message, announcer);  // what is no DNS has no name, and is no query for its server
        if (!announcer.complete()) return fail(Reason::name_limit);
    }
}

}  // namespace sluis
