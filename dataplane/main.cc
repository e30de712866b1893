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
#include <vector>

#include "dataplane/accounts.h"
#include "dataplane/command_line.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/memory_need.h"
#include "dataplane/interface/runtime_lock.h"
#include "dataplane/port/device_claim.h"
#include "dataplane/port/eal.h"
#include "dataplane/port/log.h"
#include "dataplane/port/port_pair.h"
#include "dataplane/port/port_watch.h"
#include "dataplane/preparation.h"
#include "dataplane/worker.h"

namespace sluis {
namespace {

constexpr int kExitOk = 0, kExitFailed = 1, kExitUsage = 2;
using Status = tl::expected<void, std::string>;

int fail(const std::string& what) {
    std::fprintf(stderr, "sluis-dataplane: %s\n", what.c_str());
    return kExitFailed;
}

int print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    return std::fflush(stdout) == 0 ? kExitOk : fail("standard output could not be written");
}

/// SIGTERM and SIGINT wait, from before the first thread on, until `watch_until_end` takes them.
sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

/// A bridge goes on when the terminal that it was started from goes, or a reader of its log.
void outlive_terminal() {
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
}

using Watches = std::vector<PortWatch>;

void look_at_ports(Watches& watches) {
    for (PortWatch& watch : watches) watch.look();
}

/// Looks at the ports once a second until a signal says to end; returns the signal.
int watch_until_end(Watches& watches) {
    const sigset_t signals = ending_signals();
    constexpr timespec kSecondOfWaiting{1, 0};
    for (;;) {
        const int signal = sigtimedwait(&signals, nullptr, &kSecondOfWaiting);
        if (signal > 0) return signal;
        look_at_ports(watches);
    }
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

Watches make_watches(const Pairs& pairs, CountersFile& counters) {
    Watches watches;
    for (std::size_t i = 0; i < pairs.size(); ++i) watches.emplace_back(*pairs[i], counters.header().pair_ports[i]);
    return watches;
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

Status publish(CountersFile& counters) {
    counters.header().started = static_cast<std::uint64_t>(std::time(nullptr));
    return counters.publish();
}

Status run(const Config& config, const Rules& rules) {
    // 5. The locks: one dataplane a runtime directory, and a port. Signals are held back from here on, so that no
    // thread takes one.
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    outlive_terminal();
    const auto lock = RuntimeLock::take(config.runtime_directory);
    if (!lock) return tl::unexpected(lock.error());
    const auto claim = DeviceClaim::take(config);
    if (!claim) return tl::unexpected(claim.error());

    // 6. The EAL: memory and threads.
    const auto eal = Eal::start(config);
    if (!eal) return tl::unexpected(eal.error());

    // 7. Ports: opened, not yet receiving.
    const auto pairs = open_pairs(config);
    if (!pairs) return tl::unexpected(pairs.error());

    // 8. Counters, which nobody sees yet, and workers: one lcore each.
    auto counters = make_counters(config, rules);
    if (!counters) return tl::unexpected(counters.error());
    const auto made = make_workers(config, *pairs, rules, *counters);
    if (!made) return tl::unexpected(made.error());
    const Workers& workers = *made;

    // 9. Forwarding: ports start, the counters get their name, workers run. Until here, a failure leaves nothing.
    if (const Status started = start_ports(*pairs); !started) return started;
    Watches watches = make_watches(*pairs, *counters);
    look_at_ports(watches);
    if (const Status published = publish(*counters); !published) return published;
    std::atomic<bool> stop{false};
    std::vector<Assignment> assignments;
    for (const auto& worker : workers) assignments.push_back({worker.get(), &stop});
    for (std::size_t i = 0; i < assignments.size(); ++i)
        rte_eal_remote_launch(run_worker, &assignments[i], eal->lcores()[i]);
    log(LogLevel::info, {{"event", "forwarding"},
                         {"pairs", std::to_string(pairs->size())},
                         {"workers", std::to_string(workers.size())}});
    const int signal = watch_until_end(watches);

    // 10. Stop: workers send what they hold, ports close, and every frame is accounted for.
    log(LogLevel::info, {{"event", "stopping"}, {"signal", strsignal(signal)}});
    stop.store(true);
    rte_eal_mp_wait_lcore();
    for (const auto& worker : workers) worker->abandon_unsent();
    look_at_ports(watches);
    for (const auto& pair : *pairs) log_missed(*pair);
    for (const auto& worker : workers) print_accounts(*worker);
    return {};
}

int start(int argc, char** argv) {
    // 1. The command line.
    const auto line = read_command_line(argc, argv);
    if (!line) {
        std::fprintf(stderr, "sluis-dataplane: %s\nRun with --help for more information.\n", line.error().c_str());
        return kExitUsage;
    }
    if (line->help) return print(kUsage);
    if (line->help_config) return print(config_reference());
    end_without_memory("sluis-dataplane");

    // 2. Configuration.
    const auto config = load_config(line->config, true);
    if (!config) return fail(config.error());

    // 3. Rules: the set that lies on disk, and what is done with it.
    const auto rules = load_rules(*config);
    if (!rules) return fail(rules.error());

    // 4. The machine: ports and memory, as far as can be told before they are taken.
    if (const Status fit = check_machine(*config); !fit) return fail(fit.error());
    if (line->check) return print(line->config + " is right; sluis-dataplane would\n" + describe(*config, *rules));
    log(LogLevel::info, {{"event", "started"}, {"pid", std::to_string(::getpid())}, {"config", line->config}});
    log(LogLevel::info, {{"event", "rules"},
                         {"count", std::to_string(rules->set->size())},
                         {"digest", std::string(rules->set->digest())}});

    const Status status = run(*config, *rules);
    return status ? kExitOk : fail(status.error());
}

}  // namespace
}  // namespace sluis

int main(int argc, char** argv) { return sluis::start(argc, argv); }
