#include "control/probation/dataplane_sample.h"

#include <signal.h>

#include <cerrno>
#include <cstddef>

#include "dataplane/interface/counters_file.h"
#include "dataplane/verdict/reason.h"

namespace sluis {
namespace {

bool is_fault(ReasonKind kind) {
    return kind == ReasonKind::limit || kind == ReasonKind::parse || kind == ReasonKind::resource;
}

/// What a pair on monitor would have done counts like what others do: nothing jumps when a pair's mode changes.
void add_worker(HealthCounts& to, const WorkerCounters& from) {
    for (const std::uint64_t frames : from.rx_frames) to.frames += frames;
    for (std::size_t i = 1; i < kReasonCount; ++i) {
        const std::uint64_t drops = from.drops[i] + from.would_drop[i];
        const std::uint64_t blocks = from.blocks[i] + from.would_block[i];
        if (is_fault(kReasons[i].kind)) to.drops += drops;
        if (kReasons[i].kind == ReasonKind::parse) to.parse_errors += drops + blocks + from.errors[i];
    }
    for (std::size_t i = 0; i < from.names_allowed.size(); ++i) {
        const std::uint64_t matches = from.names_blocked[i] + from.names_monitored[i];
        to.matches += matches;
        to.names += matches + from.names_allowed[i];
    }
}

}  // namespace

DataplaneSample sample_dataplane(const std::string& runtime_directory) {
    DataplaneSample sample;
    const auto view = CountersView::open(runtime_directory);
    if (!view) return sample;
    sample.pid = view->header().pid;
    sample.started = view->header().started;
    sample.running = ::kill(static_cast<pid_t>(sample.pid), 0) == 0 || errno == EPERM;
    for (std::size_t i = 0; i < view->workers(); ++i) {
        const WorkerCounters worker = view->worker(i);
        add_worker(sample.counts, worker);
        sample.heartbeats.push_back(worker.heartbeat);
    }
    for (std::size_t pair = 0; pair < view->pairs(); ++pair)
        for (const Side side : {Side::inside, Side::outside}) {
            const std::uint64_t missed = view->port(pair, side).missed_frames;
            sample.counts.drops += missed;
            sample.counts.frames += missed;
        }
    return sample;
}

}  // namespace sluis
