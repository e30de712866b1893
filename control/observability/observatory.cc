#include "control/observability/observatory.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sluis {
namespace {

std::uint64_t at(const std::array<std::uint64_t, kReasonSlots>& counts, Reason reason) {
    return counts[static_cast<std::size_t>(reason)];
}

/// Takes `count` up, and notes when it has risen.
void note(std::uint64_t count, std::uint64_t& known, std::optional<Observatory::Clock::time_point>& risen,
          Observatory::Clock::time_point now) {
    if (count > known) risen = now;
    known = count;
}

bool is_within(const std::optional<Observatory::Clock::time_point>& time, Observatory::Clock::time_point now) {
    return time && now - *time <= Observatory::kRoom;
}

}  // namespace

bool is_running(const CountersHeader& header) {
    return ::kill(static_cast<pid_t>(header.pid), 0) == 0 || errno == EPERM;
}

void Observatory::begin_anew(const CountersView& view, Clock::time_point now) {
    started_ = view.header().started;
    pid_ = view.header().pid;
    workers_.assign(view.workers(), {});
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        const WorkerCounters counts = view.worker(i);
        workers_[i] = {counts.heartbeat, counts.busy_cycles, counts.total_cycles, 0, 0, now, 0, 0, {}, {}};
        workers_[i].passed_unread = at(counts.errors, Reason::overload_pass);
        workers_[i].turned_away = at(counts.drops, Reason::flow_table_full);
    }
}

void Observatory::look(Clock::time_point now, std::int64_t wall) {
    const auto view = counters();
    looked_ = now;
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
        note(at(counts.errors, Reason::overload_pass), worker.passed_unread, worker.passed_unread_at, now);
        note(at(counts.drops, Reason::flow_table_full), worker.turned_away, worker.turned_away_at, now);
    }
}

bool Observatory::is_moving(std::size_t worker, Clock::time_point now) const {
    return worker < workers_.size() && workers_[worker].moved_at != 0 && now - workers_[worker].moved <= kStandstill;
}

bool Observatory::is_stalled(std::size_t worker) const {
    if (worker >= workers_.size()) return false;
    return looked_ - workers_[worker].moved > (workers_[worker].heartbeat == 0 ? kFirstRound : kStandstill);
}

bool Observatory::passes_unread(std::size_t worker, Clock::time_point now) const {
    return worker < workers_.size() && is_within(workers_[worker].passed_unread_at, now);
}

bool Observatory::turns_away(std::size_t worker, Clock::time_point now) const {
    return worker < workers_.size() && is_within(workers_[worker].turned_away_at, now);
}

}  // namespace sluis
