// The dataplane at one moment, as far as it says whether new rules do it good.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/probation/health.h"

namespace sluis {

struct DataplaneSample {
    bool running = false;
    std::uint32_t pid = 0;
    std::uint64_t started = 0;  ///< seconds since 1970-01-01 UTC
    HealthCounts counts;        ///< totals since that start
    std::vector<std::uint64_t> heartbeats;

    bool is_same_process(const DataplaneSample& other) const { return pid == other.pid && started == other.started; }
};

/// Reads the counters file; a dataplane that has none is not running.
DataplaneSample sample_dataplane(const std::string& runtime_directory);

}  // namespace sluis
