#include "control/bundle/bundle_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/store_state.h"

namespace sluis {
namespace {

std::string bytes_of(const Sha256& digest) { return {digest.begin(), digest.end()}; }

/// Codes of bundles whose signatures do not count, or no longer.
bool is_signature_code(BundleCode code) {
    return code == BundleCode::signature_unknown_key || code == BundleCode::signature_wrong ||
           code == BundleCode::signature_threshold;
}

wire::StoredBundle stored_of(const CheckedBundle& bundle, std::uint64_t key_set_version) {
    wire::StoredBundle stored;
    stored.set_sha256(bytes_of(bundle.digest));
    stored.set_sequence(bundle.content.sequence());
    stored.set_min_sequence(bundle.content.min_sequence());
    stored.set_key_set_version(key_set_version);
    return stored;
}

std::vector<std::string> digests_in(const wire::StoreState& state) {
    std::vector<std::string> digests;
    if (state.has_current()) digests.push_back(state.current().sha256());
    if (state.has_previous()) digests.push_back(state.previous().sha256());
    return digests;
}

}  // namespace

std::string_view origin_name(RuleOrigin origin) {
    constexpr std::array<std::string_view, 4> kNames{"none", "factory", "previous", "current"};
    return kNames[static_cast<std::size_t>(origin)];
}

Checked<BundleStore> BundleStore::open(StoreOptions options) {
    BundleStore store(std::move(options));
    if (auto made = store.files_.make_folders(); !made) return tl::unexpected(made.error());
    auto lock = StoreLock::take(store.files_.lock_path());
    if (!lock) return tl::unexpected(lock.error());
    store.lock_.emplace(std::move(*lock));
    if (auto loaded = store.load(); !loaded) return tl::unexpected(loaded.error());
    if (auto saved = store.commit(store.state_); !saved) return tl::unexpected(saved.error());
    return store;
}

Checked<BundleStore> BundleStore::open_to_look(StoreOptions options) {
    BundleStore store(std::move(options));
    if (auto loaded = store.load(); !loaded) return tl::unexpected(loaded.error());
    return store;
}

Checked<void> BundleStore::load() {
    if (auto keys = load_key_sets(); !keys) return keys;
    auto state = files_.load_state();
    if (state && *state) {
        state_ = std::move(**state);
    } else {
        rebuild_state();
        state_rebuilt_ = !state || state_.has_current() || state_.has_previous();
    }
    take_up_key_sets();
    return {};
}

/// The factory's set and all stored ones that follow it.
Checked<void> BundleStore::load_key_sets() {
    const auto file = read_whole_file(options_.factory_keys, kKeySetEnvelopeLimit);
    if (!file) return refuse(BundleCode::key_set_missing, file.error().message);
    auto first = read_first_key_set(as_bytes(*file));
    if (!first) return refuse(BundleCode::key_set_missing, describe(first.error()));
    key_sets_.push_back(std::move(*first));
    while (auto stored = files_.load_key_set(key_sets_.back().version + 1)) {
        auto next = read_next_key_set(key_sets_.back(), as_bytes(*stored));
        if (!next) break;
        key_sets_.push_back(std::move(*next));
    }
    return {};
}

/// From the links and the bundles themselves, when there is no state that can be read: their own floors are the least
/// that is known to have been promised.
void BundleStore::rebuild_state() {
    state_.Clear();
    state_.set_format(kStoreStateFormat);
    for (const char* name : {"current", "previous"}) {
        const auto digest = files_.linked_bundle(name);
        const auto file = digest ? files_.load_bundle(*digest) : Checked<std::string>(tl::unexpected(BundleError{}));
        const auto bundle = file ? check_installed(*file, key_sets_.front().version, 0)
                                 : Checked<CheckedBundle>(tl::unexpected(BundleError{}));
        if (!bundle || bytes_of(bundle->digest) != *digest) continue;
        const bool current = !state_.has_current() && std::string_view(name) == "current";
        *(current ? state_.mutable_current() : state_.mutable_previous()) =
            stored_of(*bundle, key_sets_.front().version);
        state_.set_installed_sequence(std::max<std::uint64_t>(state_.installed_sequence(), bundle->content.sequence()));
    }
    if (!state_.has_previous()) return;
    state_.set_floor(state_.previous().min_sequence());
    state_.set_wanted_floor(state_.previous().min_sequence());
}

/// Key sets that the state does not know of yet: come with new firmware, or written before a power cut.
void BundleStore::take_up_key_sets() {
    for (const KeySet& set : key_sets_) {
        if (set.version <= state_.key_set_version()) continue;
        state_.set_key_set_version(set.version);
        if (!set.floor_reset) continue;
        state_.set_floor(std::min<std::uint64_t>(state_.floor(), *set.floor_reset));
        state_.set_wanted_floor(std::min<std::uint64_t>(state_.wanted_floor(), *set.floor_reset));
        state_.set_installed_sequence(std::min<std::uint64_t>(state_.installed_sequence(), *set.floor_reset - 1));
    }
    keys_lost_ = keys().version < state_.key_set_version();
}

/// Makes `next` the state: from the moment that its file is there. Links and old bundles follow; what fails of them is
/// made good when the store is opened again.
Checked<void> BundleStore::commit(const wire::StoreState& next) {
    if (auto saved = files_.save_state(next); !saved) {
        // The new file may be in its place, and only its folder not on the disk yet.
        if (auto there = files_.load_state(); there && *there) state_ = std::move(**there);
        return saved;
    }
    state_ = next;
    const auto link = [&](const char* name, bool there, const wire::StoredBundle& bundle) {
        [[maybe_unused]] const auto linked = files_.link_bundle(name, there ? bundle.sha256() : "");
    };
    link("current", state_.has_current(), state_.current());
    link("previous", state_.has_previous(), state_.previous());
    files_.remove_leftovers(digests_in(state_));
    return {};
}

/// Under the newest key set, or, when keys have changed since, under those that counted when it was installed: new keys
/// do not take rules out of force, only a withdrawal does.
Checked<CheckedBundle> BundleStore::check_installed(const std::string& file, std::uint64_t key_set_version,
                                                    std::int64_t now) const {
    BundleExpectations expected;
    expected.board = options_.board;
    expected.now = now;
    expected.installing = false;
    auto checked = check_bundle(as_bytes(file), keys(), expected);
    for (auto set = key_sets_.rbegin(); set != key_sets_.rend() && set->version >= key_set_version; ++set) {
        if (checked || !is_signature_code(checked.error().code)) break;
        KeySet former = *set;
        former.revoked = keys().revoked;
        checked = check_bundle(as_bytes(file), former, expected);
    }
    return checked;
}

Checked<CheckedBundle> BundleStore::check_stored(const wire::StoredBundle& stored, std::int64_t now) const {
    const auto file = files_.load_bundle(stored.sha256());
    if (!file) return tl::unexpected(file.error());
    auto checked = check_installed(*file, stored.key_set_version(), now);
    if (checked && bytes_of(checked->digest) != stored.sha256())
        return refuse(BundleCode::store_unusable, "the file holds another bundle than its name says");
    return checked;
}

/// Whether a stored bundle may be in force. Fails when that cannot be told now, for want of a descriptor, say: what is
/// decided on it would outlast the want.
Checked<bool> BundleStore::is_usable(const wire::StoredBundle& stored, std::int64_t now) const {
    const auto checked = check_stored(stored, now);
    if (checked) return true;
    if (checked.error().code == BundleCode::file_unreadable && files_.has_bundle(stored.sha256()))
        return refuse(BundleCode::store_unusable, checked.error().message);
    return false;
}

Checked<CheckedBundle> BundleStore::check_factory(std::int64_t now) const {
    const auto file = read_whole_file(options_.factory_bundle, kEnvelopeLimit);
    if (!file) return tl::unexpected(file.error());
    return check_installed(*file, key_sets_.front().version, now);
}

/// What a new bundle has to exceed.
std::optional<std::uint64_t> BundleStore::installed_sequence() const {
    if (state_.installed_sequence() != 0) return state_.installed_sequence();
    const auto factory = check_factory(0);
    return factory ? std::optional<std::uint64_t>(factory->content.sequence()) : std::nullopt;
}

Checked<InstallOutcome> BundleStore::dry_run(const std::string& file, std::int64_t now, bool accept_clock) const {
    if (keys_lost_) {
        return refuse(BundleCode::key_set_missing,
                      fmt::format("key set {} is trusted, and only {} is here; install the key sets again",
                                  state_.key_set_version(), keys().version));
    }
    BundleExpectations expected{options_.board, installed_sequence(), state_.floor(), now, accept_clock, true};
    auto checked = check_bundle(as_bytes(file), keys(), expected);
    if (!checked) return tl::unexpected(checked.error());
    auto trial = try_bundle(*checked, options_.trial);
    if (!trial) return tl::unexpected(trial.error());
    return InstallOutcome{std::move(*checked), std::move(*trial)};
}

Checked<InstallOutcome> BundleStore::install(const std::string& file, std::int64_t now, bool accept_clock) {
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
    next.set_installed_sequence(outcome->bundle.content.sequence());
    if (auto saved = files_.save_bundle(next.current().sha256(), file); !saved) return tl::unexpected(saved.error());
    if (auto saved = commit(next); !saved) return tl::unexpected(saved.error());
    return outcome;
}

Checked<void> BundleStore::confirm() {
    if (!state_.pending()) return refuse(BundleCode::not_pending, "no bundle is on probation");
    wire::StoreState next = state_;
    next.set_pending(false);
    next.set_pending_since(0);
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
    next.set_pending(false);
    next.set_pending_since(0);
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

bool BundleStore::try_candidate(Checked<CheckedBundle> candidate, RuleOrigin origin, bool with_trial,
                                BootOutcome& outcome) const {
    auto trial = candidate && with_trial ? try_bundle(*candidate, options_.trial) : TrialOutcome{};
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
        outcome.alarms.push_back({"keys_expired", fmt::format("key set {} expired at {}: no bundle can be installed",
                                                              keys().version, format_time(keys().expires))});
    }
    if (keys_lost_) {
        outcome.alarms.push_back({"keys_lost", fmt::format("key set {} is lost; install the key sets after {} again",
                                                           state_.key_set_version(), keys().version)});
    }
    if (state_rebuilt_) outcome.alarms.push_back({"state_rebuilt", "the store's state file was lost or damaged"});
}

}  // namespace sluis
