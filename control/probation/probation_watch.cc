#include "control/probation/probation_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/bundle/store_files.h"
#include "dataplane/interface/atomic_file.h"

namespace sluis {

ProbationWatch::ProbationWatch(std::string path, Sample sample) : path_(std::move(path)), sample_(std::move(sample)) {
    if (const auto file = read_whole_file(path_, kProbationRecordLimit)) record_ = read_probation_record(*file);
}

void ProbationWatch::look(Clock::time_point now) {
    DataplaneSample next = sample_();
    const bool is_same = next.is_same_process(now_) && next.heartbeats.size() == now_.heartbeats.size();
    if (!is_same) {
        kept_.clear();
        moved_.assign(next.heartbeats.size(), now);
    }
    for (std::size_t i = 0; is_same && i < next.heartbeats.size(); ++i)
        if (next.heartbeats[i] != now_.heartbeats[i]) moved_[i] = now;
    now_ = std::move(next);
    looked_ = now;
    if (!now_.running || (!kept_.empty() && now - kept_.back().time < kKeepEvery)) return;
    if (kept_.size() >= kKeptLimit) kept_.pop_front();
    kept_.push_back({now, now_});
}

/// What was counted in the last minutes.
HealthCounts ProbationWatch::recent() const {
    return kept_.empty() ? HealthCounts{} : counts_since(kept_.front().sample.counts, now_.counts);
}

tl::expected<void, std::string> ProbationWatch::save() const {
    return write_file_atomically(path_, as_bytes(write_probation_record(record_)));
}

tl::expected<void, std::string> ProbationWatch::begin(const std::string& sha256, bool by_health) {
    record_.watched = {sha256, by_health, recent(), now_, now_.running};
    return save();
}

void ProbationWatch::begin_counting() {
    record_.watched.begin = sample_();
    record_.watched.had_dataplane = record_.watched.begin.running;
    [[maybe_unused]] const auto saved = save();  // as good without: a little more is counted then
}

/// A dataplane that was not there before may come, once.
HealthFinding ProbationWatch::judge_process() {
    WatchedBundle& watched = record_.watched;
    if (!now_.running) {
        if (!watched.had_dataplane) return {};
        return {ProbationCause::dataplane_gone, fmt::format("the dataplane with pid {} is gone", watched.begin.pid)};
    }
    if (!watched.had_dataplane) {
        watched.had_dataplane = true;
        watched.begin = now_;
        [[maybe_unused]] const auto saved = save();
        return {};
    }
    if (!now_.is_same_process(watched.begin)) {
        return {ProbationCause::dataplane_restarted,
                fmt::format("the dataplane had pid {}, and has pid {} now", watched.begin.pid, now_.pid)};
    }
    for (std::size_t i = 0; i < moved_.size(); ++i)
        if (looked_ - moved_[i] > kStandstill)
            return {ProbationCause::worker_stalled, fmt::format("worker {} does not move", i)};
    return {};
}

HealthFinding ProbationWatch::judge(const std::string& sha256, std::int64_t end, std::int64_t now) {
    if (!is_watched(sha256)) {  // installed by another program, or what was kept is lost
        if (!begin(sha256, false)) record_.watched.sha256 = sha256;
        return {};
    }
    if (auto found = judge_process(); found.cause != ProbationCause::none) return found;
    const WatchedBundle& watched = record_.watched;
    const bool is_over = end != 0 && now >= end - (watched.by_health ? std::int64_t{kHealthGrace} : 0);
    const HealthCounts after = counts_since(watched.begin.counts, now_.counts);
    if (watched.had_dataplane)
        if (auto found = judge_counts(watched.before, after, is_over); found.cause != ProbationCause::none)
            return found;
    if (!is_over) return {};
    if (!watched.by_health || now >= end) return {ProbationCause::expired, "not confirmed in time, and rolled back"};
    return {ProbationCause::healthy,
            watched.had_dataplane
                ? fmt::format("the box stayed well for {} frames and {} names", after.frames, after.names)
                : std::string("there was no dataplane that could have said otherwise")};
}

void ProbationWatch::ended(const EndedProbation& how) {
    ++ends_[static_cast<std::size_t>(how.cause)];
    record_.last = how;
    record_.watched = {};
    [[maybe_unused]] const auto saved = save();  // the audit record has it, too
}

}  // namespace sluis
