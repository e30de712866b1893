// How pulling goes, for whoever asks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/updates/mirror_state.h"
#include "control/updates/updates_config.h"
#include "control/updates/updates_memory.h"

namespace sluis {

// clang-format off
#define SLUIS_UPDATE_STAGES(X) \
    X(off,                "no mirror is configured") \
    X(waiting,            "no check has been made yet") \
    X(checking,           "mirrors are asked for their notes") \
    X(clock_not_set,      "the clock was not set: nothing can be said of a note's time") \
    X(no_freshness_keys,  "the key set has no freshness keys, which pulling needs") \
    X(failing,            "no mirror gave a right note, or the bundle that it names") \
    X(up_to_date,         "what the newest note names is in force") \
    X(downloading,        "the bundle is on its way") \
    X(waits_for_probation, "the bundle is here; another one is on probation") \
    X(waits_for_window,   "the bundle is here, and is installed in the window") \
    X(waits_for_somebody, "the bundle is here and passed its checks; somebody has to install it") \
    X(installing,         "the bundle is checked, compiled and installed") \
    X(delayed,            "the bundle could not be installed now; it is tried again") \
    X(refused,            "the bundle was refused, and is left alone until there is a newer one") \
    X(rolled_back,        "the bundle was rolled back, and is left alone until there is a newer one")
// clang-format on

enum class UpdateStage : std::uint8_t {
#define X(name, text) name,
    SLUIS_UPDATE_STAGES(X)
#undef X
};

struct UpdateStageInfo {
    std::string_view name;
    std::string_view meaning;
};
inline constexpr std::array kUpdateStages{
#define X(name, text) UpdateStageInfo{#name, text},
    SLUIS_UPDATE_STAGES(X)
#undef X
};
constexpr const UpdateStageInfo& info(UpdateStage stage) { return kUpdateStages[static_cast<std::size_t>(stage)]; }

struct UpdatesAlarm {
    std::string_view name;  ///< stable
    std::string message;
};

/// Immutable. Times are seconds since 1970-01-01 UTC; 0: never.
struct UpdatesView {
    UpdateStage stage = UpdateStage::off;
    std::string message;  ///< one line: what came of the last step; empty: the stage says it
    InstallMode install = InstallMode::automatic;
    std::string window;
    std::int64_t checked = 0;  ///< when mirrors were last asked
    std::int64_t fresh = 0;    ///< when one last gave a right note
    std::int64_t next_check = 0;
    std::uint64_t newest_sequence = 0;  ///< what the newest note names
    std::string newest_sha256;
    std::uint64_t downloaded = 0;  ///< bytes of bundles, since the start
    std::uint64_t installs = 0;    ///< that were done, since the start
    std::uint64_t refusals = 0;    ///< installs that were refused, likewise
    std::vector<MirrorState> mirrors;
    std::vector<RefusedBundle> refused;
    std::vector<UpdatesAlarm> alarms;
};

/// Seconds for which a mirror may give older notes than others: caches take their time.
inline constexpr std::int64_t kOlderGrace = 3600;
/// Seconds without a right note, at least, after which that is an alarm; more where checks are rare.
inline constexpr std::int64_t kStaleAfter = 86400;

/// What people should know of. `since`: when this program began to ask.
std::vector<UpdatesAlarm> updates_alarms(const UpdatesView& view, std::uint32_t every, std::int64_t since,
                                         std::int64_t now);

}  // namespace sluis
