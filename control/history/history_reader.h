// What history has of a time, for reports. Reads beside the writer, and sees what was written when it was opened.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/history/database.h"
#include "control/history/history_record.h"

namespace sluis {

/// A change with the time until the next one.
template <typename Change>
struct Lasting {
    Change change;
    std::int64_t until = 0;  ///< 0: it lasts
};

class HistoryReader {
public:
    static Stored<HistoryReader> open(const std::string& path);

    /// When history begins.
    Stored<std::int64_t> since();
    /// Rows of `first` to `last`, both included.
    Stored<PeriodCounts> hours(std::int64_t first, std::int64_t last);
    Stored<PeriodCounts> days(std::int64_t first, std::int64_t last);
    /// What was in force at some time between the two, the oldest first.
    Stored<std::vector<Lasting<RulesetRecord>>> rulesets(std::int64_t from, std::int64_t until);
    Stored<std::vector<Lasting<PhaseRecord>>> phases(std::int64_t from, std::int64_t until);
    /// What lasted at some time between the two, the oldest first.
    Stored<std::vector<Outage>> outages(std::int64_t from, std::int64_t until);

private:
    explicit HistoryReader(Database database) : database_(std::move(database)) {}
    Stored<PeriodCounts> counts(const char* statement, std::int64_t first, std::int64_t last);

    Database database_;
};

}  // namespace sluis
