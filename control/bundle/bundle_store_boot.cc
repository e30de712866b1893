// What a box starts with, whatever happened to its store, and what people should know of it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/bundle_store.h"

namespace sluis {

std::string_view origin_name(RuleOrigin origin) {
    constexpr std::array<std::string_view, 4> kNames{"none", "factory", "previous", "current"};
    return kNames[static_cast<std::size_t>(origin)];
}

bool BundleStore::try_candidate(Checked<CheckedBundle> candidate, RuleOrigin origin, bool with_trial,
                                BootOutcome& outcome) const {
    // What was quick enough when it was installed stays in force, however busy the box is when it starts.
    TrialSettings settings = options_.trial;
    settings.judge_time = false;
    auto trial = candidate && with_trial ? try_bundle(*candidate, settings) : TrialOutcome{};
    if (candidate && trial) {
        outcome.origin = origin;
        outcome.bundle = std::move(*candidate);
        if (with_trial) outcome.trial = std::move(*trial);
        return true;
    }
    outcome.alarms.push_back({"bundle_unusable", fmt::format("the {} bundle: {}", origin_name(origin),
                                                             describe(candidate ? trial.error() : candidate.error()))});
    return false;
}

BootOutcome BundleStore::boot(std::int64_t now, bool with_trial) const {
    BootOutcome outcome;
    const bool found = (state_.has_current() &&
                        try_candidate(check_stored(state_.current(), now), RuleOrigin::current, with_trial, outcome)) ||
                       (state_.has_previous() && try_candidate(check_stored(state_.previous(), now),
                                                               RuleOrigin::previous, with_trial, outcome)) ||
                       try_candidate(check_factory(now), RuleOrigin::factory, with_trial, outcome);
    if (!found) outcome.alarms.push_back({"no_rules", "neither an installed bundle nor the factory's can be used"});
    if (found) add_bundle_alarms(outcome);
    add_key_alarms(now, outcome);
    add_note_alarms(now, outcome);
    add_store_alarms(now, outcome);
    return outcome;
}

void BundleStore::add_bundle_alarms(BootOutcome& outcome) const {
    const wire::RuleBundle& bundle = outcome.bundle.content;
    if (outcome.bundle.expired) {
        outcome.alarms.push_back({"bundle_expired", fmt::format("the rules in force expired at {}, and stay in force",
                                                                format_time(bundle.expires()))});
    }
    const std::size_t trusted = static_cast<std::size_t>(
        std::count_if(keys().rule_keys.begin(), keys().rule_keys.end(), [&](const PublicKey& key) {
            const auto& signers = outcome.bundle.signers;
            return std::find(signers.begin(), signers.end(), key.id()) != signers.end();
        }));
    if (trusted < keys().rule_threshold) {
        outcome.alarms.push_back({"former_keys", fmt::format("the rules in force are signed by keys that key set {} no "
                                                             "longer trusts; install newer ones",
                                                             keys().version)});
    }
    if (bundle.sequence() < state_.floor()) {
        outcome.alarms.push_back({"below_floor", fmt::format("the rules in force have the sequence {}, below the floor "
                                                             "{}",
                                                             bundle.sequence(), state_.floor())});
    }
}

void BundleStore::add_key_alarms(std::int64_t now, BootOutcome& outcome) const {
    if (!is_clock_set(now))
        outcome.alarms.push_back({"clock_not_set", fmt::format("the clock shows {}", format_time(now))});
    if (keys().development) {
        outcome.alarms.push_back({"development_keys", "this box trusts development keys, which anybody may have"});
    }
    if (is_clock_set(now) && keys().expired(now)) {
        outcome.alarms.push_back(
            {"keys_expired", fmt::format("key set {} expired at {}: no bundle can be installed before "
                                         "its successor is",
                                         keys().version, format_time(keys().expires))});
    } else if (is_clock_set(now) && keys().expired(now + kKeysExpireSoon)) {
        outcome.alarms.push_back(
            {"keys_expire_soon", fmt::format("key set {} expires at {}; install its successor by then", keys().version,
                                             format_time(keys().expires))});
    }
    if (keys_lost_) {
        outcome.alarms.push_back({"keys_lost", fmt::format("key set {} is lost; install the key sets after {} again",
                                                           state_.key_set_version(), keys().version)});
    }
}

/// Where key sets have freshness keys, somebody is to say what the newest bundle is.
void BundleStore::add_note_alarms(std::int64_t now, BootOutcome& outcome) const {
    if (keys().freshness_keys.empty()) return;
    const auto note = newest_note();
    if (!note) {
        outcome.alarms.push_back({"freshness_missing",
                                  "no freshness note has come: newer bundles may be kept from this "
                                  "box"});
        return;
    }
    if (is_clock_set(now)) {
        if (const auto right = check_note_times(*note, now); !right)
            outcome.alarms.push_back({code_name(right.error().code), right.error().message});
    }
    if (outcome.origin == RuleOrigin::none) return;
    if (const auto right = check_note_bundle(*note, outcome.bundle.content.sequence(), outcome.bundle.digest); !right)
        outcome.alarms.push_back({code_name(right.error().code), right.error().message});
}

void BundleStore::add_store_alarms(std::int64_t now, BootOutcome& outcome) const {
    if (is_overdue(now)) {
        outcome.alarms.push_back(
            {"probation_over", fmt::format("sequence {} was to be confirmed by {}, and is not rolled "
                                           "back yet",
                                           state_.current().sequence(), format_time(*probation_end()))});
    }
    if (trouble_) {
        outcome.alarms.push_back(
            {code_name(trouble_->code), fmt::format("nothing is written to the store: {}", trouble_->message)});
    }
    if (state_rebuilt_) outcome.alarms.push_back({"state_rebuilt", "the store's state file was lost or damaged"});
}

}  // namespace sluis
