// History on the disk: what is written, and what goes when there is too much of it. One writer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "control/history/database.h"
#include "control/history/history_record.h"

namespace sluis {

/// Periods that are kept, the newest ones: a month of hours, and 13 months of days and more. Counted, not dated: a
/// clock that is wrong for a while makes no period of the past go.
inline constexpr std::int64_t kHoursKept = 31 * 24, kDaysKept = 400;
/// Zones, categories and protocols of one period. Beyond it: zone "other", category "other".
inline constexpr std::int64_t kRowsOfPeriod = 256;
/// Changes of rules, phases of the policy, and outages that are kept, the newest of each.
inline constexpr std::int64_t kRulesetsKept = 1024, kPhasesKept = 1024, kOutagesKept = 4096;
/// Of 4 KiB: the file is never larger than 64 MiB, which all of the above fits into. Its journal has 2 MiB at the most.
inline constexpr std::int64_t kHistoryPages = 16384;

class HistoryStore {
public:
    /// Opens the file and looks whether it is whole; makes a new one where there is none.
    static Stored<HistoryStore> open(const std::string& path, std::int64_t now);

    /// What a start goes on from.
    Stored<HistoryMemory> load();
    /// All of it, or nothing.
    Stored<void> save(const HistoryBatch& batch);

private:
    explicit HistoryStore(Database database) : database_(std::move(database)) {}
    Stored<void> make_tables(std::int64_t now);
    Stored<void> write(const HistoryBatch& batch);
    Stored<void> write_counts(const char* table, const char* period, const PeriodCounts& counts, std::int64_t kept);
    Stored<void> drop_oldest(const char* table, const char* period, std::int64_t kept);
    Stored<void> write_known(const DataplaneTotals& known);
    Stored<void> write_changes(const HistoryBatch& batch);
    Stored<void> write_last_seen(std::int64_t time);

    Database database_;
    DataplaneTotals saved_;  ///< as the file has them
};

}  // namespace sluis
