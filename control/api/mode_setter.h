// Sets the mode of a port pair in the dataplane, between two lines of the audit record.
#pragma once

#include <string>

#include "control/api/api.pb.h"
#include "control/api/audit_log.h"
#include "control/api/job_queue.h"

namespace sluis {

class ModeSetter {
public:
    ModeSetter(std::string runtime_directory, const AuditLog& audit)
        : runtime_directory_(std::move(runtime_directory)), audit_(audit) {}

    /// Returns once every worker of the pair runs by it. For one thread only; may take seconds.
    JobQueue::Outcome set(const api::ModeChange& change, const std::string& who) const;

private:
    std::string runtime_directory_;
    const AuditLog& audit_;
};

}  // namespace sluis
