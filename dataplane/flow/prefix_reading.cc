// Reading what comes before the names: proxies' headers and requests, and text up to STARTTLS.
//
// XMPP names a domain in its opening tag, SMTP in EHLO, IMAP and LDAP in logins. Those are names of mail and chat
// services, which no rule is about; the hello after STARTTLS is what is read of such streams.
#include <algorithm>
#include <string_view>

#include "dataplane/flow/stream_reading.h"
#include "dataplane/protocol/proxy_header.h"
#include "dataplane/protocol/socks_request.h"

namespace sluis {
namespace {

/// Whether what may be a request has come beyond its method (RFC 9112, section 3).
bool has_method(Bytes request) noexcept {
    const std::string_view text = as_text(request);
    const std::size_t method = text.find_first_not_of("\r\n \t");
    return method != text.npos && text.find(' ', method) != text.npos;
}

}  // namespace

/// What follows is read as if it came first.
bool StreamReading::read_proxy(Bytes bytes) noexcept {
    const auto header = read_proxy_header(bytes);
    if (!header && header.error() == Reason::incomplete) return false;
    if (!header && may_be_proxy_header(bytes)) return fail_or_watch(Reason::not_this_protocol);
    sender_.kind = StreamKind::unknown;
    if (!header) return true;  // line breaks before something else
    if (!header->authority.empty() && !announce(header->authority, Protocol::tls)) return false;
    consume(header->size);
    return true;
}

/// The name that a proxy is asked for is reported as that of an HTTP CONNECT is: it asks for the same.
bool StreamReading::read_socks(Bytes bytes) noexcept {
    const auto request = read_socks_request(bytes);
    if (!request) return request.error() != Reason::incomplete && fail_or_watch(request.error());
    if (!request->host.empty() && !announce(request->host, Protocol::http)) return false;
    sender_.kind = StreamKind::unknown;
    ++sender_.watched;
    consume(request->size);
    return true;
}

/// Bytes without names: kept until they are acknowledged, and looked at for a request or DNS query that a segment
/// begins with, and for a hello anywhere. MySQL, for one, sends its hello behind the message that announces it.
bool StreamReading::watch(Bytes bytes) noexcept {
    const std::uint32_t before = bytes_before_segment();
    const std::size_t begin = before < bytes.size() ? before : 0;
    std::size_t message = find_client_hello(bytes, 0);
    bool certain = bytes.size() - message >= kHelloCertainSize;
    const bool amid = message == 0 ? sender_.found_amid : message != begin;
    const bool classified = sender_.watched == 0 && begin == 0;  // and no message, from its first byte on
    const std::size_t first = classified ? bytes.size() : first_message(bytes, begin);
    if (first < bytes.size() && first <= message) {
        message = first;
        certain = true;
    }
    sender_.found_amid = amid && message != first;
    if (!certain) {
        message = std::min(message, open_query(bytes, begin));
        certain = dns_start(bytes.subspan(message)) == DnsStreamStart::yes;
    }
    pass_over(message);
    if (certain) {
        sender_.kind = StreamKind::unknown;
        sender_.done = flow_.settle = false;
        return true;
    }
    return sender_.watched > kWatchLimit && let_go();
}

/// Where a hello, request or query begins, with a segment or with the first of the bytes: bytes.size() when nowhere. As
/// long as these may be a query's, whose next segment has nothing but letters, that is as well its name as the method
/// of a request: then more has to come.
std::size_t StreamReading::first_message(Bytes bytes, std::size_t segment) noexcept {
    if (may_be_client_hello(bytes.subspan(segment))) return segment;
    const DnsStreamStart query = segment == 0 ? DnsStreamStart::no : dns_start(bytes);
    const std::size_t earlier = std::min<std::size_t>(sender_.request_at, segment);
    for (const std::size_t at : {earlier != 0 ? earlier : segment, segment}) {
        const Bytes from = bytes.subspan(at);
        if (!begins_request(from)) continue;
        const bool certain = has_method(from) || dns_start(from) == DnsStreamStart::yes;
        if (certain || query == DnsStreamStart::no) return at;
        if (query == DnsStreamStart::yes) continue;
        sender_.request_at = static_cast<std::uint32_t>(at);
        return bytes.size();
    }
    sender_.request_at = 0;
    return query == DnsStreamStart::yes ? 0 : bytes.size();
}

/// Of bytes that are too few for a DNS query: a segment behind the first may begin a request, if they are none.
void StreamReading::remember_request(Bytes bytes) noexcept {
    const std::uint32_t before = bytes_before_segment();
    if (sender_.request_at == 0 && before < bytes.size() && begins_request(bytes.subspan(before)))
        sender_.request_at = before;
}

/// Where a DNS query may have begun: with the first of the bytes, which were kept for that, or with a segment.
/// bytes.size() when nowhere. Less than a header may be anything (TcpTracker::is_faint), and is kept for a query that
/// is cut there.
std::size_t StreamReading::open_query(Bytes bytes, std::size_t segment) const noexcept {
    for (const std::size_t at : {std::size_t{0}, segment}) {
        if (dns_start(bytes.subspan(at)) != DnsStreamStart::no) return at;
    }
    return bytes.size();
}

void StreamReading::pass_over(std::size_t count) noexcept {
    if (count != 0) sender_.request_at = 0;
    sender_.watched += static_cast<std::uint32_t>(count);
    consume(count);
}

}  // namespace sluis
