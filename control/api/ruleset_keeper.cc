#include "control/api/ruleset_keeper.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "control/api/file_mark.h"
#include "control/api/log.h"
#include "control/api/ruleset_audit.h"
#include "control/bundle/bundle_clock.h"
#include "control/bundle/envelope.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/store_state.h"
#include "control/rules/rule_difference.h"
#include "dataplane/match/compiled_set.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;
using Outcome = JobQueue::Outcome;

/// Rules that a dry run names one by one.
constexpr std::size_t kDifferenceLines = 200;
/// Seconds after which the store is looked at although it seems unchanged: bundles and keys expire.
constexpr std::int64_t kLookAgain = 60;

api::JobError job_error(const BundleError& error) {
    api::JobError made;
    made.set_code(static_cast<std::uint32_t>(error.code));
    made.set_name(std::string(code_name(error.code)));
    made.set_message(error.message);
    return made;
}

tl::unexpected<api::JobError> fail(const char* name, const std::string& message) {
    api::JobError made;
    made.set_name(name);
    made.set_message(message);
    return tl::unexpected(made);
}

std::string etag_of(const BundleStore& store) {
    const std::string state = write_store_state(store.state());
    const std::string digest = to_hex(sha256(as_bytes(state)));
    return fmt::format("\"{}\"", digest.substr(0, 32));
}

void describe(const wire::StoredBundle& bundle, api::StoredBundle& to) {
    to.set_sequence(bundle.sequence());
    to.set_min_sequence(bundle.min_sequence());
    to.set_sha256(to_hex(bundle.sha256()));
    to.set_key_set(bundle.key_set_version());
}

void describe(const BundleStore& store, const BootOutcome& boot, api::Ruleset& to) {
    const wire::StoreState& state = store.state();
    to.set_in_force(std::string(origin_name(boot.origin)));
    if (boot.origin != RuleOrigin::none) {
        to.set_sequence(boot.bundle.content.sequence());
        to.set_sha256(to_hex(boot.bundle.digest));
        to.set_created(boot.bundle.content.created());
        to.set_expires(boot.bundle.content.expires());
        to.set_expired(boot.bundle.expired);
    }
    to.set_pending(state.pending());
    to.set_pending_since(state.pending_since());
    if (state.has_current()) describe(state.current(), *to.mutable_current());
    if (state.has_previous()) describe(state.previous(), *to.mutable_previous());
    to.set_floor(state.floor());
    to.set_wanted_floor(state.wanted_floor());
    to.set_installed_sequence(state.installed_sequence());
    to.set_rolled_back_sha256(to_hex(state.rolled_back_sha256()));
    to.set_key_set(store.keys().version);
    to.set_key_set_expires(store.keys().expires);
    to.set_development_keys(store.keys().development);
    to.set_probation_end(store.probation_end().value_or(0));
    if (const auto note = store.newest_note()) to.set_newest_sequence(note->sequence);
    for (const StoreAlarm& alarm : boot.alarms) {
        api::Alarm& made = *to.add_alarms();
        made.set_name(std::string(alarm.name));
        made.set_message(alarm.message);
    }
}

/// The source of checked files, null when it cannot be read.
std::shared_ptr<const RuleSource> source_of(const std::vector<SourceFile>& files) {
    auto source = std::make_shared<RuleSource>();
    std::vector<std::string> errors;
    for (const SourceFile& file : files) read_rule_text(file.content, file.name, *source, errors);
    return errors.empty() ? source : nullptr;
}

}  // namespace

RulesetKeeper::RulesetKeeper(StoreOptions store, std::string compiled_path, std::function<Names()> allowed,
                             Deliver deliver, const AuditLog& audit, ProbationWatch& watch)
    : store_(std::move(store)),
      compiled_path_(std::move(compiled_path)),
      allowed_(std::move(allowed)),
      deliver_(std::move(deliver)),
      audit_(audit),
      watch_(watch),
      view_(std::make_shared<RulesetView>()) {
    RulesetView first;
    first.trouble = "the store has not been looked at yet";
    publish(std::move(first));
}

std::shared_ptr<const RulesetView> RulesetKeeper::view() const {
    const std::lock_guard lock(mutex_);
    return view_;
}

void RulesetKeeper::publish(RulesetView next) {
    auto made = std::make_shared<const RulesetView>(std::move(next));
    const std::lock_guard lock(mutex_);
    view_ = std::move(made);
}

std::string RulesetKeeper::file_marks() const {
    return file_mark(store_.directory + "/state") + " " + file_mark(compiled_path_) + " " +
           file_mark(store_.factory_bundle) + " " + file_mark(store_.factory_keys);
}

void RulesetKeeper::look() {
    const std::int64_t now = system_time();
    const bool is_overdue = probation_end_ != 0 && now >= probation_end_;
    store_.trial.allowed_names = allowed_();
    const bool has_names = store_.trial.allowed_names == looked_names_;
    watch_.look(ProbationWatch::Clock::now());
    const bool has_ended = is_pending_ && end_probation_by_health();
    const bool is_unchanged = has_names && file_marks() == marks_;
    if (!has_ended && !is_overdue && is_unchanged && now >= looked_ && now - looked_ < kLookAgain) return;
    RulesetView next;
    look_at_store(next);
    load_compiled(next);
    publish(std::move(next));
    marks_ = file_marks();
    looked_ = now;
    looked_names_ = store_.trial.allowed_names;
}

void RulesetKeeper::look_at_store(RulesetView& next) {
    expire_probation();
    const auto store = BundleStore::open_to_look(store_);
    if (!store) {
        next.trouble = sluis::describe(store.error());
        next.ruleset.set_in_force(std::string(origin_name(RuleOrigin::none)));
        api::Alarm& alarm = *next.ruleset.add_alarms();
        alarm.set_name(std::string(code_name(store.error().code)));
        alarm.set_message(store.error().message);
        return;
    }
    const BootOutcome boot = store->boot(system_time(), false);
    next.etag = etag_of(*store);
    probation_end_ = store->probation_end().value_or(0);
    is_pending_ = store->state().pending();
    const bool is_delivered = to_hex(boot.bundle.digest) == delivered_ &&
                              delivered_names_ == store_.trial.allowed_names &&
                              delivered_mark_ == file_mark(compiled_path_);
    if (boot.origin != RuleOrigin::none && !is_delivered) bring_up(*store, boot);
    describe(*store, boot, next.ruleset);
    show_probation(next.ruleset);
    next.probation_ends = watch_.ends();
    if (!delivery_trouble_.empty()) {
        api::Alarm& alarm = *next.ruleset.add_alarms();
        alarm.set_name("rules_not_delivered");
        alarm.set_message(delivery_trouble_);
    }
    next.source = source_of(boot.bundle.files);
}

/// Compiles what is in force and delivers it.
void RulesetKeeper::bring_up(const BundleStore& store, const BootOutcome& boot) {
    const BootOutcome tried = store.boot(system_time(), true);
    delivery_trouble_ = "no rules could be compiled";
    if (tried.origin == RuleOrigin::none || !tried.trial) return;
    const auto delivered = deliver_(tried.trial->compiled, store_.trial.allowed_names);
    delivery_trouble_ = delivered ? "" : delivered.error();
    if (!delivered) return;
    note_delivery(boot.bundle.digest);
    log_event(LogPriority::notice, "rules",
              {{"origin", std::string(origin_name(tried.origin))},
               {"sequence", std::to_string(tried.bundle.content.sequence())},
               {"sha256", to_hex(tried.bundle.digest)}});
}

void RulesetKeeper::note_delivery(const Sha256& bundle) {
    delivered_ = to_hex(bundle);
    delivered_names_ = store_.trial.allowed_names;
    delivered_mark_ = file_mark(compiled_path_);
}

void RulesetKeeper::load_compiled(RulesetView& next) const {
    auto loaded = RuleSet::load_file(compiled_path_);
    if (loaded) {
        next.ruleset.set_compiled_digest(std::string((*loaded)->digest()));
        next.compiled = std::move(*loaded);
        return;
    }
    api::Alarm& alarm = *next.ruleset.add_alarms();
    alarm.set_name("no_compiled_rules");
    alarm.set_message(loaded.error());
}

Outcome RulesetKeeper::dry_run(const std::string& file) const {
    const auto store = BundleStore::open_to_look(store_);
    if (!store) return tl::unexpected(job_error(store.error()));
    const auto outcome = store->dry_run(file, system_time(), false);
    if (!outcome) return tl::unexpected(job_error(outcome.error()));
    std::string message = fmt::format("sequence {} with {} rules would be installed",
                                      outcome->bundle.content.sequence(), outcome->trial.rules);
    const auto now = view();
    const auto next = source_of(outcome->bundle.files);
    if (now->source == nullptr || next == nullptr) return message;
    for (const std::string& line : rule_difference(*now->source, *next, kDifferenceLines)) message += "\n" + line;
    return message;
}

/// Opens the store, holds it against what the client believes, and acts between two lines of the audit record.
Outcome RulesetKeeper::change_audited(const char* what, const RulesetChange& change, const Action& act) {
    auto store = BundleStore::open(store_);
    if (!store) return tl::unexpected(job_error(store.error()));
    if (!change.if_match.empty() && change.if_match != "*" && change.if_match != etag_of(*store))
        return fail("changed_meanwhile", "the rules are not those of If-Match any more; look again");
    if (change.sequence != 0 && change.sequence != store->state().current().sequence()) {
        return fail("changed_meanwhile", fmt::format("the current bundle has the sequence {}; look again",
                                                     store->state().current().sequence()));
    }
    AuditRecord record{change.who, what, change.comment, ""};
    const json before = audit_state(store->state());
    if (const auto written = audit_.write(AuditStage::begun, record, before, nullptr); !written)
        return fail("audit_unwritable", written.error());
    const Outcome outcome = act(*store);
    record.outcome =
        outcome ? *outcome
                : fmt::format("{} {}: {}", outcome.error().code(), outcome.error().name(), outcome.error().message());
    const auto written =
        audit_.write(outcome ? AuditStage::done : AuditStage::failed, record, before, audit_state(store->state()));
    if (!written) log_event(LogPriority::error, "audit_unwritable", {{"error", written.error()}, {"what", what}});
    log_event(LogPriority::notice, what, {{"who", change.who}, {"outcome", record.outcome}});
    return outcome;
}

Outcome RulesetKeeper::take_note(const std::string& file) {
    auto store = BundleStore::open(store_);
    if (!store) return tl::unexpected(job_error(store.error()));
    const auto note = store->take_note(file, system_time());
    if (!note) return tl::unexpected(job_error(note.error()));
    return fmt::format("sequence {} is the newest", note->sequence);
}

Outcome RulesetKeeper::install(const std::string& file, const RulesetChange& change) {
    store_.trial.allowed_names = allowed_();
    return change_audited("ruleset.install", change, [&](BundleStore& store) -> Outcome {
        // Before it is there: what is installed must not be without who is to confirm it, whenever the power goes.
        const auto envelope = read_envelope(as_bytes(file), kEnvelopeLimit);
        if (envelope && !store.state().pending())
            if (auto kept = watch_.begin(to_hex(payload_digest(*envelope)), change.by_health); !kept)
                return fail("store_unusable", kept.error());
        const auto outcome =
            store.install(file, system_time(), false, change.probation_seconds + (change.by_health ? kHealthGrace : 0));
        if (!outcome) return tl::unexpected(job_error(outcome.error()));
        const std::string installed = fmt::format("sequence {} with {} rules is installed, on probation",
                                                  outcome->bundle.content.sequence(), outcome->trial.rules);
        // What cannot be delivered now is tried again with each look at the store.
        const auto delivered = deliver_(outcome->trial.compiled, store_.trial.allowed_names);
        watch_.begin_counting();
        is_pending_ = true;
        if (!delivered) return fail("rules_not_delivered", installed + ", but: " + delivered.error());
        note_delivery(outcome->bundle.digest);
        return installed;
    });
}

Outcome RulesetKeeper::confirm(const RulesetChange& change) {
    return change_audited("ruleset.confirm", change, [&](BundleStore& store) -> Outcome {
        const wire::StoreState before = store.state();
        if (const auto confirmed = store.confirm(system_time()); !confirmed) {
            if (confirmed.error().code == BundleCode::probation_over)
                note_end(store, before, {ProbationCause::expired, confirmed.error().message});
            return tl::unexpected(job_error(confirmed.error()));
        }
        watch_.ended(ended_probation(before, {ProbationCause::confirmed, change.who}));
        return fmt::format("sequence {} is confirmed, the floor is {}", store.state().current().sequence(),
                           store.state().floor());
    });
}

Outcome RulesetKeeper::roll_back(const RulesetChange& change) {
    return change_audited("ruleset.rollback", change, [&](BundleStore& store) -> Outcome {
        const wire::StoreState before = store.state();
        const auto origin = store.roll_back();
        if (!origin) return tl::unexpected(job_error(origin.error()));
        if (before.pending()) watch_.ended(ended_probation(before, {ProbationCause::rolled_back, change.who}));
        if (*origin == RuleOrigin::factory) return std::string("the factory's rules are in force");
        return fmt::format("sequence {} is in force again", store.state().current().sequence());
    });
}

}  // namespace sluis
