// What the dataplane counts, and which of its workers move: looked at once a second, and never waited for.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/counters_file.h"

namespace sluis {

/// One worker, as its counts have changed between two looks.
struct WorkerMotion {
    std::uint64_t heartbeat = 0;
    std::uint64_t busy_cycles = 0;
    std::uint64_t total_cycles = 0;
    double busy_ratio = 0;      ///< between the last two looks, 0 to 1
    std::int64_t moved_at = 0;  ///< seconds since 1970-01-01 UTC, when the heartbeat was last seen to change; 0: never
    std::chrono::steady_clock::time_point moved{};
    std::uint64_t passed_unread = 0;  ///< Reason::overload_pass
    std::uint64_t turned_away = 0;    ///< drops by Reason::flow_table_full
    /// When these were last seen to rise; nothing: never.
    std::optional<std::chrono::steady_clock::time_point> passed_unread_at, turned_away_at;
};

class Observatory {
public:
    using Clock = std::chrono::steady_clock;
    /// A worker whose heartbeat stands for longer does not move.
    static constexpr std::chrono::seconds kStandstill{5};
    /// The same before its first round: a start takes longer on no port (links that come up, queues that are filled).
    static constexpr std::chrono::seconds kFirstRound{30};
    /// A worker has room again when nothing was passed or turned away for want of it for so long.
    static constexpr std::chrono::seconds kRoom{10};

    explicit Observatory(std::string runtime_directory) : runtime_directory_(std::move(runtime_directory)) {}

    /// To be called about once a second. `wall`: seconds since 1970-01-01 UTC.
    void look(Clock::time_point now, std::int64_t wall);

    /// The counts of now; fails, with one line, when there are none that can be read.
    tl::expected<CountersView, std::string> counters() const { return CountersView::open(runtime_directory_); }
    const std::vector<WorkerMotion>& workers() const { return workers_; }
    bool is_moving(std::size_t worker, Clock::time_point now) const;
    /// Whether a worker was seen to stand still for too long. One of which nothing is known yet is neither this nor
    /// moving.
    bool is_stalled(std::size_t worker) const;
    /// Whether new flows passed unread, or were dropped, within kRoom, since the worker had no room for them.
    bool passes_unread(std::size_t worker, Clock::time_point now) const;
    bool turns_away(std::size_t worker, Clock::time_point now) const;

private:
    void begin_anew(const CountersView& view, Clock::time_point now);

    std::string runtime_directory_;
    std::uint64_t started_ = 0;  ///< of the dataplane that was looked at last
    std::uint32_t pid_ = 0;
    Clock::time_point looked_{};
    std::vector<WorkerMotion> workers_;
};

/// Whether the process that wrote a counters file is there. It may stand still.
bool is_running(const CountersHeader& header);

}  // namespace sluis
