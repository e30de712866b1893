#include "control/api/ruleset_update_target.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "control/bundle/hexadecimal.h"

namespace sluis {
namespace {

/// Between two looks at whether to go on waiting.
constexpr std::chrono::milliseconds kLookEvery{200};

/// What came of a job: shared, since either side may be gone first.
struct Mailbox {
    std::mutex mutex;
    std::condition_variable wake;
    std::optional<JobQueue::Outcome> outcome;
};

tl::unexpected<UpdateRefusal> refuse_update(const char* name, const char* message) {
    return tl::unexpected(UpdateRefusal{0, name, message});
}

}  // namespace

tl::expected<BoxRules, std::string> RulesetUpdateTarget::look() {
    const auto store = BundleStore::open_to_look(store_);
    if (!store) return tl::unexpected(describe(store.error()));
    const wire::StoreState& state = store->state();
    BoxRules box{store->keys(), store->newest_note(), 0, to_hex(state.rolled_back_sha256()), state.pending()};
    box.sequence = std::max<std::uint64_t>(state.installed_sequence(), state.current().sequence());
    // Nothing is installed: the factory's rules are in force, or none.
    if (box.sequence == 0) box.sequence = keeper_.view()->ruleset.sequence();
    return box;
}

// `work` may be run when the target is gone: it must not hold it.
UpdateOutcome RulesetUpdateTarget::run(const char* kind, JobQueue::Work work) {
    const auto mailbox = std::make_shared<Mailbox>();
    const auto job = jobs_.submit(kind, [mailbox, work = std::move(work)] {
        JobQueue::Outcome outcome = work();
        const std::lock_guard lock(mailbox->mutex);
        mailbox->outcome = outcome;
        mailbox->wake.notify_all();
        return outcome;
    });
    if (!job) return refuse_update("busy", "other jobs are waiting already");
    std::unique_lock lock(mailbox->mutex);
    while (!mailbox->outcome) {
        if (stop_.load()) return refuse_update("cut_off", "sluis-control ends");
        mailbox->wake.wait_for(lock, kLookEvery);
    }
    const JobQueue::Outcome& outcome = *mailbox->outcome;
    if (outcome) return *outcome;
    return tl::unexpected(UpdateRefusal{outcome.error().code(), outcome.error().name(), outcome.error().message()});
}

UpdateOutcome RulesetUpdateTarget::take_note(const std::string& file) {
    return run("ruleset.note", [&keeper = keeper_, file] { return keeper.take_note(file); });
}

UpdateOutcome RulesetUpdateTarget::dry_run(const std::string& file) {
    return run("ruleset.dry_run", [&keeper = keeper_, file] { return keeper.dry_run(file); });
}

UpdateOutcome RulesetUpdateTarget::install(const std::string& file, const UpdateInstall& how) {
    RulesetChange change;
    change.who = how.who;
    change.comment = how.comment;
    change.by_health = how.by_health;
    return run("ruleset.install", [&keeper = keeper_, file, change] { return keeper.install(file, change); });
}

}  // namespace sluis
