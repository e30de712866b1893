#include "control/api/job_queue.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "control/bundle/bundle_clock.h"

namespace sluis {
namespace {

bool is_waiting(const api::Job& job) { return job.state() == "queued"; }
bool has_ended(const api::Job& job) { return job.state() == "done" || job.state() == "failed"; }

/// Signals are the main thread's.
void block_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

JobQueue::JobQueue(std::function<void()> between, std::chrono::milliseconds pause, Numbers numbers)
    : between_(std::move(between)), pause_(pause), next_id_(numbers.first), step_(numbers.step), thread_([this] {
          run();
      }) {}

JobQueue::~JobQueue() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

std::optional<api::Job> JobQueue::submit(std::string kind, Work work) {
    const std::lock_guard lock(mutex_);
    const auto waiting =
        std::count_if(entries_.begin(), entries_.end(), [](const auto& e) { return is_waiting(e.job); });
    if (static_cast<std::size_t>(waiting) >= kWaitingJobLimit) return std::nullopt;
    api::Job& job = add(std::move(kind), "queued");
    entries_.back().work = std::move(work);
    wake_.notify_all();
    return job;
}

std::optional<api::Job> JobQueue::begin(std::string kind) {
    const std::lock_guard lock(mutex_);
    const auto running =
        std::count_if(entries_.begin(), entries_.end(), [](const auto& e) { return e.foreign && !has_ended(e.job); });
    if (static_cast<std::size_t>(running) >= kForeignJobLimit) return std::nullopt;
    api::Job& job = add(std::move(kind), "running");
    entries_.back().foreign = true;
    return job;
}

void JobQueue::end(std::uint64_t id, const Outcome& outcome) {
    const std::lock_guard lock(mutex_);
    end_entry(id, outcome);
}

/// Makes room: of what has ended, the oldest goes.
api::Job& JobQueue::add(std::string kind, const char* state) {
    if (entries_.size() >= kEndedJobLimit) {
        const auto oldest =
            std::find_if(entries_.begin(), entries_.end(), [](const auto& e) { return has_ended(e.job); });
        if (oldest != entries_.end()) entries_.erase(oldest);
    }
    Entry entry;
    entry.job.set_id(std::exchange(next_id_, next_id_ + step_));
    entry.job.set_kind(std::move(kind));
    entry.job.set_state(state);
    entry.job.set_submitted(system_time());
    entries_.push_back(std::move(entry));
    return entries_.back().job;
}

std::optional<api::Job> JobQueue::find(std::uint64_t id) const {
    const std::lock_guard lock(mutex_);
    for (const Entry& entry : entries_)
        if (entry.job.id() == id) return entry.job;
    return std::nullopt;
}

bool JobQueue::is_busy() const {
    const std::lock_guard lock(mutex_);
    return busy_ || std::any_of(entries_.begin(), entries_.end(), [](const auto& e) { return is_waiting(e.job); });
}

bool JobQueue::is_alive(std::chrono::steady_clock::time_point now) const {
    const std::lock_guard lock(mutex_);
    return now - last_round_ < (busy_ ? kLongestJob : pause_ + kLongestRest);
}

JobQueue::Entry* JobQueue::find_entry(std::uint64_t id) {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.job.id() == id; });
    return found == entries_.end() ? nullptr : &*found;
}

void JobQueue::run() {
    block_signals();
    std::unique_lock lock(mutex_);
    while (!stop_) {
        busy_ = true;
        last_round_ = std::chrono::steady_clock::now();
        lock.unlock();
        between_();
        lock.lock();
        busy_ = false;
        last_round_ = std::chrono::steady_clock::now();
        const auto is_work = [this] {
            return stop_ ||
                   std::any_of(entries_.begin(), entries_.end(), [](const auto& e) { return is_waiting(e.job); });
        };
        wake_.wait_for(lock, pause_, is_work);
        if (!stop_ && is_work()) run_next(lock);
    }
}

void JobQueue::run_next(std::unique_lock<std::mutex>& lock) {
    const auto next =
        std::find_if(entries_.begin(), entries_.end(), [](const auto& entry) { return is_waiting(entry.job); });
    next->job.set_state("running");
    busy_ = true;
    last_round_ = std::chrono::steady_clock::now();
    const std::uint64_t id = next->job.id();
    const Work work = std::exchange(next->work, nullptr);
    lock.unlock();
    const Outcome outcome = work();
    lock.lock();
    end_entry(id, outcome);
}

void JobQueue::end_entry(std::uint64_t id, const Outcome& outcome) {
    // Entries before and behind it may have come and gone.
    api::Job& job = find_entry(id)->job;
    job.set_finished(system_time());
    job.set_state(outcome ? "done" : "failed");
    if (outcome) job.set_message(*outcome);
    if (!outcome) *job.mutable_error() = outcome.error();
}

}  // namespace sluis
