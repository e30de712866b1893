// What requests that begin a job have in common.
#pragma once

#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "control/api/job_queue.h"
#include "control/api/request.h"
#include "control/api/services.h"

namespace sluis {

/// The parameters `dry_run` and `comment`.
struct Intent {
    bool dry_run = false;
    std::string comment;  ///< for the audit record
};
tl::expected<Intent, Problem> read_intent(const Request& request);

/// What is wrong with a comment; none: nothing is.
std::optional<Problem> judge_comment(const std::string& comment);

/// Submits the work: 202 with the job and its Location, or 503 when too many wait.
Response accepted(const Request& request, JobQueue& jobs, const char* kind, JobQueue::Work work);

}  // namespace sluis
