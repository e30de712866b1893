// What a frame of each class costs in the whole pipeline, without ports: TSC cycles, median of alternating rounds.
//
//   pipeline_bench [--json] [--rounds N] [--flows N] [--rules N] [--size BYTES] [--inspected PERMILLE] [--threads N]
//                  [--office] [CLASS ...]
//
// With several threads, each has a pipeline of its own, as workers have; the figure is that of all together.
// A loop of a class has new addresses, ports and sequence numbers, made outside of what is measured. When the counters
// do not say what the traffic must make them say (flows inserted equal hellos sent), the program fails.
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/bench/sampler.h"
#include "tests/bench/tsc.h"

namespace sluis::bench {
namespace {

struct Options {
    bool json = false;
    std::uint32_t rounds = 9, flows = 1000, rules = 0, threads = 1;
    ScriptOptions script;
    Deployment deployment = Deployment::plain;
    std::vector<TrafficClass> classes;
};

[[noreturn]] void usage() {
    std::fputs(
        "Usage: pipeline_bench [--json] [--rounds N] [--flows N] [--rules N] [--size BYTES]\n"
        "                      [--inspected PERMILLE] [--threads N] [--office] [CLASS ...]\nClasses:",
        stderr);
    for (const TrafficClassName& row : kTrafficClasses) std::fprintf(stderr, " %s", row.name.data());
    std::fputs("\n", stderr);
    std::exit(2);
}

Options read_options(int argc, char** argv) {
    Options options;
    const auto number = [&](int& at) {
        if (++at == argc) usage();
        return static_cast<std::uint32_t>(std::strtoul(argv[at], nullptr, 10));
    };
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--json")
            options.json = true;
        else if (argument == "--rounds")
            options.rounds = std::max(number(i), 1u);
        else if (argument == "--flows")
            options.flows = number(i);
        else if (argument == "--rules")
            options.rules = number(i);
        else if (argument == "--threads")
            options.threads = std::clamp(number(i), 1u, 64u);
        else if (argument == "--office")
            options.deployment = Deployment::office;
        else if (argument == "--size")
            options.script.frame_size = number(i);
        else if (argument == "--inspected")
            options.script.inspected = std::min(number(i), 800u);
        else if (const auto traffic_class = traffic_class_of(argument))
            options.classes.push_back(*traffic_class);
        else
            usage();
    }
    if (options.classes.empty())
        for (const TrafficClassName& row : kTrafficClasses) options.classes.push_back(row.traffic_class);
    return options;
}

std::size_t frames_of_phase(const Script& script, std::size_t phase) {
    return static_cast<std::size_t>(std::count_if(script.frames.begin(), script.frames.end(),
                                                  [&](const ScriptFrame& frame) { return frame.phase == phase; }));
}

nlohmann::json report(const Sampler& sampler) {
    const TrafficClassName& row = kTrafficClasses[static_cast<std::size_t>(sampler.traffic_class())];
    const Script& script = sampler.script();
    const double per_frame = median(sampler.samples());
    const auto [least, most] = std::minmax_element(sampler.samples().begin(), sampler.samples().end());
    nlohmann::json result{{"class", row.name},
                          {"cycles_per_frame", per_frame},
                          {"spread", {*least, *most}},
                          {"samples", sampler.samples()},
                          {"frames_per_second", tsc_hertz() / per_frame},
                          {"frames_per_second_by_the_clock", median(sampler.rates())}};
    if (!row.message.empty()) {
        const double frames_per_message = static_cast<double>(script.frames.size()) / script.messages;
        result["message"] = row.message;
        result["messages"] = script.messages;
        result["cycles_per_message"] = per_frame * frames_per_message;
        result["messages_per_second"] = tsc_hertz() / (per_frame * frames_per_message);
    }
    if (script.phases.size() > 1)
        for (std::size_t phase = 0; phase < script.phases.size(); ++phase)
            result["phases"].push_back({{"name", script.phases[phase]},
                                        {"cycles_per_frame", sampler.median_of_phase(phase)},
                                        {"frames", frames_of_phase(script, phase)}});
    return result;
}

void print(const nlohmann::json& row) {
    std::printf("%-14s %8.1f cycles/frame [%.1f, %.1f] %9.3f M frames/s", row["class"].get<std::string>().c_str(),
                row["cycles_per_frame"].get<double>(), row["spread"][0].get<double>(), row["spread"][1].get<double>(),
                row["frames_per_second"].get<double>() / 1e6);
    if (row.contains("message"))
        std::printf("; %8.1f cycles/%s %8.3f M/s", row["cycles_per_message"].get<double>(),
                    row["message"].get<std::string>().c_str(), row["messages_per_second"].get<double>() / 1e6);
    std::printf("\n");
    if (!row.contains("phases")) return;
    std::printf("              ");
    for (const auto& phase : row["phases"])
        std::printf(" %s %.1f", phase["name"].get<std::string>().c_str(), phase["cycles_per_frame"].get<double>());
    std::printf("\n");
}

/// What the process has from the heap, bytes.
double heap_in_use() {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
}

/// What one worker's pipeline takes with the default limits, MiB. All of it is taken at its construction.
double pipeline_mebibytes(const RuleSet& rules) {
    const Script script = make_script(TrafficClass::tcp_64, {.frames = 1});
    const double before = heap_in_use();
    const BenchPipeline pipeline(script, rules, {}, 1);
    return (heap_in_use() - before) / (1 << 20);
}

using Samplers = std::vector<std::unique_ptr<Sampler>>;

Samplers sample(const Options& options, const RuleSet& rules) {
    Samplers samplers;
    for (const TrafficClass traffic_class : options.classes)
        samplers.push_back(std::make_unique<Sampler>(traffic_class, options.script, rules, options.flows,
                                                     options.threads, options.deployment));
    for (const auto& sampler : samplers) sampler->run(), sampler->forget();
    for (std::uint32_t round = 0; round < options.rounds; ++round)
        for (const auto& sampler : samplers) sampler->run();
    return samplers;
}

int run(int argc, char** argv) {
    const Options options = read_options(argc, argv);
    const std::unique_ptr<RuleSet> rules = bench_rules(options.rules);
    nlohmann::json result{{"tsc_hertz", tsc_hertz()},
                          {"rules", rules->size()},
                          {"flows", options.flows},
                          {"threads", options.threads},
                          {"pipeline_mebibytes", pipeline_mebibytes(*rules)},
                          {"rows", nlohmann::json::array()}};
    bool right = true;
    for (const auto& sampler : sample(options, *rules)) {
        const nlohmann::json row = report(*sampler);
        result["rows"].push_back(row);
        if (!options.json) print(row);
        const std::string wrong = sampler->verify();
        if (wrong.empty()) continue;
        std::fprintf(stderr, "%s: the counters are wrong: %s\n", row["class"].get<std::string>().c_str(),
                     wrong.c_str());
        right = false;
    }
    if (options.json) std::printf("%s\n", result.dump(2).c_str());
    return right ? 0 : 1;
}

}  // namespace
}  // namespace sluis::bench

int main(int argc, char** argv) { return sluis::bench::run(argc, argv); }
