// What has happened since the last time that history was written. In memory, of bounded size; no file is touched here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "control/history/history_record.h"
#include "control/history/refusal_counts.h"

namespace sluis {

/// One look at the box.
struct BoxSample {
    std::int64_t time = 0;  ///< seconds since 1970-01-01 UTC
    std::int64_t day = 0;   ///< local, counted from 1970-01-01
    /// Of the dataplane that runs or ran last; when another one came since the last look, first the former one's.
    std::vector<DataplaneTotals> totals;
    RulesetRecord ruleset;  ///< in force; `since` is of no meaning
    PhaseRecord phase;      ///< likewise
    std::vector<Condition> conditions;
};

class HistoryTracker {
public:
    /// Rows of counts that wait to be written, of hours and of days each. Beyond it, what is new is counted as zone
    /// "other", category "other": a disk that takes nothing for long costs detail and no count.
    static constexpr std::size_t kWaitingRows = 16384;
    /// Changes and outages that wait, of each kind. Beyond it the oldest is forgotten.
    static constexpr std::size_t kWaitingChanges = 512;
    /// Conditions that are told apart at one time.
    static constexpr std::size_t kConditionLimit = 256;
    /// Minutes that are remembered one by one.
    static constexpr std::int64_t kMinutes = 60;
    /// Zones, categories and protocols of one minute. Beyond it as above.
    static constexpr std::size_t kMinuteRows = 256;

    /// `gap`: who was away for longer, in seconds, was out: an outage of "control".
    void begin(HistoryMemory memory, std::int64_t now, std::int64_t gap);
    void see(const BoxSample& sample);
    /// What is in force and what is out is to be written once more: it goes to another file.
    void repeat_present();

    HistoryBatch take(std::int64_t now);
    /// What could not be written waits on.
    void put_back(HistoryBatch batch);

    /// Of the last 60 minutes and of this start of sluis-control, by minute (UTC, counted from 1970).
    PeriodCounts minutes(std::int64_t now) const;

private:
    void count(const BoxSample& sample, const RefusalCounts& news);
    void see_conditions(const BoxSample& sample);

    RefusalLedger ledger_;
    RulesetRecord ruleset_;
    PhaseRecord phase_;
    std::map<std::pair<std::string, std::string>, Outage> open_;  ///< by what and whom
    std::map<std::int64_t, RefusalCounts> minutes_;
    HistoryBatch waiting_;
};

}  // namespace sluis
