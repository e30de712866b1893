// One worker: a thread that moves the frames of one inline set (mostly one port pair), and judges those whose flows it
// owns.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/backlog.h"
#include "dataplane/generation_exchange.h"
#include "dataplane/interface/counters.h"
#include "dataplane/interface/limits.h"
#include "dataplane/mode_switch.h"
#include "dataplane/overload_gauge.h"
#include "dataplane/pipeline.h"
#include "dataplane/port/inline_set.h"
#include "dataplane/port/mbuf_io.h"
#include "dataplane/trace/frame_tracer.h"

namespace sluis {

/// Turns the processor's time stamp counter into nanoseconds since the worker was made.
class TscClock {
public:
    TscClock() noexcept;
    /// REQUIRES: `tsc` was read after construction.
    Nanoseconds at(std::uint64_t tsc) const noexcept {
        __extension__ using Wide = unsigned __int128;
        return static_cast<Nanoseconds>(static_cast<Wide>(tsc - start_) * nanoseconds_per_cycle_ >> 32);
    }
    std::uint64_t start() const noexcept { return start_; }
    /// When this clock was zero, by the machine's: nanoseconds since 1970-01-01 UTC.
    std::uint64_t epoch() const noexcept;

private:
    std::uint64_t start_;
    std::uint64_t nanoseconds_per_cycle_;  ///< as 32.32 fixed point
};

class Worker {
public:
    /// What a worker works with; all of it outlives the worker.
    struct Setting {
        InlineSet& set;
        std::uint32_t index;   ///< among the set's workers
        std::uint32_t number;  ///< among all workers
        LiveCounters& counters;
        GenerationExchange& generations;
        ModeSwitch& mode;           ///< the set's
        FindingObserver* observer;  ///< may be nullptr
        const std::atomic<FrameTracer*>& tracer;
    };
    /// Allocates.
    Worker(const Setting& setting, const Limits& limits, std::uint32_t idle_sleep_us);

    const InlineSet& set() const noexcept { return set_; }
    std::uint32_t index() const noexcept { return index_; }
    const LiveCounters& counters() const noexcept { return counters_; }
    const TscClock& clock() const noexcept { return clock_; }

    /// What traces this worker.
    FrameTracer::Setting traced_by(TraceLane& lane, std::span<std::byte> records) noexcept {
        return {io_, observer_, counters_, lane, records};
    }

    /// Moves frames until `stop`, then gives away all that is held. Waits then for the set's other workers.
    void run(const std::atomic<bool>& stop) noexcept;
    /// Counts as dropped what the ports did not take before the end. REQUIRES: all workers of the set have ended.
    void abandon_unsent() noexcept;

private:
    static constexpr std::size_t kBurst = Pipeline::kBurst;

    /// Frames gathered for one pass: to judge here, or for one other worker.
    struct Batch {
        std::array<Frame*, kBurst> frames;
        std::size_t count = 0;
        void add(Frame* frame) noexcept { frames[count++] = frame; }
        std::span<Frame* const> all() const noexcept { return std::span(frames).first(count); }
    };

    void poll() noexcept;
    void process(std::span<Frame* const> frames, Nanoseconds now) noexcept;
    void take_generation() noexcept;
    void take_mode() noexcept;
    /// One port of the set.
    struct Entry {
        std::uint8_t link;
        Side side;
    };
    std::size_t receive(Entry entry, Nanoseconds now) noexcept;
    void count_on_link(Entry entry, std::span<rte_mbuf* const> mbufs) noexcept;
    Frame* adopt(rte_mbuf* mbuf, Entry entry) noexcept;
    void refuse_broken(rte_mbuf* mbuf, Entry entry) noexcept;
    void sort_by_owner(std::span<rte_mbuf* const> mbufs, Entry entry) noexcept;
    std::uint32_t owners() const noexcept;
    void assign(Frame* frame, std::uint32_t owners) noexcept;
    void judge_assigned(Nanoseconds now) noexcept;
    void hand_over() noexcept;
    void refuse_handed_over(std::span<Frame* const> frames) noexcept;
    std::size_t take_handed_over(Nanoseconds now) noexcept;
    std::size_t serve_outboxes() noexcept;
    void count_refused(Side side, std::uint32_t length, Reason reason) noexcept;
    void rest_when_idle(bool idle) noexcept;

    // worker_overload.cc
    void note_full_burst(Port& port) noexcept;
    void note_overload(Nanoseconds now) noexcept;
    /// Returns 0 when there was nothing to do.
    std::size_t receive_ahead(Entry entry, Nanoseconds now) noexcept;
    std::size_t read_ahead(Entry entry) noexcept;
    std::size_t judge_some(FrameFifo& frames, Nanoseconds now) noexcept;
    void empty_backlogs(Nanoseconds now) noexcept;

    void stop_in_order() noexcept;
    void wait_for_all(std::atomic<std::uint32_t>& count) noexcept;
    bool outboxes_empty() noexcept;
    /// Calls `each` with every pair of the set and each of its sides.
    template <typename Each>
    void visit_ports(Each&& each) noexcept {
        for (std::uint8_t link = 0; link < set_.size(); ++link)
            for (const Side side : {Side::inside, Side::outside}) each(set_.pair(link), side);
    }

    InlineSet& set_;
    std::uint32_t index_;
    std::uint32_t number_;
    LiveCounters& counters_;
    GenerationExchange& generations_;
    FindingObserver* observer_;
    const std::atomic<FrameTracer*>& tracer_;
    std::uint64_t generation_ = 0;  ///< in use, by its number: the next but one may lie at the same address
    ModeSwitch& mode_switch_;
    PairMode mode_ = PairMode::in_line;
    MbufIo io_;
    Pipeline pipeline_;
    TscClock clock_;
    std::vector<Batch> batches_;  ///< by owner
    OverloadGauge overload_;
    OverloadGauge::Signs signs_;       ///< of this round
    std::array<Backlog, 2> backlogs_;  ///< by Side; empty but during an overload
    Nanoseconds last_tick_ = 0;
    std::uint32_t idle_sleep_us_;
    std::uint32_t idle_polls_ = 0;
};

}  // namespace sluis
