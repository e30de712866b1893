// A policy that somebody sends: checked, compared with what is in force, put into the file, and taken up.
#pragma once

#include <functional>
#include <string>

#include "control/api/audit_log.h"
#include "control/api/job_queue.h"
#include "control/delivery/delivery.h"

namespace sluis {

struct PolicyChange {
    std::string who;
    std::string comment;
    std::string if_match;  ///< an ETag that has to be the current one; empty: any
};

/// For the thread that makes rules.
class PolicyInstaller {
public:
    /// `take_up`: looks at the policy's file, and makes what rules it needs. REQUIRES: all outlive this.
    PolicyInstaller(Delivery& delivery, const AuditLog& audit, std::function<void()> take_up)
        : delivery_(delivery), audit_(audit), take_up_(std::move(take_up)) {}

    /// What would change, a line each.
    JobQueue::Outcome dry_run(const std::string& text) const;
    JobQueue::Outcome install(const std::string& text, const PolicyChange& change);

private:
    tl::expected<PolicyPointer, api::JobError> check(const std::string& text) const;
    JobQueue::Outcome put_in_place(const std::string& text, const ReadPolicy& policy);

    Delivery& delivery_;
    const AuditLog& audit_;
    std::function<void()> take_up_;
};

}  // namespace sluis
