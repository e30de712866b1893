// Compiling and testing rules in a child process, under limits: what is wrong with them is then the child's trouble.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "control/bundle/bundle_error.h"
#include "control/bundle/trial.pb.h"

namespace sluis {

struct TrialLimits {
    std::uint64_t memory_bytes = std::uint64_t{2} << 30;  ///< of address space
    std::uint32_t cpu_seconds = 120;
    std::chrono::milliseconds wall_time{600'000};           ///< for a child that is stopped; others end by cpu_seconds
    std::uint64_t compiled_bytes = std::uint64_t{1} << 28;  ///< of the compiled set
};

/// What came of rules that are right.
struct TrialOutcome {
    std::vector<std::byte> compiled;  ///< what the dataplane loads
    std::uint32_t rules = 0;
    std::chrono::milliseconds compile_time{0};  ///< of the processor
};

/// The program that run_trial starts: of the build tree, or /usr/libexec/sluis/sluis-rule-trial.
std::string find_trial_program();

/// Starts `program`, gives it the request, and waits for its answer, no longer than the limits allow (and the request's
/// own limits, where these are lower: its compile_ms is processor time, too). The child sees no file of this process
/// and cannot outlive it. May be called from a process with many threads. Fails with a code of the 800s or 900s.
Checked<TrialOutcome> run_trial(const wire::TrialRequest& request, const TrialLimits& limits,
                                const std::string& program);

}  // namespace sluis
