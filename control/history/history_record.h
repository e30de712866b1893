// What history keeps besides counts, and what is written at once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "control/history/refusal_counts.h"

namespace sluis {

/// Rules that came into force.
struct RulesetRecord {
    std::int64_t since = 0;  ///< seconds since 1970-01-01 UTC, as every time here
    std::string origin;      ///< "none", "factory", "previous" or "current"
    std::uint64_t sequence = 0;
    std::string sha256;  ///< of the bundle

    bool is_same(const RulesetRecord& other) const {
        return std::tie(origin, sequence, sha256) == std::tie(other.origin, other.sequence, other.sha256);
    }
};

/// A policy, or a phase of one, that came into force.
struct PhaseRecord {
    std::int64_t since = 0;
    std::string sha256;  ///< of the policy and its lists; empty: there is none
    std::string modes;   ///< "wifi: tiktok enforce, douyin monitor; …"

    bool is_same(const PhaseRecord& other) const {
        return std::tie(sha256, modes) == std::tie(other.sha256, other.modes);
    }
};

/// Something that is not as it should be, while it lasts.
struct Condition {
    std::string what;     ///< "dataplane", "mode", "bypass", "link"; "control" is added by the tracker
    std::string subject;  ///< the pair, or the port; empty: the box
    std::string detail;   ///< in words
};

struct Outage {
    Condition condition;
    std::int64_t began = 0;
    std::int64_t ended = 0;  ///< 0: it lasts
};

/// What, whom, since when.
using OutageKey = std::tuple<std::string, std::string, std::int64_t>;
/// By the hour (UTC) or day (local), each counted from 1970.
using PeriodCounts = std::map<std::pair<std::int64_t, RefusalKey>, RefusalCount>;

/// All that is written in one transaction.
struct HistoryBatch {
    std::int64_t time = 0;
    PeriodCounts hours, days;
    DataplaneTotals known;  ///< whose counts are in here, or were before
    std::vector<RulesetRecord> rulesets;
    std::vector<PhaseRecord> phases;
    std::map<OutageKey, Outage> outages;
};

/// What a start goes on from.
struct HistoryMemory {
    std::int64_t since = 0;      ///< when history begins
    std::int64_t last_seen = 0;  ///< when something was last written; 0: never
    DataplaneTotals known;
    RulesetRecord ruleset;
    PhaseRecord phase;
    std::vector<Outage> open;
};

/// Bytes kept of a text.
inline constexpr std::size_t kHistoryTextLimit = 1000;

}  // namespace sluis
