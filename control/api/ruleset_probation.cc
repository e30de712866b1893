// How RulesetKeeper ends probations by itself: by health, and by time.
#include <nlohmann/json.hpp>
#include <string>

#include "control/api/log.h"
#include "control/api/ruleset_audit.h"
#include "control/api/ruleset_keeper.h"
#include "control/bundle/bundle_clock.h"
#include "control/bundle/hexadecimal.h"

namespace sluis {

nlohmann::ordered_json audit_state(const wire::StoreState& state) {
    nlohmann::ordered_json made{{"sequence", state.current().sequence()},
                                {"sha256", to_hex(state.current().sha256())},
                                {"pending", state.pending()},
                                {"previous_sequence", state.previous().sequence()},
                                {"floor", state.floor()}};
    return made;
}

EndedProbation ended_probation(const wire::StoreState& before, const HealthFinding& how) {
    return {how.cause, how.message, before.current().sequence(), to_hex(before.current().sha256()), system_time()};
}

/// What ended without anybody's order is recorded when it is done: it must not wait for room on a disk.
void RulesetKeeper::note_end(const BundleStore& store, const wire::StoreState& before, const HealthFinding& how) {
    const std::string cause(info(how.cause).name);
    const AuditRecord record{"sluis-control", "ruleset.probation_over", "", cause + ": " + how.message};
    const auto written = audit_.write(AuditStage::done, record, audit_state(before), audit_state(store.state()));
    if (!written)
        log_event(LogPriority::error, "audit_unwritable", {{"error", written.error()}, {"what", record.what}});
    const bool is_good = how.cause == ProbationCause::healthy;
    log_event(is_good ? LogPriority::notice : LogPriority::warning, record.what,
              {{"sequence", std::to_string(before.current().sequence())}, {"cause", cause}, {"message", how.message}});
    watch_.ended(ended_probation(before, how));
}

/// Whether it did. What fails is an alarm, and is tried again with the next look.
bool RulesetKeeper::end_probation_by_health() {
    const auto seen = BundleStore::open_to_look(store_);
    if (!seen || !seen->state().pending()) return false;
    const wire::StoreState before = seen->state();
    const HealthFinding found =
        watch_.judge(to_hex(before.current().sha256()), seen->probation_end().value_or(0), system_time());
    if (found.cause == ProbationCause::none || found.cause == ProbationCause::expired) {
        health_trouble_.clear();
        return false;
    }
    auto store = BundleStore::open(store_);
    if (!store || store->state().current().sha256() != before.current().sha256() || !store->state().pending())
        return false;
    Checked<void> ended;
    if (found.cause == ProbationCause::healthy)
        ended = store->confirm(system_time());
    else if (const auto origin = store->roll_back(); !origin)
        ended = tl::unexpected(origin.error());
    if (!ended) {
        const std::string trouble = found.message + ", and it stays: " + describe(ended.error());
        const bool is_news = health_trouble_ != trouble;
        health_trouble_ = trouble;
        return is_news;
    }
    health_trouble_.clear();
    note_end(*store, before, found);
    return true;
}

/// What fails of it shows as an alarm of the store, and is tried again with the next look.
void RulesetKeeper::expire_probation() {
    const auto seen = BundleStore::open_to_look(store_);
    if (!seen || !seen->state().pending() || seen->state().probation_seconds() == 0) return;
    auto store = BundleStore::open(store_);
    if (!store) return;
    const wire::StoreState before = store->state();
    const auto expired = store->expire_probation(system_time());
    if (expired && *expired)
        note_end(*store, before, {ProbationCause::expired, "not confirmed in time, and rolled back"});
}

void RulesetKeeper::show_probation(api::Ruleset& to) const {
    if (to.pending()) to.set_confirmed_by(watch_.is_by_health(to.current().sha256()) ? "health" : "somebody");
    const EndedProbation& last = watch_.last();
    if (last.cause != ProbationCause::none) {
        api::EndedProbation& ended = *to.mutable_last_probation();
        ended.set_cause(std::string(info(last.cause).name));
        ended.set_message(last.message);
        ended.set_sequence(last.sequence);
        ended.set_sha256(last.sha256);
        ended.set_ended(last.ended);
    }
    if (health_trouble_.empty()) return;
    api::Alarm& alarm = *to.add_alarms();
    alarm.set_name("rules_do_no_good");
    alarm.set_message(health_trouble_);
}

}  // namespace sluis
