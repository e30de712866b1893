// Work that takes longer than a request may: one thread does it, one piece after the other.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <tl/expected.hpp>

#include "control/api/api.pb.h"

namespace sluis {

/// Jobs that wait. Beyond it: 503, try again. Each may hold a bundle.
inline constexpr std::size_t kWaitingJobLimit = 4;
/// Jobs that other threads do.
inline constexpr std::size_t kForeignJobLimit = 4;
/// Jobs that ended and can still be asked for.
inline constexpr std::size_t kEndedJobLimit = 64;
/// A thread that takes longer hangs. A job's child is ended after ten minutes, and a job has two of them at the most.
inline constexpr std::chrono::minutes kLongestJob{30};
/// How late a thread that has nothing to do may come back from its pause.
inline constexpr std::chrono::minutes kLongestRest{1};

class JobQueue {
public:
    /// What came of a job: one line for people, or what went wrong.
    using Outcome = tl::expected<std::string, api::JobError>;
    using Work = std::function<Outcome()>;

    /// The numbers of jobs: `first`, and then every `step`-th, so that no two queues have the same.
    struct Numbers {
        std::uint64_t first, step;
    };
    /// `between` runs at the start, after each job, and every `pause` while there is none.
    JobQueue(std::function<void()> between, std::chrono::milliseconds pause, Numbers numbers = {1, 1});
    /// Waits for the job that runs; those that wait are dropped.
    ~JobQueue();
    JobQueue(const JobQueue&) = delete;
    JobQueue& operator=(const JobQueue&) = delete;

    /// The new job; none when too many wait.
    std::optional<api::Job> submit(std::string kind, Work work);
    /// A job that another thread does, and says the end of; none when too many of these run.
    std::optional<api::Job> begin(std::string kind);
    void end(std::uint64_t id, const Outcome& outcome);
    std::optional<api::Job> find(std::uint64_t id) const;
    bool is_busy() const;
    /// Whether the thread has come round lately: within kLongestJob while it works, kLongestRest late at the most while
    /// it has nothing to do.
    bool is_alive(std::chrono::steady_clock::time_point now) const;

private:
    struct Entry {
        api::Job job;
        Work work;
        bool foreign = false;
    };
    void run();
    api::Job& add(std::string kind, const char* state);
    Entry* find_entry(std::uint64_t id);
    void end_entry(std::uint64_t id, const Outcome& outcome);
    void run_next(std::unique_lock<std::mutex>& lock);

    std::function<void()> between_;
    std::chrono::milliseconds pause_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Entry> entries_;  ///< the oldest first; of our own one at the most is running
    std::uint64_t next_id_;
    std::uint64_t step_;
    bool busy_ = true;  ///< a job or `between` runs
    std::chrono::steady_clock::time_point last_round_ = std::chrono::steady_clock::now();
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace sluis
