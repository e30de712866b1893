#include "dataplane/flow/stream_reading.h"

#include <algorithm>

#include "dataplane/packet/byte_order.h"
#include "dataplane/protocol/dns_message.h"
#include "dataplane/protocol/encrypted_dns.h"
#include "dataplane/protocol/http_request.h"
#include "dataplane/protocol/proxy_header.h"
#include "dataplane/protocol/socks_request.h"

namespace sluis {
namespace {

/// Whether bytes that may be a DNS query are as well another beginning that a server may take, and say something else
/// as such, here or in what is to come: records before a hello, a request line, or a SOCKS request and what follows it.
/// Nobody's client sends such; whoever does wants one of the two not to be read.
bool is_double(Bytes bytes, StreamKind kind) noexcept {
    if (kind == StreamKind::tls_client || kind == StreamKind::http)
        return bytes.size() >= kDnsStreamHeaderSize && !may_be_client_hello(bytes);
    if (kind != StreamKind::socks) return false;
    const auto request = read_socks_request(bytes);
    if (!request || request->size >= bytes.size()) return false;
    const Bytes rest = bytes.subspan(request->size);
    return may_be_http_request(rest) || find_client_hello(rest, 0) + kHelloCertainSize <= rest.size();
}

/// What a stream that is no TLS begins with. Prefixes of other streams are looked for where `first` bytes stand only.
StreamKind kind_of(Bytes bytes, bool first) noexcept {
    if (first && may_be_proxy_header(bytes)) return StreamKind::proxy;
    if (first && may_be_socks_request(bytes)) return StreamKind::socks;
    return may_be_http_request(bytes) ? StreamKind::http : StreamKind::other;
}

}  // namespace

Reading StreamReading::run() noexcept {
    if (sender_.urgent_count != 0 && sender_.buffer != TcpTracker::kNone) read_without_urgent();
    // Each step reads one thing; the bound is the bytes, since steps that go on consume some, or say of which kind they
    // are for the next. A stream that has them say so again and again is not known; no worker may stand still for one.
    std::uint32_t idle = 0;
    for (std::uint32_t at = position(); reason_ == Reason::none && sender_.buffer != TcpTracker::kNone && step();) {
        idle = position() == at ? idle + 1 : 0;
        at = position();
        if (idle == kIdleSteps) give_up_idle();
    }
    return reason_ == Reason::none ? Reading::on : Reading::refused;
}

void StreamReading::give_up_idle() noexcept {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    __builtin_trap();
#endif
    fail(Reason::stream_limit);
}

/// Sequence number that reading has come to.
std::uint32_t StreamReading::position() const noexcept { return sender_.base + sender_.read; }

Bytes StreamReading::unread() const noexcept {
    if (sender_.buffer == TcpTracker::kNone) return {};
    return known_.subspan(std::min<std::size_t>(sender_.read, known_.size()));
}

/// Whether a segment begins with a request, or a whole query, that is no TLS.
bool StreamReading::begins_request(Bytes segment) const noexcept {
    return may_be_http_request(segment) || dns_start(segment) == DnsStreamStart::yes;
}

/// Returns whether to go on with another step.
[[gnu::always_inline]] inline bool StreamReading::step() noexcept {
    const Bytes bytes = unread();
    if (bytes.empty()) return false;
    switch (sender_.kind) {
        case StreamKind::unknown:
            return classify(bytes);
        case StreamKind::proxy:
            return read_proxy(bytes);
        case StreamKind::socks:
            return read_socks(bytes);
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

bool StreamReading::begins_dns() const noexcept {
    return flow_.key.port_a() == kDnsPort || flow_.key.port_b() == kDnsPort;
}

/// Whether bytes begin with a DNS query, whatever the port.
DnsStreamStart StreamReading::dns_start(Bytes bytes) const noexcept {
    return read_dns_stream_start(bytes, dns_message_limit());
}

[[gnu::always_inline]] inline bool StreamReading::classify(Bytes bytes) noexcept {
    if (sender_.accepted) return classify_accepted(bytes);
    if (!begins_usual_hello(bytes)) return classify_unusual(bytes);
    sender_.kind = StreamKind::tls_client;
    sender_.tls = {};
    return true;
}

/// The length of a DNS message may look like the beginning of anything. As long as the bytes may be a query, only a
/// hello that is more than a prefix is taken for what it looks like. On DNS's own port what looks like nothing else is
/// DNS too, unless no server could take it for that.
bool StreamReading::classify_unusual(Bytes bytes) noexcept {
    const bool first = sender_.watched == 0;
    const bool own_port = begins_dns() && first;
    const bool hello = may_be_tls_client(bytes);
    const bool certain = hello && bytes[0] == kTlsHandshake && bytes.size() >= kHelloPrefix;
    const StreamKind kind = hello ? StreamKind::tls_client : kind_of(bytes, first);
    DnsStreamStart dns = certain ? DnsStreamStart::no : dns_start(bytes);
    if (dns != DnsStreamStart::no && first && is_double(bytes, kind)) return fail(Reason::dns_malformed);
    if (own_port && (kind == StreamKind::other || (hello && bytes.size() < kHelloPrefix)))
        dns = read_dns_port_start(bytes);
    if (dns == DnsStreamStart::yes) return begin_dns(), true;
    if (first && dns == DnsStreamStart::incomplete) return remember_request(bytes), false;
    sender_.kind = kind;
    sender_.tls = {};
    if (kind == StreamKind::http) sender_.head = {};
    return true;
}

[[gnu::always_inline]] inline bool StreamReading::read_tls(Bytes bytes) noexcept {
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
            flow_.directions[1 - direction_].done = false;  // a second hello is answered for itself
            if (!announce_hello(progress->hello)) return false;
            break;
        case TlsClientEvent::beyond_hello:
            return let_go();
        case TlsClientEvent::more:
            break;
    }
    // Before a hello its record's header stays, for readings without an urgent byte that comes behind it.
    if (!sender_.tls.message_open() && (sender_.hello_seen || !sender_.tls.mid_message())) {
        const std::uint32_t done = sender_.tls.unread_until();
        if (done != 0) {
            sender_.tls.rebase(done);
            consume(done);
        }
    }
    const TcpDirection& server = flow_.directions[1 - direction_];
    const std::uint32_t known_end = sender_.base + static_cast<std::uint32_t>(known_.size());
    if (sender_.hello_seen && !server.seen && known_end - sender_.hello_end > kUnansweredLimit) return let_go();
    return progress->event == TlsClientEvent::client_hello;
}

bool StreamReading::fail(Reason reason) noexcept {
    reason_ = reason;
    return false;
}

/// What is malformed from a stream's first byte on is refused; what only looked like a message, in the middle of one,
/// is nothing to us.
bool StreamReading::fail_or_watch(Reason reason) noexcept {
    // After STARTTLS or CONNECT, too, a malformed hello is one that some server may read. It begins a segment; what
    // stands amid one may be in another protocol's packets, which break it up: OpenVPN's over TCP.
    const bool is_hello = sender_.kind == StreamKind::tls_client && !(sender_.found_amid && !sender_.hello_seen);
    const bool amid_text = sender_.watched != 0 && !is_hello;
    const bool uncertain = flow_.midstream || sender_.accepted || amid_text || reason == Reason::not_this_protocol;
    if (!uncertain) {
        if (sender_.urgent_count != 0) return false;  // read without the urgent byte instead
        return fail(reason);
    }
    count(reason);
    if (sender_.accepted) return expect_answer();
    const Bytes bytes = unread();
    if (sender_.kind != StreamKind::dns && dns_start(bytes) == DnsStreamStart::yes) return begin_dns(), true;
    const std::uint32_t before = bytes_before_segment();
    // The segment that shows the bytes before it to be nothing may itself begin a message.
    const Bytes segment = bytes.subspan(before < bytes.size() ? before : 0);
    const bool begins = segment.size() < bytes.size() && (may_be_tls_client(segment) || begins_request(segment));
    const std::size_t passed = begins ? before : find_client_hello(bytes, 1);
    sender_.kind = begins ? StreamKind::unknown : StreamKind::other;
    sender_.found_amid = !begins;
    pass_over(passed);
    return passed < bytes.size() || (flow_.midstream && let_go());
}

/// How many of the unread bytes came before the segment that is being read.
std::uint32_t StreamReading::bytes_before_segment() const noexcept {
    return load_be<std::uint32_t>(action_.packet.transport.data() + 4) - (sender_.base + sender_.read);
}

/// No name is expected any more. The bytes go on being kept and watched until the receiver has those that were read:
/// what it never saw settles nothing (rule 4).
bool StreamReading::let_go() noexcept {
    if (sender_.accepted) return expect_answer();
    sender_.kind = StreamKind::other;
    sender_.watched = std::max(sender_.watched, 1u);
    consume(unread().size());
    if (!sender_.done) sender_.done_at = sender_.base + sender_.read;
    sender_.done = true;
    return false;
}

/// Says who waits for a name's verdict. In place: what is written in parts and copied as a whole is waited for.
void StreamReading::describe(Announcement& about, Protocol protocol) const noexcept {
    about = {};
    about.protocol = protocol;
    about.subject = Subject::tcp_flow;
    about.slot = slot_;
    about.action = burst_.index_of(action_);
}

bool StreamReading::announce_hello(const ClientHello& hello) noexcept {
    Announcement* const about = burst_.announce_text(hello.server_name);
    if (about == nullptr) return fail(Reason::name_limit);
    describe(*about, Protocol::tls);
    about->encrypted_dns = is_encrypted_dns(hello.alpn, action_.packet.endpoints.destination.port, kDotPorts);
    about->nameless = !hello.has_server_name;
    return true;
}

bool StreamReading::announce(Bytes text, Protocol protocol) noexcept {
    Announcement* const about = burst_.announce_text(text);
    if (about == nullptr) return fail(Reason::name_limit);
    describe(*about, protocol);
    about->message_seq = sender_.base + sender_.read;
    return true;
}

/// Moves on by `count` bytes, which may not have come yet: then they are skipped.
void StreamReading::consume(std::uint64_t count) noexcept {
    if (sender_.marks != TcpTracker::kNone)
        tracker_.marks_[sender_.marks].keep(sender_.base + sender_.read, static_cast<std::uint32_t>(count));
    skip(count);
}

/// The same for bytes whose content does not matter, whatever it is.
void StreamReading::skip(std::uint64_t count) noexcept { sender_.read += static_cast<std::uint32_t>(count); }

/// The same for `count` bytes of which only those of `frame`, at their start, matter.
void StreamReading::skip_framed(Bytes frame, std::uint64_t count) noexcept {
    if (sender_.marks != TcpTracker::kNone) tracker_.marks_[sender_.marks].mark(sender_.base + sender_.read, frame);
    skip(count);
}

/// From here on the stream comes in frames whose content does not matter: they may be more than is kept.
void StreamReading::begin_marks() noexcept {
    if (sender_.marks == TcpTracker::kNone) {
        sender_.marks = tracker_.marks_.take();
        if (sender_.marks == TcpTracker::kNone) return;
        tracker_.marks_[sender_.marks].reset(sender_.base, sender_.base + sender_.read);
    }
    if (sender_.has_acked) tracker_.marks_[sender_.marks].acknowledge(sender_.acked);
}

void StreamReading::count(Reason reason) noexcept { ++tracker_.counters_.errors[static_cast<std::size_t>(reason)]; }

}  // namespace sluis
