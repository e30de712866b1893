// What a probation is judged by, and how the last one ended: kept so that a restart of sluis-control changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "control/probation/dataplane_sample.h"
#include "control/probation/health.h"

namespace sluis {

/// The bundle that is, or is about to be, on probation.
struct WatchedBundle {
    std::string sha256;      ///< hexadecimal; empty: none
    bool by_health = false;  ///< a box that stays well confirms it; else somebody does
    HealthCounts before;     ///< of the minutes before it came
    DataplaneSample begin;   ///< when it came; of a dataplane that came later, when that was first seen
    bool had_dataplane = false;
};

struct EndedProbation {
    ProbationCause cause = ProbationCause::none;  ///< none: there was no probation yet
    std::string message;
    std::uint64_t sequence = 0;
    std::string sha256;
    std::int64_t ended = 0;  ///< seconds since 1970-01-01 UTC
};

struct ProbationRecord {
    WatchedBundle watched;
    EndedProbation last;
};

inline constexpr std::size_t kProbationRecordLimit = 65536;  ///< bytes of the file

/// JSON.
std::string write_probation_record(const ProbationRecord& record);
/// What can be made of any text. What is lost makes a probation one that somebody has to confirm.
ProbationRecord read_probation_record(std::string_view text);

}  // namespace sluis
