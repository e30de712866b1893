// The rules on this box as the API shows and changes them: control/bundle's store, and the compiled set made of it.
#pragma once

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
};

/// What a request to change the rules asks for.
struct RulesetChange {
    std::string who;
    std::string comment;
    std::string if_match;                                 ///< an ETag that has to be the current one; empty: any
    std::uint64_t sequence = 0;                           ///< of the current bundle; 0: any
    std::uint32_t probation_seconds = kProbationDefault;  ///< of a bundle to install; 0: until somebody ends it
};

class RulesetKeeper {
public:
    /// Names that rules have to let pass, normalised and ascending.
    using Names = std::vector<std::string>;
    /// Gives a new compiled set, which lets these names pass, to whom it concerns.
    using Deliver = std::function<tl::expected<void, std::string>(const std::vector<std::byte>& compiled, Names names)>;

    /// `compiled_path`: where the dataplane finds its rules at its start. `allowed`: the names that pass now.
    RulesetKeeper(StoreOptions store, std::string compiled_path, std::function<Names()> allowed, Deliver deliver,
                  const AuditLog& audit);

    /// May be called by any thread.
    std::shared_ptr<const RulesetView> view() const;

    // What follows is for one thread only, and may take minutes.

    /// Looks at the store when it has changed, at the latest after a minute; rolls back what was not confirmed in time;
    /// when other rules are in force than were delivered last, or other names are to pass, compiles and delivers them.
    void look();
    JobQueue::Outcome install(const std::string& file, const RulesetChange& change);
    JobQueue::Outcome dry_run(const std::string& file) const;
    JobQueue::Outcome confirm(const RulesetChange& change);
    JobQueue::Outcome roll_back(const RulesetChange& change);

private:
    using Action = std::function<JobQueue::Outcome(BundleStore&)>;
    JobQueue::Outcome change_audited(const char* what, const RulesetChange& change, const Action& act);
    std::string file_marks() const;
    void look_at_store(RulesetView& next);
    void expire_probation();
    void bring_up(const BundleStore& store, const BootOutcome& boot);
    void note_delivery(const Sha256& bundle);
    void load_compiled(RulesetView& next) const;
    void publish(RulesetView next);

    StoreOptions store_;
    std::string compiled_path_;
    std::function<Names()> allowed_;
    Deliver deliver_;
    const AuditLog& audit_;
    mutable std::mutex mutex_;
    std::shared_ptr<const RulesetView> view_;
    std::string marks_;               ///< of the files when they were last looked at
    std::int64_t probation_end_ = 0;  ///< of the current bundle; 0: none is known
    std::int64_t looked_ = 0;         ///< when
    Names looked_names_;              ///< that were to pass then
    std::string delivered_;           ///< SHA-256 of the bundle whose rules were delivered last
    Names delivered_names_;           ///< that those rules let pass
    std::string delivered_mark_;      ///< of the compiled set's file then: what another one wrote there does not stay
    std::string delivery_trouble_;
};

}  // namespace sluis
