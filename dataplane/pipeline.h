// The frame's way, without ports: decode, reassemble, select, inspect, match, act. sluis-dataplane runs one for each
// worker; sluis-inspect and the tests run the same one over captures and vectors.
#pragma once

#include <memory>
#include <span>

#include "dataplane/generation.h"
#include "dataplane/interface/counters.h"
#include "dataplane/interface/finding.h"
#include "dataplane/interface/limits.h"
#include "dataplane/interface/pair_mode.h"
#include "dataplane/packet/frame.h"

namespace sluis {

/// What one frame came to, for a trace.
struct FrameStory {
    PairMode mode = PairMode::in_line;  ///< of the pair
    bool uninspected = false;           ///< no table knows it, and nothing begins with it; or by the mode
    Protocol protocol = Protocol::none;
    std::uint32_t names = 0;  ///< that it completed
    std::uint64_t generation = 0;
};

/// One worker's pipeline. One thread at a time. Allocates at construction only.
class Pipeline {
public:
    /// The largest burst that `process` takes.
    static constexpr std::size_t kBurst = 64;

    Pipeline(const Limits& limits, FrameIo& io, LiveCounters& counters, FindingObserver* observer = nullptr);
    ~Pipeline();

    /// From here on judges as this worker of the generation. Call between two bursts, before the first one too.
    /// REQUIRES: it outlives its use.
    void use(const Generation& generation, std::size_t worker = 0) noexcept;

    /// From here on frames are treated as the pair's mode asks; before the first call as `in_line`. Call between two
    /// bursts. Frames that are held go on, or are dropped (`pair_closed`). False while it cannot be: after `wire`,
    /// flows that were known before are forgotten in ticks first, since nobody has followed them. Try again, then.
    bool enter(PairMode mode) noexcept;

    /// Until it is called with false, what is new passes uninspected or is dropped, as `Limits::overload` says, while
    /// more comes than can be inspected. Call between two bursts.
    void relieve(bool overloaded) noexcept;

    /// Takes a burst: every frame comes out through `FrameIo`, now or later. Counts rx. REQUIRES: frames.size() <=
    /// kBurst.
    void process(std::span<Frame* const> frames, Nanoseconds now) noexcept;
    /// The same for a burst of one, told.
    FrameStory process_one(Frame& frame, Nanoseconds now) noexcept;
    /// From here on frames come out through `io`, and findings go to `observer`. Call between two bursts. REQUIRES:
    /// both outlive their use.
    void attach(FrameIo& io, FindingObserver* observer) noexcept;
    /// Lets time pass when no frame comes; bounded work. Call about once a millisecond, at least.
    void tick(Nanoseconds now) noexcept;
    /// No more frames come: what is held is dropped, as when its time is over. Nobody has read the whole of it, so it
    /// is not sent.
    void give_up_held() noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluis
