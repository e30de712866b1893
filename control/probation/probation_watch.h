// Watches a box while its newest bundle is on probation. For one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "control/probation/dataplane_sample.h"
#include "control/probation/health.h"
#include "control/probation/probation_record.h"

namespace sluis {

/// Seconds, before a probation ends by itself, at which a box that is well confirms the bundle: as long as
/// sluis-control may be away then.
inline constexpr std::uint32_t kHealthGrace = 300;

class ProbationWatch {
public:
    using Clock = std::chrono::steady_clock;
    using Sample = std::function<DataplaneSample()>;
    /// A worker whose heartbeat stands for longer does not move.
    static constexpr std::chrono::seconds kStandstill{10};
    /// Between two samples that are kept, and how many: ten minutes.
    static constexpr std::chrono::seconds kKeepEvery{10};
    static constexpr std::size_t kKeptLimit = 60;

    /// `path`: of the record.
    ProbationWatch(std::string path, Sample sample);

    /// To be called about every other second: before a probation, too, for what things are like without it.
    void look(Clock::time_point now);

    /// A bundle is about to be installed. Fails when that cannot be kept: with a box that restarts, it would be lost
    /// who is to confirm it.
    tl::expected<void, std::string> begin(const std::string& sha256, bool by_health);
    /// It is in force from now on.
    void begin_counting();
    /// How the bundle on probation fares. `end`: when it is rolled back unless it is confirmed, seconds since
    /// 1970-01-01 UTC; 0: never. `healthy` is for the caller to confirm, all else but `none` to roll back.
    HealthFinding judge(const std::string& sha256, std::int64_t end, std::int64_t now);
    void ended(const EndedProbation& how);

    bool is_by_health(const std::string& sha256) const { return is_watched(sha256) && record_.watched.by_health; }
    const EndedProbation& last() const { return record_.last; }
    /// Since the start, by cause.
    const std::array<std::uint64_t, kProbationCauseCount>& ends() const { return ends_; }

private:
    struct Kept {
        Clock::time_point time;
        DataplaneSample sample;
    };
    bool is_watched(const std::string& sha256) const { return record_.watched.sha256 == sha256 && !sha256.empty(); }
    HealthCounts recent() const;
    HealthFinding judge_process();
    tl::expected<void, std::string> save() const;

    std::string path_;
    Sample sample_;
    ProbationRecord record_;
    DataplaneSample now_;
    Clock::time_point looked_{};
    std::vector<Clock::time_point> moved_;  ///< when each worker's heartbeat was last seen to change
    std::deque<Kept> kept_;                 ///< of one process, the oldest first
    std::array<std::uint64_t, kProbationCauseCount> ends_{};
};

}  // namespace sluis
