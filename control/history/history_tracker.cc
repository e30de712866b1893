#include "control/history/history_tracker.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "control/history/calendar.h"

namespace sluis {
namespace {

void add(PeriodCounts& to, std::int64_t period, const RefusalKey& key, const RefusalCount& count) {
    const std::pair place(period, key);
    if (to.size() < HistoryTracker::kWaitingRows || to.contains(place))
        to[place] += count;
    else
        to[{period, {"other", "other", key.protocol}}] += count;
}

template <typename Change>
void keep_newest(std::vector<Change>& changes) {
    if (changes.size() > HistoryTracker::kWaitingChanges) changes.erase(changes.begin());
}

void keep(std::map<OutageKey, Outage>& outages, const Outage& outage) {
    const OutageKey key(outage.condition.what, outage.condition.subject, outage.began);
    outages[key] = outage;
    if (outages.size() > HistoryTracker::kWaitingChanges) outages.erase(outages.begin());
}

std::string cut(std::string text) {
    if (text.size() > kHistoryTextLimit) text.resize(kHistoryTextLimit);
    return text;
}

/// What could not be written came first.
template <typename Change>
void put_before(std::vector<Change>& newer, std::vector<Change> older) {
    older.insert(older.end(), newer.begin(), newer.end());
    const std::size_t surplus = older.size() - std::min(older.size(), HistoryTracker::kWaitingChanges);
    older.erase(older.begin(), older.begin() + static_cast<std::ptrdiff_t>(surplus));
    newer = std::move(older);
}

}  // namespace

void HistoryTracker::begin(HistoryMemory memory, std::int64_t now, std::int64_t gap) {
    ledger_ = RefusalLedger(std::move(memory.known));
    ruleset_ = std::move(memory.ruleset);
    phase_ = std::move(memory.phase);
    for (Outage& outage : memory.open) open_[{outage.condition.what, outage.condition.subject}] = std::move(outage);
    if (memory.last_seen != 0 && now - memory.last_seen > gap)
        keep(waiting_.outages, {{"control", "", "sluis-control did not run"}, memory.last_seen, now});
}

void HistoryTracker::count(const BoxSample& sample, const RefusalCounts& news) {
    const std::int64_t hour = period_of(sample.time, kSecondsOfHour), minute = period_of(sample.time, kSecondsOfMinute);
    for (const auto& [key, more] : news) {
        add(waiting_.hours, hour, key, more);
        add(waiting_.days, sample.day, key, more);
        RefusalCounts& now = minutes_[minute];
        now[now.size() < kMinuteRows || now.contains(key) ? key : RefusalKey{"other", "other", key.protocol}] += more;
    }
    // Not by the clock alone, which may be set: no more than so many, whatever it shows.
    while (minutes_.size() > static_cast<std::size_t>(kMinutes)) minutes_.erase(minutes_.begin());
}

void HistoryTracker::see_conditions(const BoxSample& sample) {
    std::set<std::pair<std::string, std::string>> seen;
    for (const Condition& condition : sample.conditions) {
        const std::pair key(condition.what, condition.subject);
        const auto known = open_.find(key);
        if (known == open_.end() && open_.size() >= kConditionLimit) continue;
        if (!seen.insert(key).second) continue;
        const Condition kept{condition.what, condition.subject, cut(condition.detail)};
        if (known != open_.end() && known->second.condition.detail == kept.detail) continue;
        // Another mode, or another cause, is another outage.
        if (known != open_.end()) {
            known->second.ended = std::max(sample.time, known->second.began);
            keep(waiting_.outages, known->second);
        }
        open_[key] = {kept, sample.time, 0};
        keep(waiting_.outages, open_[key]);
    }
    std::erase_if(open_, [&](const auto& each) {
        if (seen.contains(each.first)) return false;
        Outage over = each.second;
        over.ended = std::max(sample.time, over.began);
        keep(waiting_.outages, over);
        return true;
    });
}

void HistoryTracker::see(const BoxSample& sample) {
    for (const DataplaneTotals& totals : sample.totals) count(sample, ledger_.take(totals));
    if (!sample.ruleset.is_same(ruleset_)) {
        ruleset_ = sample.ruleset;
        ruleset_.since = sample.time;
        waiting_.rulesets.push_back(ruleset_);
        keep_newest(waiting_.rulesets);
    }
    PhaseRecord phase = sample.phase;
    phase.modes = cut(std::move(phase.modes));
    if (!phase.is_same(phase_)) {
        phase_ = std::move(phase);
        phase_.since = sample.time;
        waiting_.phases.push_back(phase_);
        keep_newest(waiting_.phases);
    }
    see_conditions(sample);
}

void HistoryTracker::repeat_present() {
    if (waiting_.rulesets.empty()) waiting_.rulesets.push_back(ruleset_);
    if (waiting_.phases.empty()) waiting_.phases.push_back(phase_);
    for (const auto& [key, outage] : open_) keep(waiting_.outages, outage);
}

HistoryBatch HistoryTracker::take(std::int64_t now) {
    HistoryBatch batch = std::exchange(waiting_, {});
    batch.time = now;
    batch.known = ledger_.known();
    return batch;
}

void HistoryTracker::put_back(HistoryBatch batch) {
    for (const auto& [place, count] : batch.hours) add(waiting_.hours, place.first, place.second, count);
    for (const auto& [place, count] : batch.days) add(waiting_.days, place.first, place.second, count);
    put_before(waiting_.rulesets, std::move(batch.rulesets));
    put_before(waiting_.phases, std::move(batch.phases));
    for (const auto& [key, outage] : batch.outages)
        if (!waiting_.outages.contains(key)) keep(waiting_.outages, outage);
}

PeriodCounts HistoryTracker::minutes(std::int64_t now) const {
    const std::int64_t last = period_of(now, kSecondsOfMinute);
    PeriodCounts counts;
    for (const auto& [minute, rows] : minutes_) {
        if (minute > last || minute <= last - kMinutes) continue;
        for (const auto& [key, count] : rows) counts[{minute, key}] = count;
    }
    return counts;
}

}  // namespace sluis
