#include "control/api/config_plan.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "control/api/config_journal.h"
#include "control/api/tls/tls_settings.h"
#include "control/dataplane_link/dataplane_link.h"

namespace sluis {
namespace {

constexpr const char* kDataplane = "sluis-dataplane";
constexpr const char* kControl = "sluis-control";

void add_change(api::ConfigPlan& plan, const ConfigChange& change, const char* process) {
    api::ConfigKeyChange& made = *plan.add_changes();
    made.set_key(change.key);
    made.set_before(change.before);
    made.set_after(change.after);
    made.set_process(process);
    made.set_taken_up(change.live ? "live" : "restart");
}

/// Tables of the dataplane's that sluis-control reads, too.
bool concerns_control(const std::string& key) {
    if (key == "pair") return true;  // zones name pairs
    constexpr std::array<std::string_view, 4> kTables{"policy.", "limits.", "rules.", "runtime."};
    return std::any_of(kTables.begin(), kTables.end(), [&](std::string_view table) { return key.starts_with(table); });
}

/// What the dataplane that runs says. It knows better than the file what it runs by, and what fits this machine.
tl::expected<void, Problem> ask_dataplane(api::ConfigPlan& plan, const std::string& text, const ControlConfig& running,
                                          int seconds) {
    auto link = DataplaneLink::connect(running.dataplane.runtime_directory, seconds);
    const auto changes =
        link ? link->check_configuration(std::as_bytes(std::span(text))) : tl::unexpected(link.error());
    if (!changes && changes.error().code == command::CONFIG)
        return tl::unexpected(Problem{422, changes.error().message, ""});
    if (!changes) {
        plan.add_notes("sluis-dataplane has not checked it, and takes it up at its next start: " +
                       changes.error().message);
        return {};
    }
    plan.set_dataplane_checked(true);
    plan.set_dataplane_restart(changes->restart());
    plan.set_frames_lost(changes->restart());
    if (!changes->restart()) return {};
    const auto state = link->state();
    if (state && !state->supervised())
        plan.add_notes("nobody starts sluis-dataplane again when it ends: end and start it by hand");
    return {};
}

}  // namespace

bool changes_control(const ControlConfig& running, const ControlConfig& next) {
    const auto changes = changes_between(running.dataplane, next.dataplane);
    return !control_changes_between(running, next).empty() ||
           std::any_of(changes.begin(), changes.end(), [](const auto& change) { return concerns_control(change.key); });
}

tl::expected<api::ConfigPlan, Problem> plan_configuration(const std::string& text, const std::string& path,
                                                          const ControlConfig& running, int seconds) {
    ConfigPlace place;
    // As the dataplane reads it, which needs a pair.
    if (const auto dataplane = parse_config(text, path, true, &place); !dataplane)
        return tl::unexpected(Problem{422, dataplane.error(), place.key});
    const auto next = parse_control_config(text, path, &place);
    if (!next) return tl::unexpected(Problem{422, next.error(), place.key});
    if (next->api.is_on())
        if (const auto certificates = TlsSettings::load(next->api); !certificates)
            return tl::unexpected(Problem{422, certificates.error(), "api"});
    api::ConfigPlan plan;
    plan.set_sha256(config_digest(text));
    for (const ConfigChange& change : changes_between(running.dataplane, next->dataplane))
        add_change(plan, change, kDataplane);
    for (const ConfigChange& change : control_changes_between(running, *next)) add_change(plan, change, kControl);
    plan.set_control_restart(changes_control(running, *next));
    if (const auto asked = ask_dataplane(plan, text, running, seconds); !asked) return tl::unexpected(asked.error());
    return plan;
}

}  // namespace sluis
