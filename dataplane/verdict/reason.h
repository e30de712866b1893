// Why a frame was dropped, a name blocked, a limit reached or a message not understood.
//
// One list makes the enum, the name in counters and findings, and the sentence that says what it means, so that no
// frame ever goes without a reason. A new reason is a line here, and the place that gives it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluis {

/// What a reason is about. A frame dropped for `progress`, `invalid` or `resource` is no block of anybody's: it is
/// counted, and not reported as a finding.
enum class ReasonKind : std::uint8_t {
    none,      ///< nothing happened
    progress,  ///< a parser needs more bytes
    policy,    ///< a rule said so
    conflict,  ///< two different contents for one range: an attack
    invalid,   ///< an endpoint would discard it too (RFC 9293, 8200, 9000)
    limit,     ///< a named bound of ours was reached
    parse,     ///< a message is not what its protocol says
    resource,  ///< the box itself ran out of something
};

// clang-format off
#define SLUIS_REASONS(X) \
    X(none,                    none,     "nothing to report") \
    X(incomplete,              progress, "more bytes are needed") \
    X(not_this_protocol,       progress, "the bytes belong to another protocol") \
    X(ech_withheld,            progress, "a part of a DNS answer with an ECH configuration, until the rest of it is there; also its duplicates") \
    X(rule,                    policy,   "a rule of the rule set in force matches the name") \
    X(address_rule,            policy,   "a prefix of the rule set in force holds the address outside") \
    X(flow_blocked,            policy,   "the frame belongs to a flow that is blocked already") \
    X(enforcement_began,       policy,   "the flow matched while its category was monitored, and the category is enforced now") \
    X(quic_version,            policy,   "a QUIC version whose names cannot be read, on a port under policy") \
    X(encrypted_dns,           policy,   "DNS over TLS or QUIC, where the category encrypted-dns is enforced") \
    X(no_server_name,          policy,   "a TLS or QUIC hello without a server name, where one is required") \
    X(pair_closed,             policy,   "the port pair is closed: no frame crosses it, of whatever protocol") \
    X(ech_stripped,            policy,   "a DNS answer passed without its ECH configuration") \
    X(stream_conflict,         conflict, "one TCP byte range was sent twice with different bytes") \
    X(crypto_conflict,         conflict, "one QUIC CRYPTO range was sent twice with different bytes") \
    X(fragment_overlap,        conflict, "fragments of one datagram overlap (RFC 5722)") \
    X(name_conflict,           conflict, "one message announces two different names") \
    X(ip_header,               invalid,  "an IP header with impossible lengths or a bad checksum") \
    X(ipv6_extension,          invalid,  "an IPv6 extension header chain that hosts discard") \
    X(fragment_tiny,           invalid,  "a first fragment without the whole transport header (RFC 1858, 7112)") \
    X(fragment_duplicate,      invalid,  "the same fragment again, with the same bytes (RFC 8200, section 4.5)") \
    X(fragment_malformed,      invalid,  "a fragment with an impossible offset or length") \
    X(tcp_header,              invalid,  "a TCP header with impossible lengths") \
    X(tcp_checksum,            invalid,  "a wrong TCP checksum") \
    X(tcp_flags,               invalid,  "TCP flags that no endpoint sends together, or data without ACK") \
    X(tcp_options,             invalid,  "a malformed TCP option list") \
    X(tcp_md5,                 invalid,  "a TCP-MD5 option in a connection that did not begin with one") \
    X(tcp_window,              invalid,  "a TCP segment outside of the receiver's window") \
    X(tcp_ack,                 invalid,  "an acknowledgment of what was never sent (RFC 5961, section 5)") \
    X(tcp_paws,                invalid,  "a TCP timestamp older than the last one (RFC 7323, section 5)") \
    X(tcp_reset,               invalid,  "a reset whose sequence number is not the next expected (RFC 5961, section 3)") \
    X(tcp_syn_data,            invalid,  "data in a SYN without Fast Open") \
    X(tcp_handshake,           invalid,  "a SYN-ACK that answers no SYN") \
    X(udp_header,              invalid,  "a UDP length that does not fit its datagram") \
    X(udp_checksum,            invalid,  "a wrong UDP checksum") \
    X(quic_header,             invalid,  "a QUIC long header that endpoints discard") \
    X(quic_short_datagram,     invalid,  "a client Initial in a datagram under 1200 bytes (RFC 9000, section 14.1)") \
    X(quic_authentication,     invalid,  "a QUIC Initial that does not authenticate (RFC 9001, section 5.2)") \
    X(quic_frame,              invalid,  "a frame that no Initial may hold (RFC 9000, section 12.5)") \
    X(stream_limit,            limit,    "an open hello or header block longer than the bytes kept for one flow") \
    X(name_limit,              limit,    "more names in one message than the box takes at once") \
    X(hello_unread,            limit,    "a hello or request head of which a part had passed before the flow was known") \
    X(hello_timeout,           limit,    "a hello, header block or message left open for too long") \
    X(hello_evicted,           limit,    "a hello, header block or message left open, whose room another flow needed") \
    X(crypto_limit,            limit,    "CRYPTO bytes beyond what is kept for one connection") \
    X(connection_limit,        limit,    "more undecided QUIC connections on one address pair than allowed") \
    X(fragment_limit,          limit,    "more fragments than kept for one datagram, one source or in all") \
    X(fragment_timeout,        limit,    "a datagram whose fragments did not all arrive in time") \
    X(fragment_nested,         limit,    "fragments of a packet in a tunnel whose own packets come in fragments") \
    X(source_limit,            limit,    "a source over its own budget of undecided flows or of their bytes") \
    X(flow_table_full,         limit,    "no room for another undecided flow") \
    X(monitored_forgotten,     limit,    "a flow of a monitored category was forgotten: it goes on when the category is enforced") \
    X(encapsulation_depth,     limit,    "encapsulated deeper than the box looks") \
    X(vlan_depth,              limit,    "an IP packet in more VLANs than the box looks through") \
    X(overload_pass,           limit,    "passed uninspected since the whole box was exhausted, or a worker overloaded") \
    X(ech_passed,              limit,    "a DNS answer passed with its ECH configuration: its server waits before it sends the rest") \
    X(dns_message_limit,       limit,    "a DNS message over TCP of which only the first part was read") \
    X(dns_malformed,           parse,    "a DNS message that servers refuse") \
    X(dns_question_count,      parse,    "a DNS query whose number of questions is not one (RFC 9619)") \
    X(tls_malformed,           parse,    "a TLS record or ClientHello that servers refuse") \
    X(tls_duplicate_extension, parse,    "a ClientHello with one extension twice, or with two server names (RFC 8446, 4.2; RFC 6066, 3)") \
    X(tls_name,                parse,    "a server name with bytes that no host name holds") \
    X(http_malformed,          parse,    "an HTTP request head that cannot be read with one meaning") \
    X(quic_malformed,          parse,    "a QUIC handshake message that servers refuse") \
    X(no_frame,                resource, "no frame buffer was free") \
    X(frame_too_long,          resource, "a frame longer than a buffer holds or the port can send") \
    X(overload_drop,           resource, "a new flow where overload is closed, or a frame beyond what may wait for an overloaded worker") \
    X(tx_full,                 resource, "the sending port's queue stayed full") \
    X(handoff_full,            resource, "the ring to the worker that owns the flow was full")
// clang-format on

/// One byte; the value is stable only within one build (names are what is exported).
enum class Reason : std::uint8_t {
#define SLUIS_REASON_ENUM(id, kind, text) id,
    SLUIS_REASONS(SLUIS_REASON_ENUM)
#undef SLUIS_REASON_ENUM
};

struct ReasonInfo {
    std::string_view name;  ///< the metric label and event field
    ReasonKind kind;
    std::string_view text;  ///< one line for people
};

inline constexpr std::array kReasons{
#define SLUIS_REASON_INFO(id, kind, text) ReasonInfo{#id, ReasonKind::kind, text},
    SLUIS_REASONS(SLUIS_REASON_INFO)
#undef SLUIS_REASON_INFO
};
inline constexpr std::size_t kReasonCount = kReasons.size();

constexpr const ReasonInfo& info(Reason reason) noexcept { return kReasons[static_cast<std::size_t>(reason)]; }
constexpr std::string_view name(Reason reason) noexcept { return info(reason).name; }

}  // namespace sluis
