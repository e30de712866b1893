// sluis-dataplane: a DPDK primary process that bridges port pairs and judges what crosses them.
#include <rte_launch.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/accounts.h"
#include "dataplane/command_server.h"
#include "dataplane/confinement.h"
#include "dataplane/generation_exchange.h"
#include "dataplane/hand_over.h"
#include "dataplane/interface/bypass_bridge.h"
#include "dataplane/interface/command_line.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/events_file.h"
#include "dataplane/interface/memory_need.h"
#include "dataplane/interface/one_line.h"
#include "dataplane/interface/path_lock.h"
#include "dataplane/interface/runtime_lock.h"
#include "dataplane/interface/service_manager.h"
#include "dataplane/interface/set_layout.h"
#include "dataplane/interface/standard_streams.h"
#include "dataplane/interface/version.h"
#include "dataplane/main_loop.h"
#include "dataplane/overload_report.h"
#include "dataplane/pair_modes.h"
#include "dataplane/port/device_claim.h"
#include "dataplane/port/eal.h"
#include "dataplane/port/inline_set.h"
#include "dataplane/port/log.h"
#include "dataplane/port/port_watch.h"
#include "dataplane/preparation.h"
#include "dataplane/service_report.h"
#include "dataplane/tracing.h"
#include "dataplane/usage.h"
#include "dataplane/verdict/event_recorder.h"
#include "dataplane/worker.h"
#include "dataplane/worker_names.h"

namespace sluis {
namespace {

constexpr int kExitOk = 0, kExitFailed = 1, kExitUsage = 2, kExitRestart = 3;
using Status = tl::expected<void, std::string>;

int fail(const std::string& what) {
    std::fprintf(stderr, "sluis-dataplane: %s\n", one_line(what).c_str());
    return kExitFailed;
}

int print(const std::string& text) { return print_to_standard_output("sluis-dataplane", text) ? kExitOk : kExitFailed; }

/// A bridge goes on when the terminal that it was started from goes, or a reader of its log.
void outlive_terminal() {
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
}

using Watches = std::vector<PortWatch>;

void look_at_ports(Watches& watches) {
    for (PortWatch& watch : watches) watch.look();
}

using Sets = std::vector<std::unique_ptr<InlineSet>>;
using Workers = std::vector<std::unique_ptr<Worker>>;
using Recorders = std::vector<std::unique_ptr<EventRecorder>>;

tl::expected<Sets, std::string> open_sets(const Config& config) {
    Sets sets;
    for (const SetLayout& layout : inline_sets(config)) {
        auto opened = InlineSet::open(config, layout);
        if (!opened) return tl::unexpected(opened.error());
        sets.push_back(std::move(*opened));
    }
    return sets;
}

tl::expected<std::unique_ptr<GenerationExchange>, std::string> make_generations(const Config& config,
                                                                                const Rules& rules,
                                                                                CountersFile& counters) {
    auto first = Generation::make(
        {.rules = rules.set, .policy = rules.policy, .zones = rules.zones, .pairs_of_worker = pairs_of_worker(config)},
        counters.header().labels);
    if (!first) return tl::unexpected(first.error());
    counters.name_rules((*first)->number(), rules.set->digest());
    return GenerationExchange::make(std::move(*first), static_cast<std::uint32_t>(counters.workers()));
}

Recorders make_recorders(const Config& config, EventsFile& events, std::size_t workers) {
    Recorders recorders;
    for (std::size_t i = 0; i < workers; ++i)
        recorders.push_back(std::make_unique<EventRecorder>(events.ring(i), config.policy.record_allowed));
    return recorders;
}

Workers make_workers(const Config& config, const Sets& sets, GenerationExchange& generations, CountersFile& counters,
                     PairModes& modes, const Recorders& recorders, const Tracing& tracing) {
    Workers workers;
    for (std::size_t place = 0; place < sets.size(); ++place)
        for (std::uint32_t index = 0; index < sets[place]->workers(); ++index) {
            const auto number = static_cast<std::uint32_t>(workers.size());
            const Worker::Setting setting{*sets[place],
                                          index,
                                          number,
                                          counters.worker(number),
                                          generations,
                                          modes.of(place),
                                          recorders[number].get(),
                                          tracing.slot(number)};
            workers.push_back(std::make_unique<Worker>(setting, config.limits, config.eal.idle_sleep_us));
        }
    return workers;
}

/// The workers' clocks began with them, and the machine's may be set while they run.
void set_epochs(const Workers& workers, const Recorders& recorders) {
    for (std::size_t i = 0; i < workers.size(); ++i) recorders[i]->set_epoch(workers[i]->clock().epoch());
}

Watches make_watches(const Config& config, const Sets& sets, CountersFile& counters) {
    Watches watches;
    const auto layouts = inline_sets(config);
    for (std::size_t place = 0; place < sets.size(); ++place)
        for (std::uint8_t link = 0; link < sets[place]->size(); ++link) {
            const std::size_t pair = layouts[place].pairs[link];
            watches.emplace_back(sets[place]->pair(link), counters.header().pair_ports[pair],
                                 sets[place]->missed_frames, config.pairs[pair].follow_link);
        }
    return watches;
}

/// What one lcore is started with.
struct Assignment {
    Worker* worker;
    const std::atomic<bool>* stop;
    std::latch* ended;
};

int run_worker(void* argument) {
    const auto& assignment = *static_cast<const Assignment*>(argument);
    confine_worker();
    assignment.worker->run(*assignment.stop);
    assignment.ended->count_down();
    return 0;
}

/// An lcore that no worker needs.
int rest(void*) {
    confine_worker();
    return 0;
}

/// From here to the end of the process nobody else lets frames cross: sluis-guard holds the way for milliseconds only,
/// and what it left joined is parted, whether it runs or not.
Status take_way(PathLock& way, const Config& config) {
    return way.take_within(std::chrono::seconds(3)).and_then([&] { return part_from_bypass(config); });
}

Status start_ports(const Sets& sets) {
    for (const auto& set : sets)
        if (const Status started = set->start(); !started) return started;
    return {};
}

Status publish(const Config& config, CountersFile& counters, EventsFile& events) {
    counters.header().started = static_cast<std::uint64_t>(std::time(nullptr));
    counters.name_config(config.digest);
    return events.publish().and_then([&] { return counters.publish(); });
}

/// Returns the exit status.
tl::expected<int, std::string> run(const Config& config, const Rules& rules) {
    // 5. The locks: one dataplane a runtime directory, and a port. Signals are held back from here on, so that no
    // thread takes one.
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    outlive_terminal();
    auto manager = ServiceManager::from_environment();
    const auto lock = RuntimeLock::take(config.runtime_directory);
    if (!lock) return tl::unexpected(lock.error());
    const auto claim = DeviceClaim::take(config);
    if (!claim) return tl::unexpected(claim.error());

    // 6. The EAL: memory and threads.
    const auto eal = Eal::start(config);
    if (!eal) return tl::unexpected(eal.error());

    // 7. Ports: opened, not yet receiving.
    const auto sets = open_sets(config);
    if (!sets) return tl::unexpected(sets.error());

    // 8. Counters, which nobody sees yet, events, what is judged by, and workers: one lcore each.
    auto counters = CountersFile::create(config.runtime_directory, pair_of_worker(config), counted_pairs(config));
    if (!counters) return tl::unexpected(counters.error());
    const auto generations = make_generations(config, rules, *counters);
    if (!generations) return tl::unexpected(generations.error());
    auto events = EventsFile::create(config.runtime_directory, config.command_group, pair_of_worker(config));
    if (!events) return tl::unexpected(events.error());
    const Recorders recorders = make_recorders(config, *events, counters->workers());
    PairModes modes(config, *counters);
    Tracing tracing(pair_of_worker(config), **generations);
    const Workers workers = make_workers(config, *sets, **generations, *counters, modes, recorders, tracing);
    tracing.use(workers);
    HandOver hand_over(config, **generations, *counters, modes);
    const auto commands = CommandServer::make(config.runtime_directory, config.command_group, hand_over, tracing);
    if (!commands) return tl::unexpected(commands.error());

    // 9. Forwarding: the way is taken, ports start, counters and events get their names, privileges that this took are
    // given up, workers run. Until here, a failure leaves nothing.
    auto way = PathLock::open(config.runtime_directory);
    if (!way) return tl::unexpected(way.error());
    if (const Status taken = take_way(*way, config); !taken) return tl::unexpected(taken.error());
    if (const Status started = start_ports(*sets); !started) return tl::unexpected(started.error());
    Watches watches = make_watches(config, *sets, *counters);
    const auto look_around = [&] {
        look_at_ports(watches);
        set_epochs(workers, recorders);
        modes.look();
    };
    look_around();
    ServiceReport report(manager, *counters);
    OverloadReport overloads(*counters);
    const auto each_second = [&] {
        look_around();
        overloads.look();
        report.look();
    };
    auto loop = MainLoop::make({hand_over, **commands, each_second});
    if (!loop) return tl::unexpected(loop.error());
    if (const Status published = publish(config, *counters, *events); !published)
        return tl::unexpected(published.error());
    confine_process(config);
    std::atomic<bool> stop{false};
    std::latch ended(static_cast<std::ptrdiff_t>(workers.size()));
    std::vector<Assignment> assignments;
    for (const auto& worker : workers) assignments.push_back({worker.get(), &stop, &ended});
    for (std::size_t i = 0; i < eal->lcores().size(); ++i) {
        const bool works = i < assignments.size();
        rte_eal_remote_launch(works ? run_worker : rest, works ? &assignments[i] : nullptr, eal->lcores()[i]);
    }
    log(LogLevel::info, {{"event", "forwarding"},
                         {"pairs", std::to_string(config.pairs.size())},
                         {"workers", std::to_string(workers.size())}});
    const int signal = loop->run();

    // 10. Stop: workers send what they hold, who else has the way for frames may take it, ports close, and every frame
    // is accounted for.
    log(LogLevel::info, {{"event", "stopping"}, {"signal", signal == 0 ? "none" : strsignal(signal)}});
    manager.stopping();
    stop.store(true);
    ended.wait();  // which sanitizers know, as they do not what DPDK waits by
    rte_eal_mp_wait_lcore();
    for (const auto& worker : workers) worker->abandon_unsent();
    way->release();
    look_around();
    for (PortWatch& watch : watches) watch.let_up();
    for (const auto& set : *sets)
        for (std::uint8_t link = 0; link < set->size(); ++link) log_missed(set->pair(link));
    for (const auto& worker : workers) print_accounts(*worker);
    return signal == 0 ? kExitRestart : kExitOk;
}

int start(int argc, char** argv) {
    // 1. The command line.
    open_standard_streams();
    const auto line = read_command_line(argc, argv);
    if (!line) {
        std::fprintf(stderr, "sluis-dataplane: %s; see --help\n", line.error().c_str());
        return kExitUsage;
    }
    if (line->help) return print(kUsage);
    if (line->version) return print(std::string("sluis-dataplane ") + kVersion + "\n");
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

    const auto status = run(*config, *rules);
    return status ? *status : fail(status.error());
}

}  // namespace
}  // namespace sluis

int main(int argc, char** argv) { return sluis::start(argc, argv); }
