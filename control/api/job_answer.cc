#include "control/api/job_answer.h"

#include <cstddef>
#include <utility>

#include "control/api/content.h"

namespace sluis {
namespace {

/// Bytes of a comment for the audit record.
constexpr std::size_t kCommentLimit = 500;

}  // namespace

std::optional<Problem> judge_comment(const std::string& comment) {
    if (comment.size() <= kCommentLimit) return std::nullopt;
    return Problem{400, "at most " + std::to_string(kCommentLimit) + " bytes are kept", "comment"};
}

tl::expected<Intent, Problem> read_intent(const Request& request) {
    Intent intent;
    if (const std::string* dry_run = request.head.parameter("dry_run")) {
        if (*dry_run != "1" && *dry_run != "0") return tl::unexpected(Problem{400, "write 1 or 0", "dry_run"});
        intent.dry_run = *dry_run == "1";
    }
    if (const std::string* comment = request.head.parameter("comment")) intent.comment = *comment;
    if (auto problem = judge_comment(intent.comment)) return tl::unexpected(std::move(*problem));
    return intent;
}

Response accepted(const Request& request, JobQueue& jobs, const char* kind, JobQueue::Work work) {
    const auto job = jobs.submit(kind, std::move(work));
    if (!job) return refusal({503, "other jobs are waiting already; try again", ""});
    Response response = reply(request, *job, 202);
    response.location = "/v1/jobs/" + std::to_string(job->id());
    return response;
}

}  // namespace sluis
