// What pulling does next, step by step: look for a newer bundle, fetch it, and have it installed when that is wanted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "control/updates/mirror_round.h"
#include "control/updates/update_target.h"
#include "control/updates/update_times.h"
#include "control/updates/updates_config.h"
#include "control/updates/updates_memory.h"
#include "control/updates/updates_view.h"

namespace sluis {

/// Where an updater's sense of time and chance comes from.
struct UpdaterWorld {
    std::function<std::int64_t()> now;                       ///< seconds since 1970-01-01 UTC
    std::function<int(std::int64_t)> minute = local_minute;  ///< of the local day
    MirrorRound::Random random;                              ///< from 0 (included) to 1
    MirrorLimits limits;
};

/// The decisions, one step after the other; without the thread, for tests too.
class UpdatePlan {
public:
    /// REQUIRES: `config` was checked; `target` outlives the plan.
    UpdatePlan(const UpdatesConfig& config, UpdateTarget& target, MirrorGet get, UpdaterWorld world);

    /// Asks the mirrors, `all` of them when told to, and goes on with what they name.
    void check(bool all);
    /// Goes on with a bundle that waits: for a probation, the window, or another attempt.
    void go_on();
    /// Installs the bundle that waits, whenever it is. `who`: somebody, for the audit record, as `comment`.
    UpdateOutcome install(const std::string& who, const std::string& comment = "");

    std::int64_t next_check() const { return view_.next_check; }
    /// Called whenever something has changed.
    void on_change(std::function<void(const UpdatesView&)> act) { changed_ = std::move(act); }
    UpdatesView view() const;

private:
    void enter(UpdateStage stage, std::string message = "");
    bool learn(const BoxRules& box, bool all);
    void consider(const BoxRules& box, bool all);
    bool is_settled(const BoxRules& box);
    void decide(const BoxRules& box);
    bool passes_dry_run();
    void after_refusal(const UpdateRefusal& refusal);
    void plan_next_check();
    void remember();
    std::optional<BoxRules> look();

    UpdatesConfig config_;
    UpdateTarget& target_;
    UpdaterWorld world_;
    InstallWindow window_;
    MirrorRound round_;
    UpdatesMemory memory_;
    UpdatesView view_;
    std::function<void(const UpdatesView&)> changed_;
    std::optional<FreshnessNote> newest_;
    std::string file_;          ///< of the bundle that waits; empty: none does
    bool tried_ = false;        ///< that bundle passed a dry run
    std::int64_t delayed_ = 0;  ///< not before
    std::int64_t since_;
};

}  // namespace sluis
