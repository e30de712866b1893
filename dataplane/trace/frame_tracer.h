// One worker's side of a trace: frames that the filter takes go through the pipeline one by one, and what became of
// each is written down. The others go on in bursts. Nothing here allocates, waits, or calls the system.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/interface/trace.h"
#include "dataplane/packet/decode.h"
#include "dataplane/pipeline.h"
#include "dataplane/trace/trace_filter.h"

namespace sluis {

/// What all workers of a trace share.
struct TraceOrder {
    TraceFilter filter;
    std::uint32_t snap = 256;  ///< bytes kept of a frame, at the most
    bool payload = false;      ///< keep what is behind the transport header, and names that are allowed
    /// Frames that may still be taken; below 0: no more.
    std::atomic<std::int64_t> frames{0};
};

class FrameTracer final : public FrameIo, public FindingObserver {
public:
    /// What the worker works with, and where it writes to. All of it outlives the tracer.
    struct Setting {
        FrameIo& io;
        FindingObserver* observer;  ///< may be nullptr
        const LiveCounters& counters;
        TraceLane& lane;
        std::span<std::byte> records;
    };
    FrameTracer(const Setting& setting, TraceOrder& order) noexcept;

    /// As Pipeline::process. `pipeline` is the one of the setting.
    void process(Pipeline& pipeline, std::span<Frame* const> frames, Nanoseconds now) noexcept;

private:
    /// Room for what one frame makes the box send.
    static constexpr std::size_t kEchoSize = 16384;
    struct Look {
        Packet packet;
        Decoded decoded = Decoded::opaque;
        Reason reason = Reason::none;
    };
    using Reasons = std::array<std::uint8_t, TraceRecord::kReasons>;
    using ByReason = std::array<SharedCount, kReasonSlots>;
    /// The counts of which a frame's own share is told.
    struct Counts {
        ByReason drops, blocks, errors, would;
        std::uint64_t opened, settled, evicted;
    };

    static Look look_at(Frame& frame) noexcept;
    void trace(Pipeline& pipeline, Frame& frame, const Look& look, Nanoseconds now) noexcept;
    std::uint32_t kept_of(const Frame& frame, const Look& look) const noexcept;
    Counts counts() const noexcept;
    static Reasons difference(const ByReason& before, const ByReason& after) noexcept;
    TraceRecord record_of(const Frame& frame, const Look& look, TraceKind kind, Side side) const noexcept;
    void compare(TraceRecord& record, const Counts& before, const Counts& after) const noexcept;
    void note_sent(Side side, Frame& frame) noexcept;
    void write(TraceRecord record, Bytes frame) noexcept;

    void transmit(Side side, std::span<Frame* const> frames) noexcept override;
    void drop(std::span<Frame* const> frames) noexcept override;
    Frame* allocate(std::uint32_t size) noexcept override { return setting_.io.allocate(size); }
    void on_finding(const Finding& finding) noexcept override;

    Setting setting_;
    TraceOrder& order_;
    std::uint64_t filled_ = 0;

    // Of the frame that is in the pipeline now.
    const Frame* current_ = nullptr;
    TraceFate fate_ = TraceFate::held;
    std::uint64_t time_ = 0;
    std::array<std::byte, kTraceSnapLimit> original_;  ///< its bytes, before anybody changes them
    std::uint32_t original_size_ = 0;
    std::array<Event, TraceRecord::kFindings> findings_;
    std::uint8_t finding_count_ = 0;
    std::array<std::byte, kEchoSize> echo_;  ///< records of what is sent because of it
    std::size_t echo_size_ = 0;
};

}  // namespace sluis
