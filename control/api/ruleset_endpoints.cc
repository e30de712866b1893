#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/api/job_queue.h"
#include "control/api/ruleset_keeper.h"
#include "control/bundle/bundle_limits.h"
#include "control/rules/rule_explanation.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/policy.h"

namespace sluis {
namespace {

/// Bytes of a comment for the audit record.
constexpr std::size_t kCommentLimit = 500;
/// Bytes of a name to explain: more than a name and its URL's scheme have.
constexpr std::size_t kNameLimit = 1024;

Response accepted(const Request& request, Services& services, const char* kind, JobQueue::Work work) {
    const auto job = services.jobs.submit(kind, std::move(work));
    if (!job) return refusal({503, "other jobs are waiting already; try again", ""});
    Response response = reply(request, *job, 202);
    response.location = "/v1/jobs/" + std::to_string(job->id());
    return response;
}

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
    if (action->comment().size() > kCommentLimit)
        return refusal({400, "at most " + std::to_string(kCommentLimit) + " bytes are kept", "comment"});
    if (auto answer = judge_precondition(request, services)) return std::move(*answer);
    RulesetChange change{request.caller.name, action->comment(), request.head.if_match, action->sequence(), 0};
    RulesetKeeper& keeper = services.ruleset;
    return accepted(request, services, kind, [&keeper, method, change] { return (keeper.*method)(change); });
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
    const std::string* dry_run = request.head.parameter("dry_run");
    if (dry_run != nullptr && *dry_run != "1" && *dry_run != "0") return refusal({400, "write 1 or 0", "dry_run"});
    const std::string* comment = request.head.parameter("comment");
    if (comment != nullptr && comment->size() > kCommentLimit)
        return refusal({400, "at most " + std::to_string(kCommentLimit) + " bytes are kept", "comment"});
    std::uint32_t probation = kProbationDefault;
    if (const std::string* text = request.head.parameter("probation");
        text != nullptr && !read_seconds(*text, probation))
        return refusal({400, "write seconds, 0 to " + std::to_string(kProbationLimit), "probation"});
    if (auto answer = judge_precondition(request, services)) return std::move(*answer);
    auto file = std::make_shared<const std::string>(std::move(request.body));
    RulesetKeeper& keeper = services.ruleset;
    if (dry_run != nullptr && *dry_run == "1")
        return accepted(request, services, "ruleset.dry_run", [&keeper, file] { return keeper.dry_run(*file); });
    RulesetChange change{request.caller.name, comment == nullptr ? "" : *comment, request.head.if_match, 0, probation};
    return accepted(request, services, "ruleset.install",
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
    const auto job = is_number ? services.jobs.find(id) : std::nullopt;
    if (!job) return refusal({404, "there is no such job, or not any more", ""});
    return reply(request, *job);
}

Response explain(Request& request, Services& services) {
    const std::string* name = request.head.parameter("name");
    if (name == nullptr || name->empty()) return refusal({400, "say which name", "name"});
    if (name->size() > kNameLimit) return refusal({400, "no name is as long", "name"});
    const auto view = services.ruleset.view();
    if (view->compiled == nullptr) return refusal({503, "there are no compiled rules on this box yet", ""});
    const auto policy = make_policy(services.config, *view->compiled);
    if (!policy) return refusal({503, policy.error(), ""});
    const auto found = explain_name(*view->compiled, view->source.get(), *name);
    if (!found) return refusal({503, found.error(), ""});
    api::Explanation explanation;
    explanation.set_written(*name);
    explanation.set_name(found->name);
    bool is_blocked = false;
    for (const ExplainedRule& rule : found->rules) {
        api::ExplainedRule& made = *explanation.add_rules();
        for (std::size_t i = 0; i < view->compiled->categories().size(); ++i)
            if (view->compiled->categories()[i].name == rule.category) made.set_enforced(policy->enforced[i]);
        is_blocked = is_blocked || made.enforced();
        made.set_rule(rule.name);
        made.set_kind(std::string(kind_name(rule.kind)));
        made.set_category(rule.category);
        made.set_comment(rule.comment);
        made.set_source(rule.source);
    }
    explanation.set_verdict(is_blocked ? "block" : "allow");
    return reply(request, explanation);
}

}  // namespace sluis
