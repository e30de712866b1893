// The bundles on this box: what is installed, what it replaced, whose signatures count, and what is in force after a
// start, whatever happened before it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/bundle_verifier.h"
#include "control/bundle/freshness.h"
#include "control/bundle/key_set.h"
#include "control/bundle/store_files.h"
#include "control/bundle/store_state.pb.h"

namespace sluis {

struct StoreOptions {
    std::string directory = "/var/lib/sluis/rules";
    std::string factory_bundle;  ///< in the read-only image
    std::string factory_keys;    ///< the first key set, likewise
    std::string board;           ///< this box's; empty: bundles for any board
    TrialSettings trial;
};

/// Where the rules in force come from.
enum class RuleOrigin : std::uint8_t { none, factory, previous, current };
std::string_view origin_name(RuleOrigin origin);

/// Something that people should know of. The names are stable.
struct StoreAlarm {
    std::string_view name;
    std::string message;
};

/// What a start comes to. Nothing is installed, and there is no factory set: origin `none`.
struct BootOutcome {
    RuleOrigin origin = RuleOrigin::none;
    CheckedBundle bundle;
    std::optional<TrialOutcome> trial;  ///< when asked for
    std::vector<StoreAlarm> alarms;
};

struct InstallOutcome {
    CheckedBundle bundle;
    TrialOutcome trial;
};

class BundleStore {
public:
    /// For the one writer: makes the folders, takes the lock, cleans up after writers that were killed. Fails with
    /// `store_locked`, `store_unusable` or `key_set_missing`. What comes next is expire_probation.
    static Checked<BundleStore> open(StoreOptions options);
    /// Without the lock, to look only; what writes must not be called.
    static Checked<BundleStore> open_to_look(StoreOptions options);
    /// To start with: like open, but nothing that is wrong with the store's folder keeps a box from its rules. A lock
    /// that is held is waited for, as long as `patience`; then, as when nothing can be written, the store is only
    /// looked at, and boot says so with an alarm. Fails with `key_set_missing`: without the factory's nothing counts.
    static Checked<BundleStore> open_to_boot(StoreOptions options,
                                             std::chrono::milliseconds patience = std::chrono::seconds(5));

    /// The rules to start with: the current bundle, else the previous, else the factory's: the first that passes its
    /// checks again (without sequence and times), and, `with_trial`, compiles. An expired bundle passes, with an alarm.
    BootOutcome boot(std::int64_t now, bool with_trial) const;

    /// Checks a bundle and makes it the current one, on probation for so many seconds (0: until somebody ends it); the
    /// one in force becomes the previous one. When this fails, the store is as before; with `store_unusable`, either
    /// that or as after a success. A bundle on probation must be confirmed or rolled back first.
    Checked<InstallOutcome> install(const std::string& file, std::int64_t now, bool accept_clock,
                                    std::uint32_t probation_seconds = kProbationDefault);
    /// The same without installing.
    Checked<InstallOutcome> dry_run(const std::string& file, std::int64_t now, bool accept_clock) const;
    /// Ends the probation. The floor rises to the bundle's min_sequence, though never above the previous bundle's
    /// sequence as long as that one is the fallback. Fails with `not_pending`, or, when it is too late and the bundle
    /// was rolled back, with `probation_over`.
    Checked<void> confirm(std::int64_t now);
    /// Rolls back the bundle that was not confirmed in time; whether it did. For whoever opens the store, and for a
    /// timer. The time is counted by a clock that was set: from the first such moment on, and again from the beginning
    /// when the clock was put back. Where there is nothing to go back to, and on a store that is only looked at, the
    /// bundle stays; a start says so (alarm `probation_over`).
    Checked<bool> expire_probation(std::int64_t now);
    /// When the probation ends by itself; none when it does not, or when no clock has said since when it lasts.
    std::optional<std::int64_t> probation_end() const;
    /// Back to the previous bundle, or to the factory's where there is none, on probation or not. Never below the
    /// floor.
    Checked<RuleOrigin> roll_back();
    /// Takes successors of the newest key set, in order; the last must not have expired. Returns the new version.
    Checked<std::uint64_t> install_keys(std::span<const std::string> files, std::int64_t now, bool accept_clock);

    /// Takes note of which bundle is the newest. The note has to be signed by a freshness key of the newest key set,
    /// not to have expired, and not to be older than the one before. A start compares it with what is in force.
    Checked<FreshnessNote> take_note(const std::string& file, std::int64_t now);
    /// The newest note; none when there was none whose signer is still trusted.
    std::optional<FreshnessNote> newest_note() const;

    const wire::StoreState& state() const { return state_; }
    /// The newest key set.
    const KeySet& keys() const { return key_sets_.back(); }

private:
    explicit BundleStore(StoreOptions options) : options_(std::move(options)), files_(options_.directory) {}
    Checked<void> begin_writing(std::chrono::milliseconds patience);
    Checked<void> load();
    Checked<void> load_key_sets();
    std::vector<wire::StoredBundle> search_store() const;
    void rebuild_state();
    void take_up_key_sets();
    void withdraw_bundles();
    void forget_note();
    bool is_overdue(std::int64_t now) const;
    Checked<void> require_key_sets() const;
    Checked<void> commit(const wire::StoreState& next);
    void take_what_is_there();
    Checked<CheckedBundle> check_installed(const std::string& file, std::uint64_t key_set_version,
                                           std::int64_t now) const;
    Checked<CheckedBundle> check_stored(const wire::StoredBundle& stored, std::int64_t now) const;
    Checked<bool> is_usable(const wire::StoredBundle& stored, std::int64_t now) const;
    Checked<CheckedBundle> check_factory(std::int64_t now) const;
    bool try_candidate(Checked<CheckedBundle> candidate, RuleOrigin origin, bool with_trial,
                       BootOutcome& outcome) const;
    std::optional<std::uint64_t> installed_sequence() const;
    void add_key_alarms(std::int64_t now, BootOutcome& outcome) const;
    void add_bundle_alarms(BootOutcome& outcome) const;
    void add_note_alarms(std::int64_t now, BootOutcome& outcome) const;
    void add_store_alarms(std::int64_t now, BootOutcome& outcome) const;

    StoreOptions options_;
    StoreFiles files_;
    std::optional<StoreLock> lock_;
    std::vector<KeySet> key_sets_;  ///< the factory's, and its successors
    wire::StoreState state_;
    std::string saved_;                   ///< the state's file, as far as it is known
    std::optional<BundleError> trouble_;  ///< why a start could not write
    std::optional<BundleError> unread_;   ///< why the state could not be read, though it may be whole
    bool state_rebuilt_ = false;
    bool keys_lost_ = false;  ///< the state knows of a later key set than there is
};

}  // namespace sluis
