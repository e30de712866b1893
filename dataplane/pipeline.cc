#include "dataplane/pipeline.h"

#include <algorithm>
#include <random>
#include <utility>

#include "dataplane/dns_announcer.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/decode.h"
#include "dataplane/pipeline_impl.h"
#include "dataplane/protocol/dns_message.h"
#include "dataplane/verdict/ech_frame.h"

namespace sluis {
namespace {

/// Names that one frame may add, and their bytes, before the burst is carried out early.
constexpr std::uint32_t kNamesPerFrame = NameBatch::kMaxNames / 2, kTextPerFrame = NameBatch::kTextSize / 2;

bool has_room(const NameBatch& names) noexcept {
    return names.size() <= NameBatch::kMaxNames - kNamesPerFrame &&
           names.text().size() <= NameBatch::kTextSize - kTextPerFrame;
}

std::uint64_t random_seed() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

}  // namespace

Pipeline::Pipeline(const Limits& limits, FrameIo& io, LiveCounters& counters, FindingObserver* observer)
    : impl_(std::make_unique<Impl>(limits, io, counters, observer, random_seed())) {}
Pipeline::~Pipeline() = default;

void Pipeline::use(const Generation& generation, std::size_t worker) noexcept {
    impl_->generation = &generation;
    impl_->policy = &generation.policy();
    impl_->strips_ech = generation.policy().strip_ech && impl_->mode == PairMode::in_line;
    impl_->addresses.use(generation, worker);
    impl_->monitored.use(generation, worker);
    impl_->judge.use(generation, worker);
}

bool Pipeline::enter(PairMode mode) noexcept { return impl_->enter(mode); }

void Pipeline::relieve(bool overloaded) noexcept { impl_->relief.set(overloaded); }

/// All of a burst but its end. Returns how many frames go on without being looked into.
std::size_t Pipeline::Impl::begin_burst(std::span<Frame* const> frames) noexcept {
    std::size_t passed = 0;
    look_ahead(frames);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const Selection selection = select(*frames[i], glances[i]);
        if (selection == Selection::pass) {
            pass(*frames[i]);
            ++passed;
        } else {
            take(*frames[i], glances[i], selection);
        }
    }
    return passed;
}

void Pipeline::process(std::span<Frame* const> frames, Nanoseconds now) noexcept {
    impl_->now = now;
    if (!inspects(impl_->mode)) [[unlikely]]
        return impl_->move_uninspected(frames);
    impl_->begin_burst(frames);
    impl_->end_burst();
}

FrameStory Pipeline::process_one(Frame& frame, Nanoseconds now) noexcept {
    Frame* const frames[]{&frame};
    FrameStory story{.mode = impl_->mode, .uninspected = true, .generation = impl_->judge.generation()};
    impl_->now = now;
    if (!inspects(impl_->mode)) {
        impl_->move_uninspected(frames);
        return story;
    }
    story.uninspected = impl_->begin_burst(frames) != 0;
    if (impl_->burst.size() != 0) {
        story.protocol = impl_->burst[impl_->burst.size() - 1].protocol;
        story.names = static_cast<std::uint32_t>(impl_->burst.names.size());
    }
    impl_->end_burst();
    return story;
}

void Pipeline::attach(FrameIo& io, FindingObserver* observer) noexcept {
    impl_->departures.attach(io);
    impl_->judge.attach(observer);
}

void Pipeline::tick(Nanoseconds now) noexcept {
    impl_->now = now;
    impl_->relief.advance(now);
    if (impl_->stale) return impl_->forget_some();
    impl_->tcp.advance(now);
    impl_->quic.advance(now);
    impl_->fragments.advance(now);
    impl_->monitored.advance(now);
    impl_->departures.flush();
}

void Pipeline::give_up_held() noexcept {
    impl_->fragments.give_up_all();
    impl_->departures.flush();
}

bool Pipeline::Impl::enter(PairMode wanted) noexcept {
    if (stale && inspects(wanted)) return false;
    changing = true;
    const PairMode former = std::exchange(mode, wanted);
    // Of frames, or of their copies: those that are held belong to the former mode.
    if (former != wanted) fragments.give_up_all();
    changing = false;
    const bool watches = mode == PairMode::monitor;
    fragments.hold_copies(watches);
    judge.only_monitor(watches);
    addresses.only_monitor(watches);
    monitored.only_remember(watches);
    tcp.count_blocks_in(watches ? counters.would_block : counters.blocks);
    quic.count_blocks_in(watches ? counters.would_block : counters.blocks);
    strips_ech = mode == PairMode::in_line && policy != nullptr && policy->strip_ech;
    stale = stale || mode == PairMode::wire;
    departures.flush();
    return true;
}

/// On `wire` as on a cable. Closed, not even LACP, LLDP or STP cross: neighbours that hear each other would take the
/// pair for a path that works, and send their traffic into it.
void Pipeline::Impl::move_uninspected(std::span<Frame* const> frames) noexcept {
    for (Frame* frame : frames) {
        count_received(*frame);
        mode == PairMode::wire ? departures.forward(frame) : departures.drop(frame, Reason::pair_closed);
    }
    departures.flush();
}

/// A flow that went on unread cannot be judged by what was known of it: it is one whose beginning was not seen.
void Pipeline::Impl::forget_some() noexcept {
    constexpr std::uint32_t kPerTick = 64;
    const bool no_flows = tcp.forget_some(kPerTick);
    const bool no_connections = quic.forget_some(kPerTick);
    stale = !(no_flows && no_connections);
    departures.flush();
}

/// Reads what the frames of a burst are before any of them is acted on: by then the flow table's lines are in the
/// cache.
void Pipeline::Impl::look_ahead(std::span<Frame* const> frames) noexcept {
    constexpr std::size_t kAhead = 4;
    std::array<std::uint8_t, kBurst> openers;
    std::size_t opener_count = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (i + kAhead < frames.size()) __builtin_prefetch(frames[i + kAhead]->data);
        Glance& glance = glances[i];
        glance.packet = {};
        glance.hash = 0;
        glance.plain = read_plain_packet(*frames[i], glance.packet);
        if (!glance.plain) continue;
        if (glance.packet.protocol != kProtocolTcp) {
            quic.look_ahead(*frames[i], glance.packet);
            continue;
        }
        glance.hash = tcp.look_ahead(glance.packet);
        if (TcpTracker::may_open(glance.packet)) openers[opener_count++] = static_cast<std::uint8_t>(i);
    }
    for (const std::uint8_t at : std::span(openers).first(opener_count))
        tcp.prepare_open(*frames[at], glances[at].packet, glances[at].hash);
}

/// Whether a frame has something to tell. Most leave here (rule 4: a settled flow has no state).
Selection Pipeline::Impl::select(const Frame& frame, const Glance& glance) const noexcept {
    const auto& [packet, hash, plain] = glance;
    if (!plain || monitored.is_cut(packet)) return Selection::look;
    if (packet.protocol == kProtocolTcp) return tcp.select(packet, frame.ingress, hash);
    if (addresses.may_refuse(packet, frame.ingress)) return Selection::look;
    if (packet.payload.empty()) return Selection::pass;
    const bool tells = may_open_quic(packet.payload) || packet.involves(kDnsPort) || looks_like_dns(packet.payload);
    return tells ? Selection::look : Selection::pass;
}

/// Sends a frame on, behind those of the burst that wait for their verdict.
void Pipeline::Impl::pass(Frame& frame) noexcept {
    count_received(frame);
    if (burst.empty()) return departures.forward(&frame);
    if (burst.full()) end_burst();
    burst.pass(&frame);
}

void Pipeline::Impl::count_received(Frame& frame) noexcept {
    frame.next = nullptr;
    const auto side = static_cast<std::size_t>(frame.ingress);
    ++counters.rx_frames[side];
    counters.rx_bytes[side] += frame.length;
}

/// Room for the next action, as if nothing happened to its frame. REQUIRES: !burst.full().
Action& Pipeline::Impl::begin_action() noexcept {
    Action& action = burst.next();
    action.kind = ActionKind::forward;
    action.protocol = Protocol::none;
    action.reason = Reason::none;
    action.refusal = Refusal::none;
    action.flow_hash = 0;
    action.opens_flow = false;
    action.rewritten = false;
    return action;
}

/// One frame's way up to its action; what it announces is judged at the burst's end. To carry out what came before may
/// end flows, and opens none: what was selected holds.
void Pipeline::Impl::take(Frame& frame, const Glance& glance, Selection selection) noexcept {
    count_received(frame);
    if (burst.full() || !has_room(burst.names)) end_burst();

    Action& action = begin_action();
    action.flow_hash = glance.hash;
    action.opens_flow = selection == Selection::open;
    action.memory = {frame.data, frame.length};
    Reason why = Reason::none;
    const Decoded decoded = read(frame, glance, action.packet, why);
    if (decoded == Decoded::fragment) return take_fragment(action);
    look_at(action, decoded, why);
    burst.commit();
}

Decoded Pipeline::Impl::read(Frame& frame, const Glance& glance, Packet& packet, Reason& why) const noexcept {
    if (glance.plain && expand_plain_packet(frame, glance.packet, packet)) return Decoded::transport;
    return decode(frame, {limits.tunnel_depth}, packet, why);
}

[[gnu::always_inline]] inline void Pipeline::Impl::inspect(Action& action) noexcept {
    if (addresses.refuse(action) || monitored.refuse(action, now)) return;
    if (action.packet.protocol != kProtocolTcp) return inspect_udp(action);
    tcp.inspect(burst, action, now);
    if (strips_ech && tcp.may_hold_answer(action)) count_stripped(tcp.strip_ech(action, now));
}

void Pipeline::Impl::look_at(Action& action, Decoded decoded, Reason why) noexcept {
    switch (decoded) {
        case Decoded::transport:
            return inspect(action);
        case Decoded::invalid:
            return action.drop(why);
        case Decoded::too_deep:
            return on_too_deep(action, why);
        case Decoded::opaque:
        case Decoded::fragment:
            return;
    }
}

void Pipeline::Impl::on_too_deep(Action& action, Reason why) noexcept {
    const FailPolicy policy_for = why == Reason::vlan_depth ? limits.deeper_vlan : limits.deeper_tunnel;
    if (policy_for == FailPolicy::closed) return action.drop(why);
    ++counters.errors[static_cast<std::size_t>(why)];
}

void Pipeline::Impl::inspect_udp(Action& action) noexcept {
    if (action.packet.payload.empty()) return;
    if (quic.inspect(burst, action, policy->quic_ports, now)) {
        action.protocol = Protocol::quic;
        return;
    }
    inspect_dns(action);
}

/// DNS in a datagram: on its own port whatever it looks like, elsewhere when it looks like it.
void Pipeline::Impl::inspect_dns(Action& action) noexcept {
    const Endpoints& ends = action.packet.endpoints;
    const bool own_port = ends.involve(kDnsPort);
    const Bytes message = action.packet.payload;
    if (!own_port && !looks_like_dns(message)) return;
    action.protocol = Protocol::dns;
    if (relief.takes(action)) return;
    if (!transport_checksum_holds(action.packet)) return action.drop(Reason::udp_checksum);
    if (strips_ech && is_dns_response(message)) {
        action.rewritten = strip_ech_from_datagram(action.packet, action.memory);
        count_stripped(action.rewritten);
    }
    Announcement about;
    about.protocol = Protocol::dns;
    about.action = burst.index_of(action);
    DnsAnnouncer announcer(burst, about, message);
    action.kind = ActionKind::await;
    action.subject = Subject::datagram;
    const auto header = visit_dns_names(message, announcer);
    if (!announcer.complete()) return action.drop(Reason::name_limit);
    const bool to_server = ends.destination.port == kDnsPort;
    if (header && !header->is_response() && header->questions != 1 && to_server && !is_dns_cookie_query(message))
        return action.drop(Reason::dns_question_count, Refusal::dns_format_error);
    if (header) return;
    ++counters.errors[static_cast<std::size_t>(header.error())];
    if (to_server) action.drop(header.error());  // an answer that we cannot read, its client reads as it can
}

[[gnu::always_inline]] inline void Pipeline::Impl::carry_out(Action& action) noexcept {
    if (action.kind == ActionKind::await) judge.resolve(burst, action);
    action.kind == ActionKind::drop ? carry_out_drop(action) : departures.forward(action.packet.frame);
}

void Pipeline::Impl::carry_out_drop(Action& action) noexcept {
    judge.report_drop(action, now);
    if (action.refusal != Refusal::none) refuser.answer(burst, action, *generation);
    departures.drop(action.packet.frame, action.reason);
}

/// On monitor everything goes on as it came, but for copies: they were to be read.
void Pipeline::Impl::let_go(Action& action) noexcept {
    if (action.kind == ActionKind::await) judge.resolve(burst, action);
    Frame* chain = action.packet.frame;
    if (action.kind == ActionKind::drop) {
        judge.report_drop(action, now);
        count_would_drop(chain, action.reason);
    }
    chain->injected ? departures.discard(chain) : departures.forward(chain);
}

void Pipeline::Impl::count_would_drop(const Frame* chain, Reason reason) noexcept {
    for (; chain != nullptr; chain = chain->next) ++counters.would_drop[static_cast<std::size_t>(reason)];
}

/// Match, act, send: all names of the burst in one scan, then every frame in its order.
void Pipeline::Impl::end_burst() noexcept {
    if (!burst.names.empty()) judge.judge(burst, now);
    const auto forward = [this](Frame* frame) { departures.forward(frame); };
    if (mode == PairMode::monitor) [[unlikely]]
        burst.visit(forward, [this](Action& action) { let_go(action); });
    else
        burst.visit(forward, [this](Action& action) { carry_out(action); });
    tcp.end_burst(now);
    burst.clear();
    departures.flush();
}

}  // namespace sluis
