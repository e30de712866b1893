// sluis-dataplane: a DPDK primary process that bridges port pairs and judges what crosses them.
#include <rte_launch.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/interface/config.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/policy.h"
#include "dataplane/match/rule_set.h"
#include "dataplane/port/eal.h"
#include "dataplane/port/log.h"
#include "dataplane/port/port_pair.h"
#include "dataplane/worker.h"

namespace sluis {
namespace {

constexpr int kExitOk = 0, kExitFailed = 1, kExitUsage = 2;
constexpr const char* kDefaultConfig = "/etc/sluis/sluis.toml";
constexpr const char* kUsage =
    "Usage: sluis-dataplane [--config FILE] [--check]\n"
    "Bridges port pairs and refuses what the rule set in force blocks.\n\n"
    "  --config FILE   the configuration (default /etc/sluis/sluis.toml)\n"
    "  --check         read and check the configuration, then exit\n"
    "  --help-config   print every key of the configuration with its default, as TOML\n"
    "  --help          print this\n";

using Status = tl::expected<void, std::string>;

struct Arguments {
    std::string config = kDefaultConfig;
    bool check = false;
    bool help = false;
    bool help_config = false;
};

tl::expected<Arguments, std::string> read_arguments(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--config" && i + 1 < argc)
            arguments.config = argv[++i];
        else if (argument.substr(0, 9) == "--config=")
            arguments.config = argument.substr(9);
        else if (argument == "--check")
            arguments.check = true;
        else if (argument == "--help" || argument == "-h")
            arguments.help = true;
        else if (argument == "--help-config")
            arguments.help_config = true;
        else
            return tl::unexpected("unknown or incomplete argument \"" + std::string(argument) + "\"");
    }
    return arguments;
}

int fail(const std::string& what) {
    std::fprintf(stderr, "sluis-dataplane: %s\n", what.c_str());
    return kExitFailed;
}

/// SIGTERM and SIGINT wait, from before the first thread on, until `wait_for_end` takes them.
sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

int wait_for_end() {
    const sigset_t signals = ending_signals();
    int signal = 0;
    while (sigwait(&signals, &signal) != 0) {
    }
    return signal;
}

/// The rules in force, and what is done with them.
struct Rules {
    std::unique_ptr<RuleSet> set;
    PipelinePolicy policy;
};

tl::expected<Rules, std::string> load_rules(const Config& config) {
    Rules rules;
    auto set = RuleSet::load_file(config.rules);
    if (!set) return tl::unexpected(set.error());
    rules.set = std::move(*set);
    auto policy = make_policy(config, *rules.set);
    if (!policy) return tl::unexpected(policy.error());
    rules.policy = std::move(*policy);
    log(LogLevel::info, {{"event", "rules"},
                         {"count", std::to_string(rules.set->size())},
                         {"digest", std::string(rules.set->digest())}});
    return rules;
}

using Pairs = std::vector<std::unique_ptr<PortPair>>;
using Workers = std::vector<std::unique_ptr<Worker>>;

tl::expected<Pairs, std::string> open_pairs(const Config& config) {
    Pairs pairs;
    for (const PairConfig& pair : config.pairs) {
        auto opened = PortPair::open(pair, config.frames);
        if (!opened) return tl::unexpected(opened.error());
        pairs.push_back(std::move(*opened));
    }
    return pairs;
}

tl::expected<CountersFile, std::string> make_counters(const Config& config, const Rules& rules) {
    std::vector<std::string> pair_of_worker;
    for (const PairConfig& pair : config.pairs) pair_of_worker.insert(pair_of_worker.end(), pair.workers, pair.name);
    auto file = CountersFile::create(config.runtime_directory, pair_of_worker);
    if (!file) return file;
    file->header().rule_generation = rules.set->generation();
    rules.set->digest().copy(file->header().rule_digest, sizeof file->header().rule_digest);
    return file;
}

tl::expected<Workers, std::string> make_workers(const Config& config, const Pairs& pairs, const Rules& rules,
                                                CountersFile& counters) {
    Workers workers;
    for (const auto& pair : pairs)
        for (std::uint32_t index = 0; index < pair->workers(); ++index) {
            WorkerCounters& block = counters.worker(workers.size());
            workers.push_back(std::make_unique<Worker>(*pair, index, block, config.limits, config.eal.idle_sleep_us));
            if (!workers.back()->pipeline().use(*rules.set, rules.policy))
                return tl::unexpected<std::string>("no memory for the rule set's scratch space: give the process more");
        }
    return workers;
}

/// What one lcore is started with.
struct Assignment {
    Worker* worker;
    const std::atomic<bool>* stop;
};

int run_worker(void* argument) {
    const auto& assignment = *static_cast<const Assignment*>(argument);
    assignment.worker->run(*assignment.stop);
    return 0;
}

Status start_ports(const Pairs& pairs) {
    for (const auto& pair : pairs)
        if (const Status started = pair->start(); !started) return started;
    return {};
}

/// One line: where every frame of a worker went.
void print_accounts(const Worker& worker) {
    const WorkerCounters& counters = worker.counters();
    const auto both = [](const std::array<std::uint64_t, 2>& sides) { return std::to_string(sides[0] + sides[1]); };
    std::string line = "accounts pair=" + worker.pair().name() + " worker=" + std::to_string(worker.index()) +
                       " rx=" + both(counters.rx_frames) + " injected=" + std::to_string(counters.injected_frames) +
                       " tx=" + both(counters.tx_frames) + " held=" + std::to_string(counters.held_frames) +
                       " handed_over=" + std::to_string(counters.handed_over);
    std::uint64_t drops = 0;
    std::string by_reason;
    for (std::size_t i = 0; i < kReasonCount; ++i) {
        drops += counters.drops[i];
        if (counters.drops[i] != 0)
            by_reason += " drop." + std::string(kReasons[i].name) + "=" + std::to_string(counters.drops[i]);
    }
    std::printf("%s drops=%s%s balance=%lld\n", line.c_str(), std::to_string(drops).c_str(), by_reason.c_str(),
                static_cast<long long>(balance(counters)));
}

void log_missed(PortPair& pair) {
    for (const Side side : {Side::inside, Side::outside})
        log(LogLevel::info, {{"event", "port_stopped"},
                             {"pair", pair.name()},
                             {"name", pair.port(side).info().name},
                             {"missed", std::to_string(pair.port(side).missed())}});
}

Status run(const Config& config) {
    // 3. The EAL: memory and threads. Signals are held back first, so that its threads never take one.
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    const auto eal = Eal::start(config);
    if (!eal) return tl::unexpected(eal.error());

    // 4. Ports: opened, not yet receiving.
    const auto pairs = open_pairs(config);
    if (!pairs) return tl::unexpected(pairs.error());

    // 5. Rules: the set that lies on disk.
    const auto rules = load_rules(config);
    if (!rules) return tl::unexpected(rules.error());

    // 6. Counters: a fresh file, which readers see whole or not at all.
    auto counters = make_counters(config, *rules);
    if (!counters) return tl::unexpected(counters.error());

    // 7. Workers: one lcore each. From here on frames cross.
    const auto made = make_workers(config, *pairs, *rules, *counters);
    if (!made) return tl::unexpected(made.error());
    const Workers& workers = *made;
    if (const Status started = start_ports(*pairs); !started) return started;
    std::atomic<bool> stop{false};
    std::vector<Assignment> assignments;
    for (const auto& worker : workers) assignments.push_back({worker.get(), &stop});
    for (std::size_t i = 0; i < assignments.size(); ++i)
        rte_eal_remote_launch(run_worker, &assignments[i], eal->lcores()[i]);

    // 8. Run, until somebody says stop.
    counters->header().started = static_cast<std::uint64_t>(std::time(nullptr));
    log(LogLevel::info, {{"event", "forwarding"},
                         {"pairs", std::to_string(pairs->size())},
                         {"workers", std::to_string(workers.size())}});
    const int signal = wait_for_end();

    // 9. Stop: workers send what they hold, ports close, and every frame is accounted for.
    log(LogLevel::info, {{"event", "stopping"}, {"signal", strsignal(signal)}});
    stop.store(true);
    rte_eal_mp_wait_lcore();
    for (const auto& worker : workers) worker->abandon_unsent();
    for (const auto& pair : *pairs) log_missed(*pair);
    for (const auto& worker : workers) print_accounts(*worker);
    return {};
}

int start(int argc, char** argv) {
    // 1. Arguments.
    const auto arguments = read_arguments(argc, argv);
    if (!arguments) {
        std::fprintf(stderr, "sluis-dataplane: %s\n%s", arguments.error().c_str(), kUsage);
        return kExitUsage;
    }
    if (arguments->help) return std::fputs(kUsage, stdout), kExitOk;
    if (arguments->help_config) return std::fputs(config_reference().c_str(), stdout), kExitOk;

    // 2. Configuration.
    const auto config = load_config(arguments->config, true);
    if (!config) return fail(config.error());
    if (arguments->check) return std::printf("%s is right\n", arguments->config.c_str()), kExitOk;
    log(LogLevel::info, {{"event", "started"}, {"pid", std::to_string(::getpid())}, {"config", arguments->config}});

    const Status status = run(*config);
    return status ? kExitOk : fail(status.error());
}

}  // namespace
}  // namespace sluis

int main(int argc, char** argv) { return sluis::start(argc, argv); }
