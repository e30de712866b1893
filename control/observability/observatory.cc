#include "control/observability/observatory.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>

namespace sluis {

bool is_running(const CountersHeader& header) {
    return ::kill(static_cast<pid_t>(header.pid), 0) == 0 || errno == EPERM;
}

void Observatory::begin_anew(const CountersView& view, Clock::time_point now) {
    started_ = view.header().started;
    pid_ = view.header().pid;
    workers_.assign(view.workers(), {});
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        const WorkerCounters counts = view.worker(i);
        workers_[i] = {counts.heartbeat, counts.busy_cycles, counts.total_cycles, 0, 0, now};
    }
}

void Observatory::look(Clock::time_point now, std::int64_t wall) {
    const auto view = counters();
    if (!view) return workers_.clear();
    const bool is_same = view->header().started == started_ && view->header().pid == pid_;
    if (!is_same || view->workers() != workers_.size()) return begin_anew(*view, now);
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        WorkerMotion& worker = workers_[i];
        const WorkerCounters counts = view->worker(i);
        const double all = static_cast<double>(counts.total_cycles - worker.total_cycles);
        const double busy = static_cast<double>(counts.busy_cycles - worker.busy_cycles);
        worker.busy_ratio = all > 0 ? std::clamp(busy / all, 0.0, 1.0) : 0;
        if (counts.heartbeat != worker.heartbeat) worker.moved = now, worker.moved_at = wall;
        worker.heartbeat = counts.heartbeat;
        worker.busy_cycles = counts.busy_cycles;
        worker.total_cycles = counts.total_cycles;
    }
}

bool Observatory::is_moving(std::size_t worker, Clock::time_point now) const {
    return worker < workers_.size() && workers_[worker].moved_at != 0 && now - workers_[worker].moved <= kStandstill;
}

}  // namespace sluis
