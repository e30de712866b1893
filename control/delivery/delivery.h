// What the dataplane is to judge by: the rules in force and the policy of the moment become a compiled set and a zone
// table, on disk for a dataplane that starts alone, and in memory for the one that runs (delivery_thread.h).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "control/delivery/policy_file.h"
#include "control/delivery/reconciler.h"
#include "control/policy/policy_clock.h"
#include "control/policy/policy_phase.h"
#include "dataplane/match/rule_set.h"

namespace sluis {

/// Something that people should know of. The names are stable.
struct DeliveryAlarm {
    std::string_view name;
    std::string message;  ///< one line
};

/// How it all stood when it was last looked at. Immutable.
struct DeliveryView {
    PolicyPointer policy;   ///< in force; null: [policy] of sluis.toml holds for everybody, unless `starting`
    bool starting = false;  ///< nobody has looked yet whether there is a policy, or its rules are not there yet
    std::shared_ptr<const RuleSet> rules;      ///< in force; null: none are compiled yet
    std::shared_ptr<const PolicyPhase> phase;  ///< of the policy, by the rules' categories; null without either
    std::int64_t time = 0;                     ///< by which the policy is judged, seconds since 1970-01-01 UTC
    bool clock_held = false;                   ///< that time does not follow the clock
    std::string zones_digest;                  ///< of the zone table; empty: there is none
    HandOverState hand_over;
    std::vector<DeliveryAlarm> alarms;
    std::string etag;  ///< changes with the policy, its phase and its alarms; with its quotes

    /// "starting", "none", "file" or "last_good": the file's copy, since the file is wrong, as an alarm says.
    std::string_view origin() const;
};

/// Where a policy's time comes from.
struct PolicyTime {
    std::function<ClockReading()> read = read_system_clock;
    std::int64_t floor = 0;  ///< no time before it
};

struct DeliverySettings {
    std::string policy_file;         ///< policy.toml
    std::string state_directory;     ///< for the clock, and the copy of the policy; made where it is missing
    std::string compiled_path;       ///< where a dataplane finds its rules at its start; as in [rules]
    std::string zones_path;          ///< likewise its zone table; empty: none is written
    std::vector<std::string> pairs;  ///< that the box has
};

class Delivery {
public:
    /// Reads the clock. Nothing else is looked at yet.
    Delivery(DeliverySettings settings, PolicyTime time);

    // May be called by any thread, and never waits.

    std::shared_ptr<const DeliveryView> view() const;
    /// Has the policy be read again with the next look, changed or not.
    void reread() { reread_.store(true); }

    // For the thread that makes rules (JobQueue's).

    /// Reads the policy when its files have changed. What is new waits for `adopt` or `take_up`.
    void look();
    /// The names that rules made now have to let pass; ascending.
    std::vector<std::string> allowed_names() const;
    /// Rules that let these names pass are in force from now on, and with them what is new of the policy and has the
    /// same names. The error is what the disk does not take: a running dataplane gets it all the same.
    tl::expected<void, std::string> adopt(const std::vector<std::byte>& compiled, std::vector<std::string> names);
    /// What is new of the policy comes into force, where the rules in force let its names pass already.
    void take_up();
    /// Why a policy cannot be used with the rules in force; one line each.
    Lines judge(const Policy& policy) const;
    const PolicyFile& file() const { return file_; }

    // For the thread that talks with the dataplane.

    /// Goes on to the policy's next phase when its time has come.
    void follow_clock();
    /// What is wanted, when that is another thing than the last time.
    std::optional<Wanted> take_news();
    /// Waits for such news, no longer than `time`, and not after `stop`.
    void wait_for_news(std::chrono::milliseconds time);
    void note(const HandOverState& hand_over);
    void stop();

private:
    using Object = Wanted::Object;
    void put_in_force(PolicyPointer policy);
    void refresh_phase();
    void make_zones();
    void write_zones();
    void want();
    void publish();
    std::vector<DeliveryAlarm> alarms() const;
    std::vector<DeliveryAlarm> make_phase_alarms() const;

    const DeliverySettings settings_;
    const PolicyTime time_source_;
    PolicyFile file_;

    mutable std::mutex mutex_;  ///< of all that follows, but the view; held over no talk with the dataplane
    PolicyClock clock_;
    PolicyClock::Advice advice_;
    Object compiled_;
    std::shared_ptr<const RuleSet> rules_;
    std::vector<std::string> compiled_names_;  ///< that rules_ lets pass
    PolicyPointer policy_;
    bool decided_ = false;                      ///< some policy, or none, has come into force since the start
    std::optional<PolicyPointer> next_policy_;  ///< waits for rules that let its names pass
    std::shared_ptr<const PolicyPhase> phase_;
    std::vector<DeliveryAlarm> phase_alarms_;
    Object zones_;
    std::string zones_digest_;
    std::string state_trouble_, file_trouble_, copy_trouble_, table_trouble_, zones_trouble_;  ///< empty: none
    HandOverState hand_over_;
    std::optional<Wanted> news_;
    std::condition_variable news_came_;
    bool stop_ = false;
    std::atomic<bool> reread_{false};

    mutable std::mutex view_mutex_;
    std::shared_ptr<const DeliveryView> view_ = std::make_shared<DeliveryView>();
};

}  // namespace sluis
