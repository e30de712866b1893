// Runs loops of every class under callgrind, which counts the instructions of Pipeline::process and tick alone: one
// dump a class, named by it. `instructions.py` runs this and reads the dumps.
//
//   valgrind --tool=callgrind --instr-atstart=no --collect-atstart=no callgrind_frames [CLASS ...]
//
// Prints a line for each class: its name and how many frames and messages were counted.
#include <valgrind/callgrind.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/bench/bench_pipeline.h"

namespace sluis::bench {
namespace {

constexpr std::uint32_t kFrames = 4096;

std::uint32_t play(BenchPipeline& pipeline, std::uint32_t at_least, bool count) {
    std::uint32_t frames = 0;
    while (frames < at_least) {
        pipeline.renew();
        pipeline.play([&](std::uint32_t, std::uint32_t burst, auto&& process) {
            if (count) CALLGRIND_TOGGLE_COLLECT;
            process();
            if (count) CALLGRIND_TOGGLE_COLLECT;
            frames += burst;
        });
    }
    return frames;
}

bool count_class(const TrafficClassName& row, const RuleSet& rules) {
    BenchPipeline pipeline(make_script(row.traffic_class), rules, {}, 1000);
    play(pipeline, kFrames / 2, false);
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
    const std::uint32_t frames = play(pipeline, kFrames, true);
    CALLGRIND_DUMP_STATS_AT(row.name.data());
    CALLGRIND_STOP_INSTRUMENTATION;
    std::printf("%s %u\n", row.name.data(), frames);
    const std::string wrong = pipeline.verify();
    if (!wrong.empty()) std::fprintf(stderr, "%s: the counters are wrong: %s\n", row.name.data(), wrong.c_str());
    return wrong.empty();
}

int run(int argc, char** argv) {
    std::vector<TrafficClass> classes;
    for (int i = 1; i < argc; ++i) {
        const auto traffic_class = traffic_class_of(argv[i]);
        if (!traffic_class) return std::fprintf(stderr, "no class %s\n", argv[i]), 2;
        classes.push_back(*traffic_class);
    }
    const std::unique_ptr<RuleSet> rules = bench_rules();
    bool right = true;
    for (const TrafficClassName& row : kTrafficClasses)
        if (classes.empty() || std::find(classes.begin(), classes.end(), row.traffic_class) != classes.end())
            right &= count_class(row, *rules);
    return right ? 0 : 1;
}

}  // namespace
}  // namespace sluis::bench

int main(int argc, char** argv) { return sluis::bench::run(argc, argv); }
