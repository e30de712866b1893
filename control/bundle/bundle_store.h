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

#include "control/bundle/bundle_verifier.h"
#include "control/bundle/key_set.h"
#include "control/bundle/store_files.h"

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
    /// `store_locked`, `store_unusable` or `key_set_missing`.
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

    /// Checks a bundle and makes it the current one, on probation; the one in force becomes the previous one. When this
    /// fails, the store is as before; with `store_unusable`, either that or as after a success. A bundle on probation
    /// must be confirmed or rolled back first.
    Checked<InstallOutcome> install(const std::string& file, std::int64_t now, bool accept_clock);
    /// The same without installing.
    Checked<InstallOutcome> dry_run(const std::string& file, std::int64_t now, bool accept_clock) const;
    /// Ends the probation. The floor rises to the bundle's min_sequence, though never above the previous bundle's
    /// sequence as long as that one is the fallback.
    Checked<void> confirm();
    /// Back to the previous bundle, or to the factory's where there is none, on probation or not. Never below the
    /// floor.
    Checked<RuleOrigin> roll_back();
    /// Takes successors of the newest key set, in order; the last must not have expired. Returns the new version.
    Checked<std::uint64_t> install_keys(std::span<const std::string> files, std::int64_t now, bool accept_clock);

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
    Checked<void> commit(const wire::StoreState& next);
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

    StoreOptions options_;
    StoreFiles files_;
    std::optional<StoreLock> lock_;
    std::vector<KeySet> key_sets_;  ///< the factory's, and its successors
    wire::StoreState state_;
    std::optional<BundleError> trouble_;  ///< why a start only looks
    bool state_rebuilt_ = false;
    bool keys_lost_ = false;  ///< the state knows of a later key set than there is
};

}  // namespace sluis
