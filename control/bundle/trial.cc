#include "control/bundle/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <system_error>

#include "control/bundle/child_process.h"
#include "control/bundle/message_reader.h"
#include "control/bundle/trial_exit.h"
#include "dataplane/packet/bytes.h"

namespace sluis {
namespace {

/// The answer besides the compiled set: a message of one line, and numbers.
constexpr std::uint64_t kReplyExtraLimit = 1 << 20;

TrialLimits lower(TrialLimits limits, const wire::RuleLimits& wanted) {
    if (wanted.compiled_bytes() != 0) limits.compiled_bytes = std::min(limits.compiled_bytes, wanted.compiled_bytes());
    // The child judges the milliseconds itself; this ends it within two seconds of them.
    if (wanted.compile_ms() != 0) limits.cpu_seconds = std::min(limits.cpu_seconds, wanted.compile_ms() / 1000 + 1);
    return limits;
}

/// Why a child that gave no answer ended.
tl::unexpected<BundleError> explain_end(const ChildEnd& end, const TrialLimits& limits) {
    if (end.reason == ChildEnd::Reason::not_started)
        return refuse(BundleCode::trial_unavailable, fmt::format("{}; install Sluis again", end.message));
    if (end.reason == ChildEnd::Reason::timed_out || end.signal == SIGXCPU) {
        return refuse(BundleCode::trial_time,
                      fmt::format("the rules took longer than {} s of the processor, or {} ms in all; use fewer or "
                                  "simpler ones, or see what stops the box's processes",
                                  limits.cpu_seconds, limits.wall_time.count()));
    }
    if (end.reason == ChildEnd::Reason::too_much_output)
        return refuse(
            BundleCode::compiled_limit,
            fmt::format("the compiled set is larger than {} bytes; use fewer or simpler rules", limits.compiled_bytes));
    if (end.status == kTrialExitMemory)
        return refuse(BundleCode::trial_memory,
                      fmt::format("the rules need more than {} bytes of memory to compile; use fewer or simpler ones",
                                  limits.memory_bytes));
    return refuse(
        BundleCode::trial_crashed,
        fmt::format("the process that tries the rules ended with status {}, signal {}", end.status, end.signal));
}

}  // namespace

std::string find_trial_program() {
    std::error_code ignored;
#ifdef SLUIS_TRIAL_BUILT
    if (const std::string built = SLUIS_TRIAL_BUILT; std::filesystem::exists(built, ignored)) return built;
#endif
    return SLUIS_TRIAL_INSTALLED;
}

Checked<TrialOutcome> run_trial(const wire::TrialRequest& request, const TrialLimits& box_limits,
                                const std::string& program) {
    const TrialLimits limits = lower(box_limits, request.limits());
    wire::TrialRequest limited = request;
    limited.mutable_limits()->set_compiled_bytes(limits.compiled_bytes);
    const ChildEnd end = run_child({program, std::to_string(limits.memory_bytes), std::to_string(limits.cpu_seconds)},
                                   write_message(limited), limits.wall_time, limits.compiled_bytes + kReplyExtraLimit);
    wire::TrialReply reply;
    const bool answered = end.reason == ChildEnd::Reason::exited && end.status == kTrialExitAnswered;
    if (!answered) return explain_end(end, limits);
    if (!read_message(end.output, reply))
        return refuse(BundleCode::trial_crashed, "the process that tries the rules gave no answer that can be read");
    if (reply.code() != 0) return refuse(code_of(reply.code(), BundleCode::trial_crashed), reply.message());
    if (reply.compiled().empty() || reply.rules() == 0)
        return refuse(BundleCode::trial_crashed, "the process that tries the rules gave an answer without rules");
    const Bytes compiled = as_bytes(reply.compiled());
    return TrialOutcome{
        {compiled.begin(), compiled.end()}, reply.rules(), std::chrono::milliseconds(reply.compile_ms())};
}

}  // namespace sluis
