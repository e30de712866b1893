// How much memory a configuration asks for, and how much there is: asked before any of it is taken.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/config.h"

namespace sluis {

/// What one limit costs.
struct MemoryShare {
    std::string_view limit;   ///< its key in [limits]
    std::uint64_t value = 0;  ///< what it is set to
    std::uint64_t bytes = 0;
};

/// The tables of one worker, a share for each limit that moves their size; together within a tenth of what a Pipeline
/// takes from the heap.
std::vector<MemoryShare> worker_memory(const Limits& limits);

struct AvailableMemory {
    std::uint64_t bytes = 0;
    std::string_view bound;  ///< what bounds it, for people: "free memory", "ulimit -v", …
};

/// The least of what the machine has free, what the control group may use and what the process may still map.
AvailableMemory available_memory();

/// Whether the tables of `workers` workers, and the memory of a DPDK without hugepages (`dpdk_mib`, else 0), fit. The
/// error is one line: how much is asked for, by which key most of it, and how much there is.
tl::expected<void, std::string> check_memory(const Limits& limits, std::uint32_t workers, std::uint32_t dpdk_mib,
                                             const AvailableMemory& available);

/// What asks for memory by the numbers of [limits], when there is none.
inline constexpr const char* kLowerLimits =
    "lower the numbers of [limits] in the configuration, or give the process more";

/// From here on, a process that gets no memory says so, and what to do, in one line and ends with status 1. REQUIRES:
/// `program`, its name, and `advice` live as long as the process.
void end_without_memory(const char* program, const char* advice = kLowerLimits);

}  // namespace sluis
