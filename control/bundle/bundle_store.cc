#include "control/bundle/bundle_store.h"

#include <fmt/format.h>

#include <algorithm>
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

/// The bundle of this digest, null when it is not among them.
const wire::StoredBundle* named(const std::vector<wire::StoredBundle>& bundles, std::string_view sha256) {
    const auto found =
        std::find_if(bundles.begin(), bundles.end(), [&](const auto& each) { return each.sha256() == sha256; });
    return found == bundles.end() ? nullptr : &*found;
}

/// The first that is not `other`, null when there is none.
const wire::StoredBundle* best_besides(const std::vector<wire::StoredBundle>& bundles,
                                       const wire::StoredBundle* other) {
    const auto found = std::find_if(bundles.begin(), bundles.end(), [&](const auto& each) { return &each != other; });
    return found == bundles.end() ? nullptr : &*found;
}

/// What the store keeps.
std::vector<std::string> digests_in(const wire::StoreState& state) {
    std::vector<std::string> digests;
    for (const wire::StoredBundle* stored : {&state.current(), &state.previous()})
        if (!stored->sha256().empty() && !stored->withdrawn()) digests.push_back(stored->sha256());
    return digests;
}

}  // namespace

/// The folders and the lock.
Checked<void> BundleStore::begin_writing(std::chrono::milliseconds patience) {
    if (auto made = files_.make_folders(); !made) return made;
    auto lock = StoreLock::take(files_.lock_path(), patience);
    if (!lock) return tl::unexpected(lock.error());
    lock_.emplace(std::move(*lock));
    return {};
}

Checked<BundleStore> BundleStore::open(StoreOptions options) {
    BundleStore store(std::move(options));
    if (auto begun = store.begin_writing({}); !begun) return tl::unexpected(begun.error());
    if (auto loaded = store.load(); !loaded) return tl::unexpected(loaded.error());
    if (auto saved = store.commit(wire::StoreState(store.state_)); !saved) return tl::unexpected(saved.error());
    return store;
}

Checked<BundleStore> BundleStore::open_to_boot(StoreOptions options, std::chrono::milliseconds patience) {
    BundleStore store(std::move(options));
    const auto begun = store.begin_writing(patience);
    if (auto loaded = store.load(); !loaded) return tl::unexpected(loaded.error());
    const auto ready = begun ? store.commit(wire::StoreState(store.state_)) : begun;
    if (!ready) store.trouble_ = ready.error();
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
        saved_ = write_store_state(state_);
    } else {
        rebuild_state();
        state_rebuilt_ = !state || state_.has_current() || state_.has_previous();
        if (!state && state.error().code == BundleCode::file_unreadable)
            unread_ = BundleError{BundleCode::store_unusable, state.error().message};
    }
    take_up_key_sets();
    return {};
}

/// The factory's set and all stored ones that follow it.
Checked<void> BundleStore::load_key_sets() {
    const auto file = read_whole_file(options_.factory_keys, kKeySetEnvelopeLimit);
    if (!file)
        return refuse(BundleCode::key_set_missing,
                      file.error().message +
                          "; make a key set and a bundle and install them there: README.md has the "
                          "commands, below \"On ports of your own\"");
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

/// What the state would say of the bundles that are there and may be in force: the highest sequence first.
std::vector<wire::StoredBundle> BundleStore::search_store() const {
    std::vector<wire::StoredBundle> found;
    for (const std::string& digest : files_.list_bundles()) {
        const auto file = files_.load_bundle(digest);
        if (!file) continue;
        const auto bundle = check_installed(*file, key_sets_.front().version, 0);
        if (bundle && bytes_of(bundle->digest) == digest)
            found.push_back(stored_of(*bundle, key_sets_.front().version));
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.sequence() > b.sequence(); });
    return found;
}

/// From the links, and from the bundles themselves where a link is lost, when there is no state that can be read. The
/// previous bundle's floor is the least that is known to have been promised. A current bundle that no link names may
/// have been on probation: it is then.
void BundleStore::rebuild_state() {
    state_.Clear();
    state_.set_format(kStoreStateFormat);
    // A reset of the floor is not made again: it would let old bundles in. What it was made for is withdrawn, or gone.
    state_.set_key_set_version(keys().version);
    const std::vector<wire::StoredBundle> found = search_store();
    const auto linked = [&](const char* name) { return named(found, files_.linked_bundle(name).value_or("")); };
    const wire::StoredBundle* current = linked("current");
    const wire::StoredBundle* previous = linked("previous");
    if (previous == current) previous = nullptr;
    const bool is_guess = current == nullptr;
    if (current == nullptr) current = best_besides(found, previous);
    if (previous == nullptr) previous = best_besides(found, current);
    for (const wire::StoredBundle& each : found)
        state_.set_installed_sequence(std::max<std::uint64_t>(state_.installed_sequence(), each.sequence()));
    if (current != nullptr) {
        *state_.mutable_current() = *current;
        state_.set_pending(is_guess);
    }
    if (previous == nullptr) return;
    *state_.mutable_previous() = *previous;
    state_.set_floor(previous->min_sequence());
    state_.set_wanted_floor(previous->min_sequence());
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
    withdraw_bundles();
    forget_note();
}

/// Notes in the state what the newest key set withdraws: that must hold when the key set's file is lost. With the next
/// commit the bundles go, too.
void BundleStore::withdraw_bundles() {
    const auto withdrawn = [&](const wire::StoredBundle& stored) {
        const auto& revoked = keys().revoked;
        return stored.withdrawn() || std::any_of(revoked.begin(), revoked.end(), [&](const Sha256& digest) {
                   return bytes_of(digest) == stored.sha256();
               });
    };
    if (state_.has_previous() && withdrawn(state_.previous())) state_.mutable_previous()->set_withdrawn(true);
    if (!state_.has_current() || !withdrawn(state_.current())) return;
    state_.mutable_current()->set_withdrawn(true);
    end_probation(state_);
}

/// A note counts as long as its signer does. One that a stolen key has signed is gone with that key.
void BundleStore::forget_note() {
    const auto& trusted = keys().freshness_keys;
    const bool counts = std::any_of(trusted.begin(), trusted.end(), [&](const PublicKey& key) {
        const KeyId id = key.id();
        return std::string(id.begin(), id.end()) == state_.newest_note().key_id();
    });
    if (!counts && !keys_lost_) state_.clear_newest_note();
}

/// Makes `next` the state: from the moment that its file is there. Links and old bundles follow; what fails of them is
/// made good when the store is opened again.
Checked<void> BundleStore::commit(const wire::StoreState& next) {
    // What would be written is a guess then, and what is there may be right.
    if (unread_) return tl::unexpected(*unread_);
    std::string file = write_store_state(next);
    if (file != saved_) {
        if (auto saved = files_.save_state(next); !saved) {
            take_what_is_there();
            return saved;
        }
        saved_ = std::move(file);
    }
    state_ = next;
    const auto link = [&](const char* name, const wire::StoredBundle& bundle) {
        [[maybe_unused]] const auto linked = files_.link_bundle(name, bundle.withdrawn() ? "" : bundle.sha256());
    };
    link("current", state_.current());
    link("previous", state_.previous());
    files_.remove_leftovers(digests_in(state_));
    trouble_.reset();
    return {};
}

/// After a write that failed: the new file may be in its place, and only its folder not on the disk yet. What neither
/// the old state nor this one needs goes, lest bundles that were never installed fill the disk for good.
void BundleStore::take_what_is_there() {
    saved_.clear();
    auto there = files_.load_state();
    if (!there || !*there) return;
    std::vector<std::string> needed = digests_in(state_);
    state_ = std::move(**there);
    take_up_key_sets();
    const std::vector<std::string> now_needed = digests_in(state_);
    needed.insert(needed.end(), now_needed.begin(), now_needed.end());
    files_.remove_leftovers(needed);
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
        // What is withdrawn, and by which set, is the newest one's to say.
        KeySet former = keys();
        former.rule_keys = set->rule_keys;
        former.rule_threshold = set->rule_threshold;
        checked = check_bundle(as_bytes(file), former, expected);
    }
    return checked;
}

Checked<CheckedBundle> BundleStore::check_stored(const wire::StoredBundle& stored, std::int64_t now) const {
    if (stored.withdrawn()) {
        return refuse(BundleCode::revoked,
                      fmt::format("a key set has withdrawn this bundle ({})", to_hex(stored.sha256())));
    }
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
    if (is_signature_code(checked.error().code))
        if (auto there = require_key_sets(); !there) return tl::unexpected(there.error());
    return false;
}

/// Fails when a key set that was trusted is not here.
Checked<void> BundleStore::require_key_sets() const {
    if (!keys_lost_) return {};
    return refuse(BundleCode::key_set_missing,
                  fmt::format("key set {} is trusted, and only {} is here; install the key sets again",
                              state_.key_set_version(), keys().version));
}

Checked<CheckedBundle> BundleStore::check_factory(std::int64_t now) const {
    const auto file = read_whole_file(options_.factory_bundle, kEnvelopeLimit);
    if (!file) return tl::unexpected(file.error());
    return check_installed(*file, key_sets_.front().version, now);
}

}  // namespace sluis
