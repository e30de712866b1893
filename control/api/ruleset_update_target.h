// The updater's way to the rules of this box: the jobs that a push takes, too.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "control/api/job_queue.h"
#include "control/api/ruleset_keeper.h"
#include "control/bundle/bundle_store.h"
#include "control/updates/update_target.h"

namespace sluis {

class RulesetUpdateTarget final : public UpdateTarget {
public:
    /// REQUIRES: what is given by reference outlives the target. `stop`: nobody waits for a job any more.
    RulesetUpdateTarget(StoreOptions store, RulesetKeeper& keeper, JobQueue& jobs, const std::atomic<bool>& stop)
        : store_(std::move(store)), keeper_(keeper), jobs_(jobs), stop_(stop) {}

    tl::expected<BoxRules, std::string> look() override;
    UpdateOutcome take_note(const std::string& file) override;
    UpdateOutcome dry_run(const std::string& file) override;
    UpdateOutcome install(const std::string& file, const UpdateInstall& how) override;

private:
    UpdateOutcome run(const char* kind, JobQueue::Work work);
    StoreOptions store_;
    RulesetKeeper& keeper_;
    JobQueue& jobs_;
    const std::atomic<bool>& stop_;
};

}  // namespace sluis
