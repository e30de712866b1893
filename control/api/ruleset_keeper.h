// The rules on this box as the API shows and changes them: control/bundle's store, and the compiled set made of it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "control/api/api.pb.h"
#include "control/api/audit_log.h"
#include "control/api/job_queue.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/bundle_store.h"
#include "control/probation/probation_watch.h"
#include "control/rules/rule_source.h"
#include "dataplane/match/rule_set.h"

namespace sluis {

/// What was last seen. Immutable.
struct RulesetView {
    api::Ruleset ruleset;
    std::string etag;                          ///< of the store's state, with its quotes
    std::string trouble;                       ///< why the store cannot be looked at; empty: it can
    std::shared_ptr<const RuleSet> compiled;   ///< what the dataplane starts with; null: it cannot be loaded
    std::shared_ptr<const RuleSource> source;  ///< of the bundle in force; null: not at hand
    std::array<std::uint64_t, kProbationCauseCount> probation_ends{};  ///< since the start, by ProbationCause
};

/// What a request to change the rules asks for.
struct RulesetChange {
    std::string who;
    std::string comment;
    std::string if_match;                                 ///< an ETag that has to be the current one; empty: any
    std::uint64_t sequence = 0;                           ///< of the current bundle; 0: any
    std::uint32_t probation_seconds = kProbationDefault;  ///< of a bundle to install; 0: until somebody ends it
    bool by_health = false;                               ///< a box that stays well for that time confirms the bundle
};

class RulesetKeeper {
public:
    /// Names that rules have to let pass, normalised and ascending.
    using Names = std::vector<std::string>;
    /// Gives a new compiled set, which lets these names pass, to whom it concerns.
    using Deliver = std::function<tl::expected<void, std::string>(const std::vector<std::byte>& compiled, Names names)>;

    /// `compiled_path`: where the dataplane finds its rules at its start. `allowed`: the names that pass now.
    RulesetKeeper(StoreOptions store, std::string compiled_path, std::function<Names()> allowed, Deliver deliver,
                  const AuditLog& audit, ProbationWatch& watch);

    /// May be called by any thread.
    std::shared_ptr<const RulesetView> view() const;

    // What follows is for one thread only, and may take minutes.

    /// Ends a probation when it is time. Looks at the store when it has changed, at the latest after a minute; when
    /// other rules are in force than were delivered last, or other names are to pass, compiles and delivers them.
    void look();
    /// Takes note of what the newest bundle is.
    JobQueue::Outcome take_note(const std::string& file);
    JobQueue::Outcome install(const std::string& file, const RulesetChange& change);
    JobQueue::Outcome dry_run(const std::string& file) const;
    JobQueue::Outcome confirm(const RulesetChange& change);
    JobQueue::Outcome roll_back(const RulesetChange& change);

private:
    using Action = std::function<JobQueue::Outcome(BundleStore&)>;
    JobQueue::Outcome change_audited(const char* what, const RulesetChange& change, const Action& act);
    std::string file_marks() const;
    void look_at_store(RulesetView& next);
    bool end_probation_by_health();
    void expire_probation();
    void note_end(const BundleStore& store, const wire::StoreState& before, const HealthFinding& how);
    void show_probation(api::Ruleset& to) const;
    void bring_up(const BundleStore& store, const BootOutcome& boot);
    void note_delivery(const Sha256& bundle);
    void load_compiled(RulesetView& next) const;
    void publish(RulesetView next);

    StoreOptions store_;
    std::string compiled_path_;
    std::function<Names()> allowed_;
    Deliver deliver_;
    const AuditLog& audit_;
    ProbationWatch& watch_;
    mutable std::mutex mutex_;
    std::shared_ptr<const RulesetView> view_;
    std::string marks_;               ///< of the files when they were last looked at
    std::int64_t probation_end_ = 0;  ///< of the current bundle; 0: none is known
    bool is_pending_ = true;          ///< a bundle is on probation, or may be
    std::string health_trouble_;      ///< why a bundle that does the box no good could not be rolled back
    std::int64_t looked_ = 0;         ///< when
    Names looked_names_;              ///< that were to pass then
    std::string delivered_;           ///< SHA-256 of the bundle whose rules were delivered last
    Names delivered_names_;           ///< that those rules let pass
    std::string delivered_mark_;      ///< of the compiled set's file then: what another one wrote there does not stay
    std::string delivery_trouble_;
};

}  // namespace sluis
