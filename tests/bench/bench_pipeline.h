// A pipeline without ports, as benchmarks drive it: frames that leave are only counted.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/event.h"
#include "dataplane/pipeline.h"
#include "dataplane/verdict/event_recorder.h"
#include "tests/bench/traffic.h"

namespace sluis::bench {

/// Injected frames come from a ring that is longer than what one burst can ask for.
class CountingIo final : public FrameIo {
public:
    CountingIo() : frames_(kInjected), room_(kInjected * kRoom) {}
    void transmit(Side, std::span<Frame* const> frames) noexcept override { sent += frames.size(); }
    void drop(std::span<Frame* const> frames) noexcept override { dropped += frames.size(); }
    Frame* allocate(std::uint32_t size) noexcept override {
        if (size > kRoom) return nullptr;
        Frame& frame = frames_[next_ % kInjected];
        frame = {};
        frame.data = room_.data() + next_++ % kInjected * kRoom;
        frame.length = size;
        return &frame;
    }
    std::uint64_t sent = 0, dropped = 0;

private:
    static constexpr std::size_t kInjected = 1024, kRoom = 2048;
    std::vector<Frame> frames_;
    std::vector<std::byte> room_;
    std::size_t next_ = 0;
};

/// All rules that come with Sluis; or, when `count` is given, so many: TikTok's own first, then suffix rules that no
/// name of the traffic stands under. Ends the program when there are none.
std::unique_ptr<RuleSet> bench_rules(std::uint32_t count = 0);

/// What stands around the inspection: nothing, or what an office has: a policy with zones by network, VLAN and a
/// hundred thousand devices, and events of all that is refused.
enum class Deployment : std::uint8_t { plain, office };

/// One class of traffic through one pipeline, loop after loop. The box's clock runs as fast as the class's state needs
/// it to, so that tables stay a quarter full by expiry as they would over a day.
class BenchPipeline {
public:
    BenchPipeline(const Script& script, const RuleSet& rules, const Limits& limits, std::uint32_t settled_flows,
                  Deployment deployment = Deployment::plain);

    const Script& script() const noexcept { return script_; }
    /// New tuples, and the ring of events is read. Not to be measured.
    void renew() noexcept {
        traffic_.renew();
        ring_->tail = ring_->head;
    }
    /// Plays one loop; `measure(phase, frames, run)` calls `run()` once a burst.
    template <typename Measure>
    void play(Measure&& measure) noexcept {
        const std::span<Frame* const> frames = traffic_.frames();
        for (const Traffic::Run& burst : traffic_.bursts())
            measure(burst.phase, burst.count, [&] {
                now_ += burst_time_;
                pipeline_.process(frames.subspan(burst.first, burst.count), now_);
                if (now_ >= next_tick_) {
                    next_tick_ = now_ + kTick;
                    pipeline_.tick(now_);
                }
            });
        ++loops_;
    }
    /// What the counters say against what the script must make them say; empty when all is right.
    std::string verify() const;
    const LiveCounters& counters() const noexcept { return counters_; }

private:
    static constexpr Nanoseconds kTick = kSecond / 1000;

    const Script script_;
    std::unique_ptr<const Generation> generation_;
    Traffic traffic_;
    CountingIo io_;
    LiveCounters counters_{};
    std::unique_ptr<EventRing> ring_ = std::make_unique<EventRing>();
    EventRecorder recorder_{*ring_, false};
    Pipeline pipeline_;
    Nanoseconds now_ = 1'679'900'400 * kSecond;
    Nanoseconds next_tick_ = 0;
    Nanoseconds burst_time_ = 0;
    std::uint64_t loops_ = 0;
};

}  // namespace sluis::bench
