#include "dataplane/flow/tcp_tracker.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "dataplane/flow/stream_reading.h"
#include "dataplane/flow/tcp_acceptance.h"
#include "dataplane/flow/tcp_selection.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/protocol/dns_message.h"

namespace sluis {
namespace {

/// The same object, its address kept in a register: of an element of an array the compiler computes it at each use.
template <typename T>
[[gnu::always_inline]] inline T& in_register(T& object) noexcept {
    T* address = &object;
    __asm__("" : "+r"(address));
    return *address;
}

/// Copies two cache lines. In one go: a string instruction, which compilers take for more bytes, is slow to begin.
void copy_two_lines(void* to, const void* from) noexcept { std::memcpy(to, from, 128); }

/// Makes a slot a new flow, up to what each direction makes anew where it is needed.
void make_new(TcpFlow& flow) noexcept {
    static constexpr TcpFlow kNew{};
    static_assert(offsetof(TcpFlow, directions) == 128 && std::is_trivially_copyable_v<TcpFlow>);
    copy_two_lines(&flow, &kNew);
    for (TcpDirection& direction : flow.directions) copy_two_lines(&direction, &kNew.directions[0]);
}

constexpr std::uint32_t kScratchSize = kHandshakeLimit + kHandshakeHeaderSize;

Protocol protocol_of(StreamKind kind) noexcept {
    switch (kind) {
        case StreamKind::tls_client:
            return Protocol::tls;
        case StreamKind::dns:
            return Protocol::dns;
        case StreamKind::unknown:
        case StreamKind::proxy:
        case StreamKind::other:
        case StreamKind::answer:
            return Protocol::none;
        default:
            return Protocol::http;
    }
}

}  // namespace

inline void TcpTracker::touch(TcpFlow& flow, Nanoseconds now) noexcept {
    flow.touched = now;
    const bool closing = flow.directions[0].fin && flow.directions[1].fin;
    // Behind a SYN that is not answered come bytes only where its answer takes another way.
    const bool bare_syn = flow.unanswered && flow.directions[flow.client].high == flow.directions[flow.client].first;
    const Nanoseconds idle = bare_syn ? std::min(kUnansweredSyn, limits_.idle_flow) : limits_.idle_flow;
    flow.deadline = now + (closing ? limits_.closing_flow : idle);
}

TcpTracker::TcpTracker(const Limits& limits, LiveCounters& counters, SourceBudget& budget, OverloadRelief& relief,
                       std::uint64_t seed)
    : limits_(limits),
      counters_(counters),
      budget_(budget),
      relief_(relief),
      seed_(seed),
      index_(limits.flows),
      flows_(limits.flows),
      timers_(limits.flows),
      queues_(limits.flows, kFlowQueues),
      by_sender_(limits.flows, kSenderQueues * budget.slots()),
      forgotten_(limits.forgotten_hellos),
      buffers_(limits.small_streams, limits.large_streams, limits.stream_bytes),
      scratch_(std::make_unique_for_overwrite<std::byte[]>(kScratchSize)),
      without_urgent_(std::make_unique_for_overwrite<std::byte[]>(buffers_.large_size())),
      answer_(std::make_unique_for_overwrite<std::byte[]>(buffers_.large_size())),
      http2_(limits, budget),
      marks_(limits.http2_connections) {}

/// A packet of a flow in the table.
void TcpTracker::track(Burst& burst, Action& action, std::uint32_t slot, std::uint8_t direction,
                       Nanoseconds now) noexcept {
    TcpFlow& flow = flows_[slot];
    if (!transport_checksum_holds(action.packet)) return action.drop(Reason::tcp_checksum);
    const auto segment = read_tcp_segment(action.packet.transport);
    if (!segment) return action.drop(segment.error());
    flow.touched = now;
    action.kind = ActionKind::await;
    action.subject = Subject::tcp_flow;
    action.slot = slot;
    if (segment->has(kTcpSyn)) {
        touch(flow, now);
        if (!segment->has(kTcpAck)) return on_syn(burst, action, slot, direction, *segment, now);
        if (!on_syn_ack(action, flow, direction, *segment)) return;
    }
    if (flow.message_opened != 0 && now >= flow.message_opened + limits_.open_hello)
        block(slot, Reason::hello_timeout, now);
    if (flow.state == FlowState::blocked) return on_blocked(burst, action, slot, direction, *segment, now);

    const auto reverse = static_cast<std::uint8_t>(1 - direction);
    TcpDirection& sender = in_register(flow.directions[direction]);
    TcpDirection& receiver = in_register(flow.directions[reverse]);
    const std::uint32_t end = contiguous_end(sender);
    action.receiver_next = end;
    if (const Reason why = test_acceptance(flow, sender, receiver, *segment, end); why != Reason::none)
        return on_misfit(burst, action, slot, *segment, why, now);
    touch(flow, now);
    learn(flow, sender, receiver, *segment, comes_from_its_side(flow, direction, action.packet.ingress()), end);
    if (!flow.proven && is_proven(flow)) mark_proven(slot);
    if (flow.midstream && learn_of_unread(flow, direction, *segment)) {
        if (!flow.may_have_passed) return refuse_flow(action, slot, Reason::hello_unread, now);
        // Not by count_pass: who makes it happen must not prolong the time in which it may.
        ++counters_.errors[static_cast<std::size_t>(Reason::overload_pass)];
        return settle(slot);
    }
    if (flow.directions[flow.client].done) settle_when_final(slot, now);
    if (receiver.buffer != kNone) release_acknowledged(flow, reverse);
    // The mark of an urgent byte may come alone, before its byte.
    if (!segment->payload.empty() || segment->has(kTcpUrg)) on_data(burst, action, slot, direction, *segment, now);
    if (flow.directions[1 - flow.client].done) settle_when_heard(slot);
}

void TcpTracker::inspect(Burst& burst, Action& action, Nanoseconds now) noexcept {
    const DirectedKey key = directed_key(action.packet);
    if (action.opens_flow) return open_by(burst, action, key, action.flow_hash, now);
    const std::uint64_t hashed = action.flow_hash != 0 ? action.flow_hash : hash(key.key, seed_);
    std::uint32_t beside = kNone;
    const std::uint32_t slot = index_.find(hashed, [&](std::uint32_t at) {
        const TcpFlow& flow = flows_[at];
        const bool same = flow.key == key.key;
        if (same && flow.beside) beside = at;
        return same && !flow.beside;
    });
    if (slot == kNone) return inspect_unknown(burst, action, key, hashed, beside, now);
    track(burst, action, slot, key.direction, now);
    place(slot, now);
}

/// A packet whose flow is not in the table, or only as one beside another that is gone: in the slot `left`, or kNone.
void TcpTracker::inspect_unknown(Burst& burst, Action& action, const DirectedKey& key, std::uint64_t hashed,
                                 std::uint32_t left, Nanoseconds now) noexcept {
    if (const ForgottenHello* hello = forgotten_.find(hashed, now); hello != nullptr)
        return on_forgotten(burst, action, key, hashed, *hello, now);
    const Packet& packet = action.packet;
    if (left != kNone) {
        flows_[left].beside = false;
        track(burst, action, left, key.direction, now);
        return place(left, now);
    }
    const std::uint8_t flags = tcp_flags(packet.transport);
    if ((flags & (kTcpSyn | kTcpAck)) == kTcpSyn) return open_by(burst, action, key, hashed, now);
    if ((flags & kTcpSyn) != 0) {
        // A client cannot answer a SYN that never came; a server's answer may follow a SYN that took another way.
        if (packet.ingress() == Side::inside) action.drop(Reason::tcp_handshake);
        return;
    }
    const bool dns = packet.endpoints.involve(kDnsPort);
    if (!packet.payload.empty() && may_be_first(packet.ingress(), dns) && may_begin_message(packet.payload, dns))
        open_by(burst, action, key, hashed, now);
}

/// A SYN, or what looks like a first message, of a flow that is not in the table.
void TcpTracker::open_by(Burst& burst, Action& action, const DirectedKey& key, std::uint64_t hashed,
                         Nanoseconds now) noexcept {
    if (relief_.takes(action)) return;
    const bool syn = (tcp_flags(action.packet.transport) & kTcpSyn) != 0;
    syn ? open(burst, action, key, hashed, now) : pick_up(burst, action, key, hashed, now);
}

std::uint32_t TcpTracker::find_beside(const DirectedKey& key, std::uint64_t hashed) const noexcept {
    return index_.find(hashed, [&](std::uint32_t at) { return flows_[at].key == key.key && flows_[at].beside; });
}

inline void TcpTracker::open(Burst& burst, Action& action, const DirectedKey& key, std::uint64_t hashed,
                             Nanoseconds now) noexcept {
    if (!transport_checksum_holds(action.packet)) return action.drop(Reason::tcp_checksum);
    const auto segment = read_tcp_segment(action.packet.transport);
    if (!segment) return action.drop(segment.error());
    if (!segment->payload.empty() && !segment->options.has_fast_open) return action.drop(Reason::tcp_syn_data);
    const std::uint32_t slot = insert(action.packet, key, hashed, action, now);
    if (slot == kNone) return;
    TcpFlow& flow = flows_[slot];
    begin(flow, key.direction, *segment, action.packet.ingress());
    flow.unanswered = true;
    touch(flow, now);
    action.receiver_next = segment->seq + 1;
    if (!segment->payload.empty()) on_data(burst, action, slot, key.direction, *segment, now);
    place(slot, now);
}

/// A flow whose beginning was not seen, or that was settled: something that looks like a first message comes.
void TcpTracker::pick_up(Burst& burst, Action& action, const DirectedKey& key, std::uint64_t hashed, Nanoseconds now,
                         bool beside) noexcept {
    if (!transport_checksum_holds(action.packet)) return action.drop(Reason::tcp_checksum);
    const auto segment = read_tcp_segment(action.packet.transport);
    if (!segment) return action.drop(segment.error());
    const std::uint32_t slot = insert(action.packet, key, hashed, action, now);
    if (slot == kNone) return;
    TcpFlow& flow = flows_[slot];
    flow.beside = beside;
    flow.midstream = true;
    flow.may_have_passed = relief_.has_passed_lately();
    flow.directions[key.direction].base = flow.directions[key.direction].first = segment->seq;
    action.receiver_next = segment->seq;
    learn(flow, flow.directions[key.direction], flow.directions[1 - key.direction], *segment, true, segment->seq);
    on_data(burst, action, slot, key.direction, *segment, now);
    place(slot, now);
}

std::uint32_t TcpTracker::insert(const Packet& packet, const DirectedKey& key, std::uint64_t hashed, Action& action,
                                 Nanoseconds now) noexcept {
    // The source's own share first: who has spent it opens nothing for himself by filling the whole.
    const std::uint32_t share = take_share(packet, now);
    if (share == kNone) return action.drop(Reason::source_limit), kNone;
    if (flows_.used() == flows_.capacity() && !make_room(action, now))
        return budget_.give_back(share, Budget::flows), kNone;
    const std::uint32_t slot = flows_.take();
    TcpFlow& flow = flows_[slot];
    make_new(flow);
    flow.key = key.key;
    flow.hash = hashed;
    flow.budget = share;
    flow.client = key.direction;
    flow.opener = packet.ingress();
    flow.directions[1 - key.direction].kind = StreamKind::answer;
    flow.opened = flow.touched = now;
    flow.deadline = now + limits_.idle_flow;
    index_.insert(hashed, slot);
    // The first look may come too early for whatever is made of the flow, but not too late.
    const bool syn = (tcp_flags(packet.transport) & kTcpSyn) != 0;
    timers_.insert(slot, syn ? std::min(now + kUnansweredSyn, flow.deadline) : flow.deadline);
    mark_unproven(slot);
    ++counters_.flows_inserted;
    counters_.flows = flows_.used();
    return slot;
}

void TcpTracker::on_data(Burst& burst, Action& action, std::uint32_t slot, std::uint8_t direction,
                         const TcpSegment& segment, Nanoseconds now) noexcept {
    TcpFlow& flow = flows_[slot];
    TcpDirection& sender = flow.directions[direction];
    action.kind = ActionKind::await;
    action.subject = Subject::tcp_flow;
    action.slot = slot;
    if (sender.kind == StreamKind::answer) begin_at_other_end(flow, sender, action.packet, segment);
    if (sender.kind == StreamKind::answer) {
        if (action.packet.ingress() != flow.opener) on_answer(slot, direction, segment, now);
        return;
    }
    if (segment.has(kTcpUrg) && !mark_urgent(sender, segment.seq + segment.urgent - 1))
        return refuse_flow(action, slot, Reason::stream_limit, now);
    if (segment.payload.empty()) return;
    if (flow.midstream && !begin_earlier(action, flow, sender, segment, now)) return;
    std::uint32_t seq = segment.seq + segment.has(kTcpSyn);
    Bytes payload = segment.payload;
    if (sender.has_other_first && !sender.has_acked && sender.buffer == kNone && seq == sender.other_first)
        sender.first = sender.base = sender.other_first;  // of two SYNs of a one-way flow, the one that data follows
    // It may move beyond this segment, when a message's end lies beyond.
    if (sender.has_acked && seq_after(sender.acked, sender.base)) discard_acknowledged(flow, sender);
    // What the receiver has acknowledged it takes no second time, whatever is in it now.
    const std::uint32_t edge = sender.has_acked ? seq_max(sender.base, sender.acked) : sender.base;
    if (seq_before(seq, edge)) {
        if (contradicts_marks(sender, seq, payload)) return refuse_flow(action, slot, Reason::stream_conflict, now);
        const std::uint32_t below = edge - seq;
        if (below >= payload.size()) return;
        payload = payload.subspan(below);
        seq = edge;
    }
    if (!keep(action, slot, sender, seq, payload, now)) return;

    StreamReading reading(*this, burst, action, slot, direction, seq == sender.base ? payload : Bytes{});
    if (reading.run() == Reading::refused) return refuse_flow(action, slot, reading.reason(), now);
    if (sender.kind == StreamKind::answer) {
        const bool expected = action.packet.ingress() != flow.opener && flow.directions[1 - direction].hello_seen;
        return expected ? on_answer(slot, direction, segment, now) : give_back_buffer(flow, sender);
    }
    const std::uint32_t known = known_bytes(sender);
    TcpDirection& other = flow.directions[1 - direction];
    const bool open_message = waits_for_bytes(sender, known) ||
                              (other.kind != StreamKind::answer && waits_for_bytes(other, known_bytes(other)));
    // A lone first byte may wait for longer than an idle flow is kept: the rest of it must not come as a stranger.
    if (!open_message && sender.read < known && !is_faint(sender, known))
        flow.remember_until = now + limits_.unfinished_hello;
    if (!open_message)
        flow.message_opened = 0;
    else if (flow.message_opened == 0) {
        flow.message_opened = now;
        timers_.erase(slot);
        timers_.insert(slot, now + limits_.open_hello);
    }
    settle_when_final(slot, now);
}

void TcpTracker::refuse_flow(Action& action, std::uint32_t slot, Reason reason, Nanoseconds now) noexcept {
    block(slot, reason, now);
    action.drop(reason, Refusal::reset_both);
    action.protocol = protocol_of(flows_[slot].directions[directed_key(action.packet).direction].kind);
}

/// A server's side of a flow: its answer to a ClientHello settles the flow (rule 4), once the client has heard it. A
/// first record that comes in small pieces is put together from the segment that begins it.
void TcpTracker::on_answer(std::uint32_t slot, std::uint8_t direction, const TcpSegment& segment,
                           Nanoseconds now) noexcept {
    TcpFlow& flow = flows_[slot];
    TcpDirection& server = flow.directions[direction];
    const TcpDirection& client = flow.directions[1 - direction];
    if (server.done || !client.hello_seen || seq_before(segment.ack, client.hello_end)) return;
    std::uint32_t record_length = 0;
    Bytes bytes = segment.payload;
    if (server.buffer != kNone) {
        ReassemblyBuffer& buffer = buffers_[server.buffer];
        const std::uint32_t offset = segment.seq - server.base;
        if (offset < buffer.capacity())
            buffer.write(offset, bytes.first(std::min<std::size_t>(bytes.size(), buffer.capacity() - offset)));
        bytes = buffer.contiguous();
    }
    const auto answer = read_server_answer(bytes, record_length);
    if (answer && *answer == TlsServerAnswer::server_hello) {
        server.done = true;
        server.done_at = segment.seq + 1;
    }
    const bool incomplete = !answer && answer.error() == Reason::incomplete;
    if (!incomplete) return give_back_buffer(flow, server);
    if (server.buffer != kNone || provide_buffer(flow, server, ReassemblyPool::kSmall, now) != Reason::none) return;
    server.base = segment.seq;
    buffers_[server.buffer].write(0, bytes.first(std::min<std::size_t>(bytes.size(), ReassemblyPool::kSmall)));
}

/// Rule 4: the client's bytes are final once the receiver has acknowledged them. Where nothing of the receiver's ever
/// comes by, its answer would have done so in a second.
void TcpTracker::settle_when_final(std::uint32_t slot, Nanoseconds now) noexcept {
    TcpFlow& flow = flows_[slot];
    const TcpDirection& client = flow.directions[flow.client];
    if (!client.done || flow.settle) return;
    const bool one_way = !flow.directions[1 - flow.client].seen && now >= flow.opened + kSecond;
    const bool acknowledged = client.has_acked && !seq_before(client.acked, client.done_at);
    if (!one_way && !acknowledged) return;
    settle(slot);
}

/// Rule 4, for a hello: its server has answered, and the client has heard that. A client that has not sends the hello
/// again, in parts; without the flow, the first of them would look like a hello whose rest went by unread. REQUIRES:
/// the server's side is done.
inline void TcpTracker::settle_when_heard(std::uint32_t slot) noexcept {
    TcpFlow& flow = flows_[slot];
    const TcpDirection& client = flow.directions[flow.client];
    const TcpDirection& server = flow.directions[1 - flow.client];
    if (server.kind != StreamKind::answer || flow.settle || flow.state != FlowState::undecided) return;
    const bool heard = server.has_acked && !seq_before(server.acked, server.done_at);
    if (!heard || client.read < known_bytes(client)) return;
    settle(slot);
}

/// Nothing more is to be learnt of the flow: it is forgotten at the burst's end.
void TcpTracker::settle(std::uint32_t slot) noexcept {
    flows_[slot].settle = true;
    remember_ended(slot);
}

void TcpTracker::remember_ended(std::uint32_t slot) noexcept {
    if (ended_count_ < ended_.size()) ended_[ended_count_++] = slot;
}

void TcpTracker::end_burst(Nanoseconds now) noexcept {
    for (std::uint32_t i = 0; i < ended_count_; ++i) {
        TcpFlow& flow = flows_[ended_[i]];
        if (flow.state == FlowState::blocked) {
            release_bytes(ended_[i], now);
            continue;
        }
        if (!flow.settle) continue;
        flow.settle = false;  // a flow may have been remembered twice
        ++counters_.flows_settled;
        forget(ended_[i]);
    }
    ended_count_ = 0;
}

void TcpTracker::advance(Nanoseconds now) noexcept {
    timers_.advance(now, [&](std::uint32_t slot) { return due(slot, now); });
}

/// When to look at the flow again; 0 when it is forgotten.
Nanoseconds TcpTracker::due(std::uint32_t slot, Nanoseconds now) noexcept {
    TcpFlow& flow = flows_[slot];
    if (flow.message_opened != 0 && now >= flow.message_opened + limits_.open_hello)
        block(slot, Reason::hello_timeout, now);
    const bool blocked = flow.state == FlowState::blocked;
    if (!blocked && now >= flow.deadline && now < flow.remember_until) flow.deadline = now + limits_.idle_flow;
    if (now >= flow.deadline) {
        ++counters_.flows_expired;
        remember_hello(flow, now);
        drop_state(slot);
        return 0;
    }
    const Nanoseconds open_until = flow.message_opened ? flow.message_opened + limits_.open_hello : flow.deadline;
    return std::min(flow.deadline, open_until);
}

}  // namespace sluis
