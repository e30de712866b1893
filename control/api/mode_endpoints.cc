#include <optional>
#include <string>
#include <utility>

#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/api/job_answer.h"
#include "control/api/job_queue.h"
#include "control/api/mode_setter.h"
#include "dataplane/interface/edit_distance.h"
#include "dataplane/interface/pair_mode.h"

namespace sluis {
namespace {

constexpr std::size_t kReasonLimit = 255;             ///< bytes
constexpr std::uint32_t kLongestChange = 30 * 86400;  ///< seconds

std::optional<Problem> problem_with(const api::ModeChange& change) {
    if (change.pair().empty()) return Problem{400, "say which pair", "pair"};
    if (!find_pair_mode(change.mode()))
        return Problem{
            400,
            "a pair is run inline, monitor, wire or closed" +
                (change.mode().empty() ? "" : hint(change.mode(), {kPairModeNames.begin(), kPairModeNames.end()})),
            "mode"};
    if (change.reason().empty()) return Problem{400, "say why: whoever finds the pair so wants to know", "reason"};
    if (change.reason().size() > kReasonLimit)
        return Problem{400, "at most " + std::to_string(kReasonLimit) + " bytes are kept", "reason"};
    if (change.duration_seconds() > kLongestChange)
        return Problem{400, "at most " + std::to_string(kLongestChange) + " seconds", "duration_seconds"};
    return std::nullopt;
}

}  // namespace

Response post_mode(Request& request, Services& services) {
    const auto change = read_mode_change(request);
    if (!change) return refusal(change.error());
    if (const auto problem = problem_with(*change)) return refusal(*problem);
    ModeSetter& modes = services.modes;
    const std::string who = request.caller.name;
    return accepted(request, services.changes, "mode.set",
                    [&modes, change = *change, who] { return modes.set(change, who); });
}

}  // namespace sluis
