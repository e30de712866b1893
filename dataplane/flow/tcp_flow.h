// What is kept of a TCP flow while its names are not all known: plain data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/flow/flow_key.h"
#include "dataplane/flow/slot_index.h"
#include "dataplane/interface/finding.h"
#include "dataplane/interface/limits.h"
#include "dataplane/packet/tcp_segment.h"
#include "dataplane/protocol/http_head_reader.h"
#include "dataplane/protocol/tls_record.h"

namespace sluis {

/// A SYN that nobody answers is kept for so long: connecting hosts give up after about that time (RFC 9293, 3.8.3).
inline constexpr Nanoseconds kUnansweredSyn = 75 * kSecond;
/// Segments further from a refused stream's next byte are another connection's, sequence numbers.
inline constexpr std::uint32_t kStreamReach = 1u << 24;

/// What a direction's bytes are.
enum class StreamKind : std::uint8_t {
    unknown,  ///< no byte was read yet
    proxy,    ///< a PROXY protocol header; what follows is unknown
    socks,    ///< a SOCKS client's side, up to its request
    tls_client,
    http,       ///< request heads
    http_body,  ///< between a head and the next
    http_chunks,
    http2_preface,  ///< the rest of it
    http2,          ///< frames, for good
    dns,            ///< length-prefixed messages
    other,          ///< no names so far; a hello may follow (STARTTLS, CONNECT, SOCKS)
    answer,         ///< a server's side: only its first answer matters
};

/// Urgent bytes that one stretch of a stream may have: the tools that hide a name behind them send one.
inline constexpr std::uint8_t kUrgentMarks = 2;
/// The ways to leave out some of them, each at the two places that it may lie at (RFC 6093).
inline constexpr std::uint8_t kUrgentReadings = 2 * ((1u << kUrgentMarks) - 1);

/// How far a stretch was read in each of these ways. What is read twice is bounded: see urgent_reading.cc.
struct UrgentReadings {
    std::array<std::uint32_t, kUrgentReadings> needed{};  ///< bytes of the stretch before which no hello is complete
    std::uint32_t examined = 0;                           ///< bytes of the stretch at the last look
    std::uint8_t settled = 0;                             ///< the readings that have come to an end, a bit each
    std::uint8_t passes = 0;                              ///< how often a hello was read from its beginning
};

/// One direction of a flow, named by its sender. Sequence numbers are the sender's. What each segment asks for lies in
/// the first cache line.
struct alignas(64) TcpDirection {
    std::uint32_t base = 0;   ///< of the buffer's offset 0
    std::uint32_t read = 0;   ///< buffer offset where the open message begins; beyond the known bytes: skip up to there
    std::uint32_t first = 0;  ///< initial sequence number + 1
    std::uint32_t high = 0;   ///< one past the highest sequence number sent
    std::uint32_t acked = 0;  ///< highest acknowledgment by the peer
    std::uint32_t right = 0;  ///< right edge of the peer's receive window, the furthest it was
    std::uint32_t timestamp = 0;              ///< TS.Recent (RFC 7323, section 4.3)
    std::uint32_t buffer = SlotIndex::kNone;  ///< handle in the ReassemblyPool
    std::uint32_t hello_end = 0;              ///< sequence number just past the last ClientHello
    std::uint32_t watched = 0;                ///< bytes read as StreamKind::other
    std::uint32_t done_at = 0;      ///< sequence number that reading had come to when nothing more was expected; of a
                                    ///< server: just past the first byte of the segment that completed its ServerHello
    std::uint32_t other_first = 0;  ///< `first` of another SYN, seen since (decoy, or port reuse)
    StreamKind kind = StreamKind::unknown;
    std::uint8_t window_scale = 0;
    std::uint8_t other_window_scale = 0;  ///< of the SYN that `other_first` belongs to
    std::uint8_t urgent_count = 0;
    bool seen : 1 = false;         ///< any frame came from this side
    bool syn : 1 = false;          ///< a SYN (or SYN-ACK) came from this side: `first` is known
    bool syn_outside : 1 = false;  ///< that SYN came in on Side::outside
    bool has_other_first : 1 = false;
    bool has_other_scale : 1 = false;
    bool other_md5 : 1 = false;
    bool has_acked : 1 = false;  ///< the peer has acknowledged something
    bool has_right : 1 = false;
    bool has_scale : 1 = false;  ///< its SYN had the window scale option
    bool has_timestamp : 1 = false;
    bool ech_touched : 1 = false;  ///< `ech_until` is known
    bool plain : 1 = false;        ///< `plain_from` and `plain_until` are known
    bool ambiguous : 1 = false;    ///< several SYN-ACKs with different sequence numbers came
    bool hello_seen : 1 = false;
    bool done : 1 = false;  ///< no name is expected any more of this side (of a server: of the other), once `done_at`
                            ///< is acknowledged
    bool fin : 1 = false;
    bool ended : 1 = false;        ///< its FIN was taken for the end of an open message: nothing may follow
    bool accepted : 1 = false;     ///< it accepted the connection, and may be a client all the same
    bool found_amid : 1 = false;   ///< what is read as a hello began amid a segment of something else
    bool amid_long : 1 = false;    ///< the buffer may begin amid a DNS answer: up to `long_until`
    std::uint32_t request_at = 0;  ///< behind `read`, where a request may begin amid what may be a query; 0: nowhere
    std::uint32_t scanned = 0;     ///< HTTP/2: how far the header block's end was searched

    std::uint64_t body_left = 0;             ///< HTTP: bytes of the body not yet skipped
    std::uint32_t http2 = SlotIndex::kNone;  ///< the Http2State, once a header block came
    std::uint32_t marks = SlotIndex::kNone;  ///< the ReadMarks, once a body in frames or chunks came
    std::uint32_t ech_until = 0;    ///< DNS answers: just past the last byte that was withheld or changed for its ECH
    std::uint32_t plain_from = 0;   ///< DNS answers: from here on they pass as they are
    std::uint32_t plain_until = 0;  ///< just past the last byte that did
    std::uint32_t long_until = 0;   ///< just past one of which a part is forgotten
    std::uint32_t urgent_from = 0;  ///< buffer offset from which on the stream is read without urgent bytes
    TlsClientReader tls;
    // What follows is made anew before it is read: by whatever says that the stream is HTTP, or has urgent bytes.
    HttpHeadReader head;
    HttpHeadReader urgent_head;  ///< as it was at `urgent_from`, in the middle of a head
    HttpChunkReader chunks;
    std::array<std::uint32_t, kUrgentMarks> urgent{};  ///< sequence numbers of urgent bytes
    UrgentReadings urgent_readings;
};
static_assert(offsetof(TcpDirection, body_left) == 64 && offsetof(TcpDirection, head) == 128);

/// Whether the lines of a request head were read and its end, which must come, was not.
inline bool amid_head(const TcpDirection& sender) noexcept {
    return sender.kind == StreamKind::http && sender.head.awaits_end();
}

enum class FlowState : std::uint8_t { undecided, blocked };

/// What a flow costs to be forgotten, the cheapest first: the order in which room is made.
enum class FlowQueue : std::uint8_t {
    refused,     ///< blocked, and both ends were reset
    unfinished,  ///< blocked with a part of a hello at the server: remembered as a ForgottenHello
    quiet,       ///< no bytes are kept: what comes next is read like any flow's whose beginning was not seen
    kept,        ///< the bytes kept are judged, and not yet acknowledged
    kept_large,  ///< the same, in a large buffer
    open_bare,   ///< a hello, head or message is open, and nothing of it is kept: its flow is refused first
    open,        ///< the same, with bytes kept
    open_large,
};
inline constexpr std::uint32_t kFlowQueues = 8;

/// Flows that their own sender may lose for others of his: the address that opened them, or all of its station.
enum class SenderQueue : std::uint8_t {
    blocked,
    unproven,  ///< nobody has shown yet that there are two ends: `is_proven`
};
inline constexpr std::uint32_t kSenderQueues = 2;

struct TcpFlow {
    FlowKey key;
    std::uint64_t hash = 0;
    Nanoseconds touched = 0;         ///< when its last frame came
    Nanoseconds deadline = 0;        ///< when it is forgotten
    Nanoseconds message_opened = 0;  ///< when the open hello, head or message began; 0 when none is open
    Nanoseconds opened = 0;          ///< when its first frame came
    Nanoseconds progressed = 0;      ///< when the last bytes came that were new
    Nanoseconds remember_until = 0;  ///< it is not forgotten before, but for want of room
    Nanoseconds withheld = 0;        ///< when bytes of a DNS answer were last withheld that had not come before
    std::uint32_t budget = SlotIndex::kNone;  ///< of the source that opened it, in the SourceBudget
    std::uint32_t blocked_at = 0;             ///< action of the burst in which it was refused
    std::uint32_t generation = 0;             ///< Generation::number() of the last one that judged a name of it
    FlowState state = FlowState::undecided;
    Reason reason = Reason::none;      ///< why it is blocked
    Side opener = Side::inside;        ///< the side that the first frame came from
    std::uint8_t client = 0;           ///< the direction of whoever opened it
    bool midstream : 1 = false;        ///< its beginning was not seen
    bool may_have_passed : 1 = false;  ///< midstream, and its beginning may have passed unread in an overload
    bool unanswered : 1 = false;       ///< opened by a SYN that no SYN-ACK has acknowledged yet: it may be nobody's
    bool restarted : 1 = false;        ///< took the place of a connection of which something was seen
    bool md5 : 1 = false;              ///< the SYN carried TCP-MD5
    bool beside : 1 = false;           ///< read beside another flow on the same ports: tcp_stranger.cc
    bool settle : 1 = false;           ///< nothing more to learn: forget it at the burst's end
    bool answered_by_box : 1 = false;  ///< blocked, and its client has got an answer with FIN
    bool proven : 1 = false;           ///< `is_proven` was true, and the flow is no longer among the unproven ones
    bool in_quiet_queue : 1 = false;   ///< it stands in FlowQueue::quiet
    TcpDirection directions[2];        ///< [0]: sent by key.address_a
};
static_assert(offsetof(TcpFlow, directions) == 128);

/// Whether a segment came in on the side that its sender is on, as far as that is known.
inline bool comes_from_its_side(const TcpFlow& flow, std::uint8_t direction, Side ingress) noexcept {
    return (ingress == flow.opener) == (direction == flow.client);
}

/// Whether the end that opened the flow has acknowledged its server's SYN-ACK. Before it does, the SYN may be anybody's
/// on its side, and the SYN-ACK anybody's on the other.
inline bool handshake_ended(const TcpFlow& flow) noexcept {
    const TcpDirection& server = flow.directions[1 - flow.client];
    return server.syn && server.has_acked && !seq_before(server.acked, server.first);
}

/// Whether both ends took part. Who forges an address does not hear the answer that he would have to acknowledge.
inline bool is_proven(const TcpFlow& flow) noexcept {
    return flow.midstream ? flow.directions[1 - flow.client].seen : handshake_ended(flow);
}

/// Whether no bytes of a flow are kept and no message is open: it belongs into FlowQueue::quiet.
inline bool is_quiet(const TcpFlow& flow) noexcept {
    const auto& [one, other] = flow.directions;
    const bool bare = one.buffer == SlotIndex::kNone && other.buffer == SlotIndex::kNone && flow.message_opened == 0;
    return bare && flow.state == FlowState::undecided && !amid_head(one) && !amid_head(other);
}

}  // namespace sluis
