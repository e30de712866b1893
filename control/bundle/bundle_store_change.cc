// What changes a store: installing, confirming, rolling back, new key sets, freshness notes.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/bundle_store.h"
#include "control/bundle/store_state.h"

namespace sluis {
namespace {

std::string bytes_of(const Sha256& digest) { return {digest.begin(), digest.end()}; }

}  // namespace

/// What a new bundle has to exceed.
std::optional<std::uint64_t> BundleStore::installed_sequence() const {
    if (state_.installed_sequence() != 0) return state_.installed_sequence();
    const auto factory = check_factory(0);
    return factory ? std::optional<std::uint64_t>(factory->content.sequence()) : std::nullopt;
}

Checked<InstallOutcome> BundleStore::dry_run(const std::string& file, std::int64_t now, bool accept_clock) const {
    if (auto there = require_key_sets(); !there) return tl::unexpected(there.error());
    BundleExpectations expected{options_.board, installed_sequence(), state_.floor(), now, accept_clock, true};
    auto checked = check_bundle(as_bytes(file), keys(), expected);
    if (!checked) return tl::unexpected(checked.error());
    auto trial = try_bundle(*checked, options_.trial);
    if (!trial) return tl::unexpected(trial.error());
    return InstallOutcome{std::move(*checked), std::move(*trial)};
}

Checked<InstallOutcome> BundleStore::install(const std::string& file, std::int64_t now, bool accept_clock,
                                             std::uint32_t probation_seconds) {
    if (state_.pending()) {
        return refuse(BundleCode::already_pending,
                      fmt::format("the bundle with sequence {} is on probation; confirm it or roll it back first",
                                  state_.current().sequence()));
    }
    auto outcome = dry_run(file, now, accept_clock);
    if (!outcome) return outcome;
    wire::StoreState next = state_;
    // The fallback is what is in force, which need not be what was installed last.
    const auto usable = state_.has_current() ? is_usable(state_.current(), now) : Checked<bool>(false);
    if (!usable) return tl::unexpected(usable.error());
    if (*usable) *next.mutable_previous() = state_.current();
    *next.mutable_current() = stored_of(outcome->bundle, keys().version);
    next.set_pending(true);
    next.set_pending_since(now);
    next.set_probation_seconds(probation_seconds);
    next.set_installed_sequence(outcome->bundle.content.sequence());
    if (auto saved = files_.save_bundle(next.current().sha256(), file); !saved) return tl::unexpected(saved.error());
    if (auto saved = commit(next); !saved) return tl::unexpected(saved.error());
    return outcome;
}

bool BundleStore::is_overdue(std::int64_t now) const {
    const auto end = probation_end();
    return end && is_clock_set(now) && now >= *end;
}

std::optional<std::int64_t> BundleStore::probation_end() const {
    const bool counts = state_.pending() && state_.probation_seconds() != 0 && is_clock_set(state_.pending_since());
    return counts ? std::optional(state_.pending_since() + std::int64_t{state_.probation_seconds()}) : std::nullopt;
}

Checked<bool> BundleStore::expire_probation(std::int64_t now) {
    const bool counts = state_.pending() && state_.probation_seconds() != 0 && is_clock_set(now);
    if (!counts || !lock_) return false;
    const auto keep_trouble = [&](const BundleError& error) {
        trouble_ = error;
        return tl::unexpected(error);
    };
    if (!is_clock_set(state_.pending_since()) || now < state_.pending_since()) {
        wire::StoreState next = state_;
        next.set_pending_since(now);
        if (auto saved = commit(next); !saved) return keep_trouble(saved.error());
    }
    if (!is_overdue(now)) return false;
    const auto origin = roll_back();
    if (origin) return true;
    if (origin.error().code == BundleCode::no_fallback) return false;
    return keep_trouble(origin.error());
}

Checked<void> BundleStore::confirm(std::int64_t now) {
    const std::uint64_t sequence = state_.current().sequence();
    if (const auto expired = expire_probation(now); !expired || *expired) {
        if (!expired) return tl::unexpected(expired.error());
        return refuse(BundleCode::probation_over,
                      fmt::format("sequence {} was not confirmed in time, and is rolled back", sequence));
    }
    if (!state_.pending()) return refuse(BundleCode::not_pending, "no bundle is on probation; there is nothing to do");
    wire::StoreState next = state_;
    end_probation(next);
    const std::uint64_t wanted = std::max<std::uint64_t>(state_.wanted_floor(), state_.current().min_sequence());
    const std::uint64_t allowed =
        state_.has_previous() ? std::min<std::uint64_t>(wanted, state_.previous().sequence()) : wanted;
    next.set_wanted_floor(wanted);
    next.set_floor(std::max<std::uint64_t>(state_.floor(), allowed));
    return commit(next);
}

Checked<RuleOrigin> BundleStore::roll_back() {
    if (!state_.has_current()) return refuse(BundleCode::no_fallback, "the factory's rules are in force already");
    wire::StoreState next = state_;
    next.set_rolled_back_sha256(state_.current().sha256());
    end_probation(next);
    next.clear_current();
    next.clear_previous();
    RuleOrigin origin = RuleOrigin::factory;
    std::uint64_t sequence = 0;
    const auto usable = state_.has_previous() ? is_usable(state_.previous(), 0) : Checked<bool>(false);
    if (!usable) return tl::unexpected(usable.error());
    if (*usable) {
        origin = RuleOrigin::current;
        *next.mutable_current() = state_.previous();
        sequence = state_.previous().sequence();
    } else if (const auto factory = check_factory(0)) {
        sequence = factory->content.sequence();
    }
    if (sequence == 0 || sequence < state_.floor()) {
        return refuse(BundleCode::no_fallback, fmt::format("there is no earlier bundle with a sequence of {} or more; "
                                                           "install a newer one",
                                                           state_.floor()));
    }
    // Not above what counts now: a key set may have taken a sequence back that was far too high.
    const std::uint64_t installed = std::min<std::uint64_t>(sequence, state_.installed_sequence());
    next.set_installed_sequence(origin == RuleOrigin::factory ? 0 : installed);
    if (auto saved = commit(next); !saved) return tl::unexpected(saved.error());
    return origin;
}

Checked<std::uint64_t> BundleStore::install_keys(std::span<const std::string> files, std::int64_t now,
                                                 bool accept_clock) {
    std::vector<KeySet> sets{keys()};
    for (const std::string& file : files) {
        auto next = read_next_key_set(sets.back(), as_bytes(file));
        if (!next) return tl::unexpected(next.error());
        sets.push_back(std::move(*next));
    }
    const KeySet& newest = sets.back();
    if (!is_clock_set(now) && !accept_clock) {
        return refuse(BundleCode::clock_not_set,
                      fmt::format("the clock shows {}; set it, or use --accept-clock", format_time(now)));
    }
    if (is_clock_set(now) && newest.expired(now)) {
        return refuse(BundleCode::key_set_expired, fmt::format("key set {} expired at {}; fetch a newer one",
                                                               newest.version, format_time(newest.expires)));
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (auto saved = files_.save_key_set(sets[i + 1].version, files[i]); !saved)
            return tl::unexpected(saved.error());
    }
    key_sets_.insert(key_sets_.end(), sets.begin() + 1, sets.end());
    take_up_key_sets();
    if (auto saved = commit(state_); !saved) return tl::unexpected(saved.error());
    return keys().version;
}

Checked<FreshnessNote> BundleStore::take_note(const std::string& file, std::int64_t now) {
    if (auto there = require_key_sets(); !there) return tl::unexpected(there.error());
    auto note = read_freshness_note(as_bytes(file), keys());
    if (!note) return note;
    if (!is_clock_set(now)) {
        return refuse(BundleCode::clock_not_set,
                      fmt::format("the clock shows {}; set it: a note is about a time", format_time(now)));
    }
    if (auto right = check_note_times(*note, now); !right) return tl::unexpected(right.error());
    const auto known = newest_note();
    if (known && (note->issued < known->issued || (note->issued == known->issued && *note != *known))) {
        return refuse(BundleCode::note_older,
                      fmt::format("the freshness note was issued at {}, and another one at {}; fetch a newer one",
                                  format_time(note->issued), format_time(known->issued)));
    }
    wire::StoreState next = state_;
    wire::SeenNote& seen = *next.mutable_newest_note();
    seen.set_sequence(note->sequence);
    seen.set_bundle_sha256(bytes_of(note->bundle));
    seen.set_issued(note->issued);
    seen.set_expires(note->expires);
    seen.set_key_id(std::string(note->signer.begin(), note->signer.end()));
    if (auto saved = commit(next); !saved) return tl::unexpected(saved.error());
    return note;
}

std::optional<FreshnessNote> BundleStore::newest_note() const {
    if (!state_.has_newest_note()) return std::nullopt;
    const wire::SeenNote& seen = state_.newest_note();
    FreshnessNote note{seen.sequence(), {}, seen.issued(), seen.expires(), {}};
    std::copy_n(seen.bundle_sha256().begin(), note.bundle.size(), note.bundle.begin());
    std::copy_n(seen.key_id().begin(), std::min(seen.key_id().size(), note.signer.size()), note.signer.begin());
    return note;
}

}  // namespace sluis
