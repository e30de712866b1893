#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/api/job_answer.h"
#include "control/api/job_queue.h"
#include "control/api/ruleset_keeper.h"
#include "control/bundle/bundle_limits.h"

namespace sluis {
namespace {

/// The answer to a client that believes in other rules than there are; none when it is right.
std::optional<Response> judge_precondition(const Request& request, const Services& services) {
    const std::string& wanted = request.head.if_match;
    if (wanted.empty() || wanted == "*" || wanted == services.ruleset.view()->etag) return std::nullopt;
    return refusal({412, "the rules have changed; look again at /v1/ruleset", "if-match"});
}

bool read_seconds(const std::string& text, std::uint32_t& seconds) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    return error == std::errc{} && end == text.data() + text.size() && seconds <= kProbationLimit;
}

/// What confirming and rolling back have in common.
Response act(const Request& request, Services& services, const char* kind,
             JobQueue::Outcome (RulesetKeeper::*method)(const RulesetChange&)) {
    auto action = read_ruleset_action(request);
    if (!action) return refusal(action.error());
    if (const auto problem = judge_comment(action->comment())) return refusal(*problem);
    if (auto answer = judge_precondition(request, services)) return std::move(*answer);
    RulesetChange change{request.caller.name, action->comment(), request.head.if_match, action->sequence(), 0};
    RulesetKeeper& keeper = services.ruleset;
    return accepted(request, services.jobs, kind, [&keeper, method, change] { return (keeper.*method)(change); });
}

}  // namespace

Response get_ruleset(Request& request, Services& services) {
    const auto view = services.ruleset.view();
    if (!view->trouble.empty()) return refusal({503, view->trouble, ""});
    Response response = reply(request, view->ruleset);
    response.etag = view->etag;
    return response;
}

Response post_ruleset(Request& request, Services& services) {
    const auto intent = read_intent(request);
    if (!intent) return refusal(intent.error());
    std::uint32_t probation = kProbationDefault;
    if (const std::string* text = request.head.parameter("probation");
        text != nullptr && !read_seconds(*text, probation))
        return refusal({400, "write seconds, 0 to " + std::to_string(kProbationLimit), "probation"});
    if (auto answer = judge_precondition(request, services)) return std::move(*answer);
    auto file = std::make_shared<const std::string>(std::move(request.body));
    RulesetKeeper& keeper = services.ruleset;
    if (intent->dry_run)
        return accepted(request, services.jobs, "ruleset.dry_run", [&keeper, file] { return keeper.dry_run(*file); });
    RulesetChange change{request.caller.name, intent->comment, request.head.if_match, 0, probation};
    return accepted(request, services.jobs, "ruleset.install",
                    [&keeper, file, change] { return keeper.install(*file, change); });
}

Response confirm_ruleset(Request& request, Services& services) {
    return act(request, services, "ruleset.confirm", &RulesetKeeper::confirm);
}

Response roll_back_ruleset(Request& request, Services& services) {
    return act(request, services, "ruleset.rollback", &RulesetKeeper::roll_back);
}

Response get_job(Request& request, Services& services) {
    std::uint64_t id = 0;
    const std::string_view text = request.path_rest;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    const bool is_number = error == std::errc{} && end == text.data() + text.size();
    auto job = is_number ? services.jobs.find(id) : std::nullopt;
    if (is_number && !job) job = services.changes.find(id);
    if (is_number && !job) job = services.installs.find(id);
    if (!job) return refusal({404, "there is no such job, or not any more", ""});
    return reply(request, *job);
}

}  // namespace sluis
