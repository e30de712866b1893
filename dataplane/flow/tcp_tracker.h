// The TCP flows that are not settled yet: undecided, cleartext and blocked ones (rules: dataplane/README.md).
//
// In-order and out-of-order segments of an undecided flow go on as soon as they are read; a copy of their bytes is
// kept until they are acknowledged and judged, so that a second content for one range is noticed. Only the
// segment that completes a message waits, for the verdict of this burst: a receiver that lacks it can do nothing
// with the rest. That needs no held frames, and leaves loss recovery (SACK) to the endpoints.
#pragma once

#include <array>
#include <memory>

#include "dataplane/burst.h"
#include "dataplane/flow/forgotten_hellos.h"
#include "dataplane/flow/http2_state.h"
#include "dataplane/flow/overload_relief.h"
#include "dataplane/flow/read_marks.h"
#include "dataplane/flow/reassembly_buffer.h"
#include "dataplane/flow/slot_queues.h"
#include "dataplane/flow/source_budget.h"
#include "dataplane/flow/tcp_flow.h"
#include "dataplane/flow/tcp_selection.h"
#include "dataplane/flow/timer_wheel.h"
#include "dataplane/interface/counters.h"
#include "dataplane/interface/limits.h"
#include "dataplane/protocol/dns_message.h"

namespace sluis {

class TcpTracker {
public:
    static constexpr std::uint32_t kNone = SlotIndex::kNone;

    TcpTracker(const Limits& limits, LiveCounters& counters, SourceBudget& budget, OverloadRelief& relief,
               std::uint64_t seed);

    /// The hash of a segment's flow; its place in the table is on its way into the cache.
    std::uint64_t look_ahead(const PlainPacket& segment) const noexcept;
    /// Whether a segment may open a flow, as far as one look tells: a SYN, or a TLS handshake record.
    static bool may_open(const PlainPacket& segment) noexcept;
    /// The next step of `look_ahead`, once that has been done for all segments of a burst: brings into the cache what a
    /// segment that may open a flow needs for it.
    void prepare_open(const Frame& frame, const PlainPacket& segment, std::uint64_t hash) const noexcept;
    /// Whether there is something to look at in a segment. `hash` is what `look_ahead` gave.
    Selection select(const PlainPacket& segment, Side ingress, std::uint64_t hash) const noexcept;
    /// Looks at a TCP packet: decides its action, and announces the names that it completes.
    void inspect(Burst& burst, Action& action, Nanoseconds now) noexcept;
    /// False for nearly all packets that were looked at: those of flows in which nothing is a DNS answer.
    bool may_hold_answer(const Action& action) const noexcept;
    /// Takes ECH configurations out of the DNS answers in a packet that was looked at, or drops it until the rest of an
    /// answer is there. Returns how many answers end in it that were changed.
    std::uint32_t strip_ech(Action& action, Nanoseconds now) noexcept;
    /// Forgets flows whose time has come.
    void advance(Nanoseconds now) noexcept;

    /// Where `block` counts: LiveCounters::blocks, or would_block.
    void count_blocks_in(std::array<SharedCount, kReasonSlots>& counts) noexcept { blocks_ = &counts; }
    /// Forgets up to `count` flows, judged or not, and some of what is left of others: bounded work. True once nothing
    /// is known any more; until then, no other function may be called.
    bool forget_some(std::uint32_t count) noexcept;

    /// The flow is refused: from now on its frames are dropped.
    void block(std::uint32_t slot, Reason reason, Nanoseconds now) noexcept;
    /// The bytes of a message that was announced (DNS over TCP), as far as they are still kept.
    Bytes message(std::uint32_t slot, std::uint8_t direction, std::uint32_t seq, std::uint16_t length) noexcept;
    /// Whether a name that `segment` completed stands in the first message of the connection's client, and its server
    /// has answered nothing yet. False as well when that is not known any more.
    bool is_first_message(const Announcement& about, std::uint8_t direction, const TcpSegment& segment) const noexcept;
    /// One past the last byte that is known without a gap, sequence number.
    std::uint32_t known_end(std::uint32_t slot, std::uint8_t direction) const noexcept {
        return contiguous_end(flows_[slot].directions[direction]);
    }
    TcpFlow& flow(std::uint32_t slot) noexcept { return flows_[slot]; }
    /// Forgets the flows that have nothing more to tell, and the bytes of those that were refused. Call it once the
    /// burst's verdicts are carried out.
    void end_burst(Nanoseconds now) noexcept;

private:
    friend class StreamReading;

    void inspect_unknown(Burst& burst, Action& action, const DirectedKey& key, std::uint64_t hash, std::uint32_t left,
                         Nanoseconds now) noexcept;
    void open_by(Burst& burst, Action& action, const DirectedKey& key, std::uint64_t hash, Nanoseconds now) noexcept;
    void open(Burst& burst, Action& action, const DirectedKey& key, std::uint64_t hash, Nanoseconds now) noexcept;
    void pick_up(Burst& burst, Action& action, const DirectedKey& key, std::uint64_t hash, Nanoseconds now,
                 bool beside = false) noexcept;
    std::uint32_t find_beside(const DirectedKey& key, std::uint64_t hash) const noexcept;
    std::uint32_t take_share(const Packet& packet, Nanoseconds now) noexcept;
    std::uint32_t insert(const Packet& packet, const DirectedKey& key, std::uint64_t hash, Action& action,
                         Nanoseconds now) noexcept;
    void track(Burst& burst, Action& action, std::uint32_t slot, std::uint8_t direction, Nanoseconds now) noexcept;
    void begin(TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment, Side ingress) noexcept;
    static bool answers_other_opener(const TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment,
                                     Side ingress) noexcept;
    void turn_round(TcpFlow& flow) noexcept;
    void on_syn(Burst& burst, Action& action, std::uint32_t slot, std::uint8_t direction, const TcpSegment& segment,
                Nanoseconds now) noexcept;
    bool on_syn_ack(Action& action, TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment) noexcept;
    void on_blocked(Burst& burst, Action& action, std::uint32_t slot, std::uint8_t direction, const TcpSegment& segment,
                    Nanoseconds now) noexcept;
    void on_data(Burst& burst, Action& action, std::uint32_t slot, std::uint8_t direction, const TcpSegment& segment,
                 Nanoseconds now) noexcept;
    bool is_faint(const TcpDirection& sender, std::uint32_t known) noexcept;
    bool waits_for_bytes(const TcpDirection& sender, std::uint32_t known) noexcept;
    static bool mark_urgent(TcpDirection& sender, std::uint32_t seq) noexcept;
    static bool urgent_ended(const TcpDirection& sender) noexcept;
    static void begin_urgent(TcpDirection& sender) noexcept;
    std::uint32_t known_bytes(const TcpDirection& direction) const noexcept {
        return direction.buffer == kNone ? 0 : buffers_[direction.buffer].contiguous_size();
    }
    bool begins_certainly(const TcpDirection& sender, std::uint32_t known) const noexcept;
    void on_answer(std::uint32_t slot, std::uint8_t direction, const TcpSegment& segment, Nanoseconds now) noexcept;
    bool keep(Action& action, std::uint32_t slot, TcpDirection& sender, std::uint32_t seq, Bytes payload,
              Nanoseconds now) noexcept;
    void discard_acknowledged(TcpFlow& flow, TcpDirection& sender) noexcept;
    void release_acknowledged(TcpFlow& flow, std::uint8_t direction) noexcept;
    void skip_unseen(TcpFlow& flow, TcpDirection& sender) noexcept;
    void settle_when_final(std::uint32_t slot, Nanoseconds now) noexcept;
    void settle_when_heard(std::uint32_t slot) noexcept;
    void settle(std::uint32_t slot) noexcept;
    void remember_ended(std::uint32_t slot) noexcept;
    void restart(TcpFlow& flow) noexcept;
    Nanoseconds due(std::uint32_t slot, Nanoseconds now) noexcept;
    void touch(TcpFlow& flow, Nanoseconds now) noexcept;
    std::uint32_t contiguous_end(const TcpDirection& direction) const noexcept {
        const std::uint32_t known_end = direction.base + known_bytes(direction);
        return direction.has_acked ? seq_max(known_end, direction.acked) : known_end;
    }
    void refuse_flow(Action& action, std::uint32_t slot, Reason reason, Nanoseconds now) noexcept;

    // tcp_blocking.cc
    static bool is_unfinished(Reason reason) noexcept;
    void count_as_blocked(std::uint32_t slot, Nanoseconds now) noexcept;
    bool count_as_undecided(std::uint32_t slot) noexcept;
    void release_bytes(std::uint32_t slot, Nanoseconds now) noexcept;
    void on_forgotten(Burst& burst, Action& action, const DirectedKey& key, std::uint64_t hash, ForgottenHello hello,
                      Nanoseconds now) noexcept;
    void reopen(Burst& burst, Action& action, const DirectedKey& key, std::uint64_t hash, ForgottenHello hello,
                const TcpSegment& segment, Nanoseconds now) noexcept;

    // tcp_beginning.cc
    void begin_reading(TcpFlow& flow, TcpDirection& sender, StreamKind kind, std::uint32_t seq) noexcept;
    void begin_at_other_end(TcpFlow& flow, TcpDirection& sender, const Packet& packet,
                            const TcpSegment& segment) noexcept;
    bool begin_earlier(Action& action, TcpFlow& flow, TcpDirection& sender, const TcpSegment& segment,
                       Nanoseconds now) noexcept;
    enum class Beyond : std::uint8_t { nothing, bytes, fin };
    Beyond acknowledged_beyond(const TcpDirection& sender, const TcpSegment& segment) const noexcept;
    bool learn_of_unread(TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment) noexcept;
    static bool goes_on_behind_end(const TcpDirection& sender, const TcpSegment& segment) noexcept;
    static bool begins_possibly(const TcpDirection& sender, std::uint32_t known) noexcept;
    bool lacks_much(const TcpDirection& sender, std::uint32_t known) const noexcept;

    // tcp_stranger.cc
    static bool concerns_blocked(const TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment) noexcept;
    void on_misfit(Burst& burst, Action& action, std::uint32_t slot, const TcpSegment& segment, Reason why,
                   Nanoseconds now) noexcept;
    void on_stranger(Burst& burst, Action& action, std::uint32_t slot, const TcpSegment& segment, Reason why,
                     Nanoseconds now) noexcept;
    const ForgottenHello* forgotten_of(const TcpSegment& segment, std::uint8_t direction, std::uint64_t hash,
                                       Nanoseconds now) noexcept;
    static void refuse_rest(Action& action, const TcpSegment& segment, std::uint8_t direction,
                            const ForgottenHello& hello) noexcept;

    // tcp_read_marks.cc
    bool let_go_of_read(std::uint32_t slot, TcpDirection& sender, std::uint32_t offset) noexcept;
    bool contradicts_marks(const TcpDirection& sender, std::uint32_t seq, Bytes payload) noexcept;
    void give_back_marks(TcpDirection& sender) noexcept;

    // dns_answers.cc
    static bool holds_answers(const TcpFlow& flow, std::uint8_t direction) noexcept;
    std::uint32_t answer_limit() const noexcept;
    static std::uint32_t answers_begin(const TcpDirection& sender) noexcept;
    std::uint32_t whole_answers(const TcpFlow& flow, TcpDirection& sender, std::uint32_t count) noexcept;
    bool strip_answer(Action& action, TcpDirection& server, std::uint32_t begin, std::uint32_t end) noexcept;
    void on_open_answer(Action& action, TcpDirection& server, std::uint32_t begin, std::uint32_t end,
                        Nanoseconds now) noexcept;

    // tcp_eviction.cc
    FlowQueue queue_for(const TcpFlow& flow) noexcept;
    void place(std::uint32_t slot, Nanoseconds now) noexcept;
    void place_anew(std::uint32_t slot, Nanoseconds now) noexcept;
    std::uint32_t stalest(FlowQueue queue, Nanoseconds now) noexcept;
    bool make_room(Action& action, Nanoseconds now) noexcept;
    static std::uint32_t queue_of_sender(std::uint32_t whole, SenderQueue queue) noexcept;
    void mark_unproven(std::uint32_t slot) noexcept;
    void mark_proven(std::uint32_t slot) noexcept;
    bool make_room_of(std::uint32_t station, Nanoseconds now) noexcept;
    void evict(std::uint32_t slot, Nanoseconds now) noexcept;
    void remember_hello(const TcpFlow& flow, Nanoseconds now) noexcept;
    Reason provide_buffer(TcpFlow& flow, TcpDirection& sender, std::uint32_t size, Nanoseconds now) noexcept;
    void free_buffer(bool large, Nanoseconds now) noexcept;
    void give_back_buffer(TcpFlow& flow, TcpDirection& direction) noexcept;
    void release_buffers(TcpFlow& flow) noexcept;
    void forget(std::uint32_t slot) noexcept;
    void drop_state(std::uint32_t slot) noexcept;

    const Limits& limits_;
    LiveCounters& counters_;
    std::array<SharedCount, kReasonSlots>* blocks_ = &counters_.blocks;
    SourceBudget& budget_;
    OverloadRelief& relief_;
    std::uint64_t seed_;
    SlotIndex index_;
    SlotPool<TcpFlow> flows_;
    TimerWheel timers_;
    SlotQueues queues_;     ///< every flow, by FlowQueue
    SlotQueues by_sender_;  ///< the flows of each sender that are blocked, or unproven: queue_of_sender
    ForgottenHellos forgotten_;
    ReassemblyPool buffers_;
    std::unique_ptr<std::byte[]> scratch_;         ///< a hello that spans records is put together here
    std::unique_ptr<std::byte[]> without_urgent_;  ///< a stream as a receiver without SO_OOBINLINE reads it
    std::unique_ptr<std::byte[]> answer_;          ///< a DNS answer without ECH configurations
    Http2States http2_;
    SlotPool<ReadMarks> marks_;  ///< who finds none is slowed down to `stream_bytes` a round trip
    std::array<std::uint32_t, 2 * Burst::kCapacity> ended_;  ///< settled or blocked in this burst
    std::uint32_t ended_count_ = 0;
};

inline std::uint64_t TcpTracker::look_ahead(const PlainPacket& segment) const noexcept {
    const std::uint64_t hashed = hash(segment, seed_);
    index_.prefetch(hashed);
    return hashed;
}

inline bool TcpTracker::may_open(const PlainPacket& segment) noexcept {
    if ((tcp_flags(segment.transport) & (kTcpSyn | kTcpAck)) == kTcpSyn) return true;
    return !segment.payload.empty() && segment.payload.front() == kTlsHandshake;
}

[[gnu::always_inline]] inline void TcpTracker::prepare_open(const Frame& frame, const PlainPacket& segment,
                                                            std::uint64_t hash) const noexcept {
    if (!index_.may_hold(hash)) budget_.prefetch(frame, segment);
}

inline Selection TcpTracker::select(const PlainPacket& segment, Side ingress, std::uint64_t hash) const noexcept {
    if (index_.may_hold(hash) || forgotten_.may_hold(hash)) return Selection::look;
    if (const std::uint8_t flags = tcp_flags(segment.transport); (flags & kTcpSyn) != 0)
        return (flags & kTcpAck) != 0 ? Selection::look : Selection::open;
    const bool dns = segment.involves(kDnsPort);
    if (segment.payload.empty() || !may_be_first(ingress, dns)) return Selection::pass;
    return may_begin_message(segment.payload, dns) ? Selection::open : Selection::pass;
}

/// Puts the flow where it belongs now. Open ones stand in the order of their last new bytes. One that ends with this
/// burst stays where it is.
inline void TcpTracker::place(std::uint32_t slot, Nanoseconds now) noexcept {
    const TcpFlow& flow = flows_[slot];
    const bool ends = flow.settle && flow.state == FlowState::undecided;
    if (!ends && !(flow.in_quiet_queue && is_quiet(flow))) place_anew(slot, now);
}

inline bool TcpTracker::may_hold_answer(const Action& action) const noexcept {
    if (action.kind != ActionKind::await || action.packet.payload.empty()) return false;
    const TcpFlow& flow = flows_[action.slot];
    return flow.directions[0].kind == StreamKind::dns || flow.directions[1].kind == StreamKind::dns ||
           flow.key.port_a() == kDnsPort || flow.key.port_b() == kDnsPort;
}

}  // namespace sluis
