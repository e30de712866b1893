// Samples of what one class of traffic costs, in alternating rounds.
#pragma once

#include <memory>
#include <vector>

#include "tests/bench/bench_pipeline.h"

namespace sluis::bench {

double median(std::vector<double> values);

/// One class through as many pipelines as there are threads, each of its own, as workers have them.
class Sampler {
public:
    Sampler(TrafficClass traffic_class, const ScriptOptions& options, const RuleSet& rules, std::uint32_t settled_flows,
            std::uint32_t threads, Deployment deployment);

    /// Adds a sample: TSC cycles a frame of all threads together, each at its median loop, which nothing has
    /// interrupted. And their rate, by the clock from a common start until the last one is done.
    void run();
    /// Forgets the samples, once caches and tables are as full as they will be.
    void forget() noexcept;

    TrafficClass traffic_class() const noexcept { return traffic_class_; }
    const Script& script() const noexcept { return lanes_.front()->pipeline.script(); }
    const std::vector<double>& samples() const noexcept { return samples_; }
    /// Frames a second of all threads by the clock, the renewal of the traffic and whatever interrupts them in it.
    const std::vector<double>& rates() const noexcept { return rates_; }
    /// Of one phase of the script.
    double median_of_phase(std::size_t phase) const { return median(phases_[phase]); }
    /// What is wrong with the counters; empty when nothing is.
    std::string verify() const;

private:
    struct Lane {
        BenchPipeline pipeline;
        std::vector<double> phases;  ///< of the last round
        double all = 0;
    };
    void play(Lane& lane) const;

    TrafficClass traffic_class_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::vector<std::uint32_t> frames_;  ///< of one loop, by phase
    std::vector<std::vector<double>> phases_;
    std::vector<double> samples_;
    std::vector<double> rates_;
};

}  // namespace sluis::bench
