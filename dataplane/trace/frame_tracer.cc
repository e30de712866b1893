#include "dataplane/trace/frame_tracer.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "dataplane/packet/byte_order.h"
#include "dataplane/packet/ether_type.h"
#include "dataplane/packet/plain_packet.h"
#include "dataplane/verdict/event_recorder.h"

namespace sluis {
namespace {

/// Deeper than the box's own default: what it gives up on is told, too.
constexpr DecodeLimits kDecodeLimits{4};

constexpr std::uint32_t padded(std::uint32_t size) noexcept { return (size + 7) & ~7u; }

/// Bytes up to the end of what can be told of a frame without its payload: link layer, and IP or ARP header.
std::uint32_t network_end(Bytes frame) noexcept {
    std::size_t at = 12;
    std::uint16_t type = 0;
    const auto read = [&] { type = at + 2 <= frame.size() ? load_be<std::uint16_t>(frame.data() + at) : 0; };
    for (read(); is_vlan_tag(type); read()) at += 4;
    at += 2;
    constexpr std::uint16_t kArp = 0x0806;
    constexpr std::size_t kArpSize = 28, kIpv6Size = 40;
    if (type == kArp) at += kArpSize;
    if (type == kEtherIpv6) at += kIpv6Size;
    if (type == kEtherIpv4 && at < frame.size()) at += std::to_integer<std::size_t>(frame[at] & std::byte{15}) * 4;
    return static_cast<std::uint32_t>(std::min(at, frame.size()));
}

void store_record(std::byte* to, const TraceRecord& record, std::span<const Event> findings, Bytes frame) noexcept {
    for (const Bytes part : {std::as_bytes(std::span(&record, 1)), std::as_bytes(findings), frame})
        to = std::copy(part.begin(), part.end(), to);  // any may be empty
}

}  // namespace

FrameTracer::FrameTracer(const Setting& setting, TraceOrder& order) noexcept
    : FindingObserver(order.payload || (setting.observer != nullptr && setting.observer->takes_allowed())),
      setting_(setting),
      order_(order) {}

FrameTracer::Look FrameTracer::look_at(Frame& frame) noexcept {
    Look look;
    PlainPacket plain;
    if (read_plain_packet(frame, plain) && expand_plain_packet(frame, plain, look.packet)) {
        look.decoded = Decoded::transport;
        return look;
    }
    look.packet = {};
    look.packet.frame = &frame;
    look.decoded = decode(frame, kDecodeLimits, look.packet, look.reason);
    look.packet.frame = &frame;
    return look;
}

void FrameTracer::process(Pipeline& pipeline, std::span<Frame* const> frames, Nanoseconds now) noexcept {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const Look look = look_at(*frames[i]);
        const bool is_ip = look.packet.endpoints.source.address != IpAddress{} ||
                           look.packet.endpoints.destination.address != IpAddress{};
        if (!order_.filter.takes(look.packet, is_ip)) continue;
        if (order_.frames.fetch_sub(1, std::memory_order_relaxed) <= 0) break;
        if (i > begin) pipeline.process(frames.subspan(begin, i - begin), now);
        trace(pipeline, *frames[i], look, now);
        begin = i + 1;
    }
    if (begin < frames.size()) pipeline.process(frames.subspan(begin), now);
}

void FrameTracer::trace(Pipeline& pipeline, Frame& frame, const Look& look, Nanoseconds now) noexcept {
    current_ = &frame;
    fate_ = TraceFate::held;
    time_ = now + __atomic_load_n(&setting_.lane.epoch, __ATOMIC_RELAXED);
    finding_count_ = 0;
    echo_size_ = 0;
    original_size_ = std::min<std::uint32_t>(frame.length, kTraceSnapLimit);
    std::memcpy(original_.data(), frame.data, original_size_);
    TraceRecord record = record_of(frame, look, TraceKind::received, frame.ingress);
    const Counts before = counts();
    pipeline.attach(*this, this);
    const FrameStory story = pipeline.process_one(frame, now);
    pipeline.attach(setting_.io, setting_.observer);
    current_ = nullptr;
    record.mode = story.mode;
    record.uninspected = story.uninspected;
    record.protocol = static_cast<std::uint8_t>(story.protocol);
    record.names = static_cast<std::uint8_t>(std::min<std::uint32_t>(story.names, 255));
    record.generation = story.generation;
    record.fate = fate_;
    compare(record, before, counts());
    write(record, Bytes(original_).first(record.captured));
}

/// How many bytes of a frame are kept: without payload, up to the end of the last header that was read.
std::uint32_t FrameTracer::kept_of(const Frame& frame, const Look& look) const noexcept {
    std::uint32_t size = std::min({frame.length, order_.snap, kTraceSnapLimit});
    if (order_.payload) return size;
    const std::byte* payload = look.packet.payload.data();
    const bool is_within =
        look.decoded == Decoded::transport && payload > frame.data && payload <= frame.data + frame.length;
    return std::min(size, is_within ? static_cast<std::uint32_t>(payload - frame.data) : network_end(frame.bytes()));
}

FrameTracer::Counts FrameTracer::counts() const noexcept {
    const LiveCounters& counters = setting_.counters;
    ByReason would = counters.would_drop;
    for (std::size_t i = 0; i < would.size(); ++i) would[i] += counters.would_block[i];
    return {counters.drops,          counters.blocks,        counters.errors,       would,
            counters.flows_inserted, counters.flows_settled, counters.flows_evicted};
}

FrameTracer::Reasons FrameTracer::difference(const ByReason& before, const ByReason& after) noexcept {
    Reasons reasons{};
    std::size_t count = 0;
    for (std::size_t i = 1; i < kReasonCount && count < reasons.size(); ++i)
        if (after[i] != before[i]) reasons[count++] = static_cast<std::uint8_t>(i);
    return reasons;
}

TraceRecord FrameTracer::record_of(const Frame& frame, const Look& look, TraceKind kind, Side side) const noexcept {
    TraceRecord record{};
    record.frame_length = frame.length;
    record.captured = kept_of(frame, look);
    record.kind = kind;
    record.side = static_cast<std::uint8_t>(side);
    record.layers = static_cast<std::uint8_t>(look.decoded);
    record.time = time_;
    record.ip_protocol = look.packet.protocol;
    return record;
}

void FrameTracer::compare(TraceRecord& record, const Counts& before, const Counts& after) const noexcept {
    const auto grown = [](std::uint64_t from, std::uint64_t to) {
        return static_cast<std::uint8_t>(std::min<std::uint64_t>(to - from, 255));
    };
    record.drops = difference(before.drops, after.drops);
    record.blocks = difference(before.blocks, after.blocks);
    record.errors = difference(before.errors, after.errors);
    record.would = difference(before.would, after.would);
    record.opened = grown(before.opened, after.opened);
    record.settled = grown(before.settled, after.settled);
    record.evicted = grown(before.evicted, after.evicted);
}

/// Before it leaves: what is sent unchanged is told by its own record.
void FrameTracer::note_sent(Side side, Frame& frame) noexcept {
    TraceKind kind = frame.injected ? TraceKind::injected : TraceKind::released;
    if (&frame == current_) {
        fate_ = TraceFate::sent;
        if (std::memcmp(frame.data, original_.data(), std::min(frame.length, original_size_)) == 0) return;
        kind = TraceKind::changed;
    }
    const Look look = look_at(frame);
    TraceRecord record = record_of(frame, look, kind, side);
    record.fate = TraceFate::sent;
    record.size = padded(static_cast<std::uint32_t>(sizeof record) + record.captured);
    if (record.size > echo_.size() - echo_size_) {
        __atomic_store_n(&setting_.lane.lost, setting_.lane.lost + 1, __ATOMIC_RELAXED);
        return;
    }
    store_record(echo_.data() + echo_size_, record, {}, frame.bytes().first(record.captured));
    echo_size_ += record.size;
}

void FrameTracer::transmit(Side side, std::span<Frame* const> frames) noexcept {
    for (Frame* frame : frames) note_sent(side, *frame);
    setting_.io.transmit(side, frames);
}

void FrameTracer::drop(std::span<Frame* const> frames) noexcept {
    if (std::find(frames.begin(), frames.end(), current_) != frames.end()) fate_ = TraceFate::dropped;
    setting_.io.drop(frames);
}

void FrameTracer::on_finding(const Finding& finding) noexcept {
    const bool is_allowed = finding.verdict == Verdict::allow && !finding.monitored;
    if (setting_.observer != nullptr && (!is_allowed || setting_.observer->takes_allowed()))
        setting_.observer->on_finding(finding);
    if ((is_allowed && !order_.payload) || finding_count_ == findings_.size()) return;
    findings_[finding_count_++] = event_of(finding, __atomic_load_n(&setting_.lane.epoch, __ATOMIC_RELAXED));
}

/// A frame and what was sent because of it: all, or nothing of it.
void FrameTracer::write(TraceRecord record, Bytes frame) noexcept {
    record.findings = finding_count_;
    const std::span<const Event> findings(findings_.data(), finding_count_);
    record.size = padded(static_cast<std::uint32_t>(sizeof record + findings.size_bytes()) + record.captured);
    if (record.size + echo_size_ > setting_.records.size() - filled_) {
        __atomic_store_n(&setting_.lane.lost, setting_.lane.lost + 1, __ATOMIC_RELAXED);
        return;
    }
    std::byte* to = setting_.records.data() + filled_;
    store_record(to, record, findings, frame);
    std::memcpy(to + record.size, echo_.data(), echo_size_);
    filled_ += record.size + echo_size_;
    __atomic_store_n(&setting_.lane.filled, filled_, __ATOMIC_RELEASE);
}

}  // namespace sluis
