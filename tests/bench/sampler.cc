#include "tests/bench/sampler.h"

#include <algorithm>
#include <barrier>
#include <thread>

#include "tests/bench/tsc.h"

namespace sluis::bench {
namespace {

constexpr std::size_t kFramesOfRound = 200'000;

/// What all together take for a frame, when each takes so long for its own.
template <typename Of>
double together(std::size_t count, Of&& of) {
    double rate = 0;
    for (std::size_t i = 0; i < count; ++i) rate += 1 / of(i);
    return 1 / rate;
}

}  // namespace

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

Sampler::Sampler(TrafficClass traffic_class, const ScriptOptions& options, const RuleSet& rules,
                 std::uint32_t settled_flows, std::uint32_t threads, Deployment deployment)
    : traffic_class_(traffic_class) {
    const Script script = make_script(traffic_class, options);
    frames_.resize(script.phases.size());
    phases_.resize(script.phases.size());
    for (const ScriptFrame& frame : script.frames) ++frames_[frame.phase];
    for (std::uint32_t i = 0; i < threads; ++i)
        lanes_.push_back(std::unique_ptr<Lane>(new Lane{{script, rules, {}, settled_flows, deployment}, {}}));
}

void Sampler::play(Lane& lane) const {
    const std::size_t frames = script().frames.size();
    std::vector<std::vector<double>> loops(frames_.size());
    std::vector<double> whole;
    for (std::size_t played = 0; played < kFramesOfRound; played += frames) {
        std::vector<std::uint64_t> spent(frames_.size());
        lane.pipeline.renew();
        lane.pipeline.play([&](std::uint32_t phase, std::uint32_t, auto&& process) {
            const std::uint64_t begin = read_tsc();
            process();
            spent[phase] += read_tsc() - begin;
        });
        double all = 0;
        for (std::size_t phase = 0; phase < spent.size(); ++phase) {
            loops[phase].push_back(static_cast<double>(spent[phase]) / frames_[phase]);
            all += static_cast<double>(spent[phase]);
        }
        whole.push_back(all / static_cast<double>(frames));
    }
    lane.phases.clear();
    for (const auto& loop : loops) lane.phases.push_back(median(loop));
    lane.all = median(whole);
}

void Sampler::run() {
    std::vector<std::thread> threads;
    std::barrier start(static_cast<std::ptrdiff_t>(lanes_.size()));
    const auto play_together = [&](Lane& lane) {
        start.arrive_and_wait();
        play(lane);
    };
    for (std::size_t i = 1; i < lanes_.size(); ++i) threads.emplace_back([&, i] { play_together(*lanes_[i]); });
    const std::uint64_t begin = read_tsc();
    play_together(*lanes_.front());
    for (std::thread& thread : threads) thread.join();
    const double seconds = static_cast<double>(read_tsc() - begin) / tsc_hertz();
    const std::size_t loops = (kFramesOfRound + script().frames.size() - 1) / script().frames.size();
    rates_.push_back(static_cast<double>(lanes_.size() * loops * script().frames.size()) / seconds);
    for (std::size_t phase = 0; phase < phases_.size(); ++phase)
        phases_[phase].push_back(together(lanes_.size(), [&](std::size_t i) { return lanes_[i]->phases[phase]; }));
    samples_.push_back(together(lanes_.size(), [&](std::size_t i) { return lanes_[i]->all; }));
}

void Sampler::forget() noexcept {
    samples_.clear();
    rates_.clear();
    for (auto& phase : phases_) phase.clear();
}

std::string Sampler::verify() const {
    std::string wrong;
    for (const auto& lane : lanes_) wrong += lane->pipeline.verify();
    return wrong;
}

}  // namespace sluis::bench
