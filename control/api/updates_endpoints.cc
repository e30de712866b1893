#include <cstdint>
#include <string>

#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/api/job_answer.h"
#include "control/api/job_queue.h"
#include "control/updates/updater.h"

namespace sluis {
namespace {

void fill(api::UpdateMirror& to, const MirrorState& from) {
    to.set_url(from.url);
    to.set_asked(from.asked);
    to.set_fresh(from.fresh);
    const bool waits_longer = from.bundle_patience.retry_at > from.note_patience.retry_at;
    to.set_retry_at(waits_longer ? from.bundle_patience.retry_at : from.note_patience.retry_at);
    to.set_cause(std::string(cause_name(from.last.cause)));
    to.set_message(from.last.message);
    std::uint64_t failures = 0;
    for (const std::uint64_t count : from.failures) failures += count;
    to.set_failures(failures);
    to.set_sequence(from.note ? from.note->sequence : 0);
    to.set_issued(from.note ? from.note->issued : 0);
}

JobQueue::Outcome job_outcome(const UpdateOutcome& outcome) {
    if (outcome) return *outcome;
    api::JobError error;
    error.set_code(outcome.error().code);
    error.set_name(outcome.error().name);
    error.set_message(outcome.error().message);
    return tl::unexpected(error);
}

/// A job that the updater's thread does.
Response order(Request& request, Services& services, UpdateOrder::Kind what, const char* kind) {
    const auto action = read_ruleset_action(request);
    if (!action) return refusal(action.error());
    if (const auto problem = judge_comment(action->comment())) return refusal(*problem);
    const auto view = services.updater.view();
    if (view->stage == UpdateStage::off)
        return refusal({409, "no mirror is configured; name them in [updates] of " + services.config_path, ""});
    if (action->sequence() != 0 && action->sequence() != view->newest_sequence)
        return refusal({412, "the newest bundle is another one; look again at /v1/updates", "sequence"});
    const auto job = services.jobs.begin(kind);
    if (!job) return refusal({503, "others have asked for the same already; try again", ""});
    JobQueue& jobs = services.jobs;
    const std::uint64_t id = job->id();
    const auto done = [&jobs, id](const UpdateOutcome& outcome) { jobs.end(id, job_outcome(outcome)); };
    if (!services.updater.order({what, request.caller.name, action->comment()}, done)) {
        jobs.end(id, tl::unexpected(api::JobError{}));
        return refusal({503, "others have asked for the same already; try again", ""});
    }
    Response response = reply(request, *job, 202);
    response.location = "/v1/jobs/" + std::to_string(id);
    return response;
}

}  // namespace

Response get_updates(Request& request, Services& services) {
    const auto view = services.updater.view();
    api::Updates updates;
    updates.set_stage(std::string(info(view->stage).name));
    updates.set_message(view->message);
    updates.set_install(view->install == InstallMode::ask ? "ask" : "auto");
    updates.set_window(view->window);
    updates.set_checked(view->checked);
    updates.set_fresh(view->fresh);
    updates.set_next_check(view->next_check);
    updates.set_newest_sequence(view->newest_sequence);
    updates.set_newest_sha256(view->newest_sha256);
    updates.set_downloaded_bytes(view->downloaded);
    for (const MirrorState& mirror : view->mirrors) fill(*updates.add_mirrors(), mirror);
    for (const RefusedBundle& bundle : view->refused) {
        api::RefusedUpdate& refused = *updates.add_refused();
        refused.set_sha256(bundle.sha256);
        refused.set_sequence(bundle.sequence);
        refused.set_code(bundle.code);
        refused.set_name(bundle.name);
        refused.set_message(bundle.message);
    }
    for (const UpdatesAlarm& alarm : view->alarms) {
        api::Alarm& made = *updates.add_alarms();
        made.set_name(std::string(alarm.name));
        made.set_message(alarm.message);
    }
    return reply(request, updates);
}

Response check_updates(Request& request, Services& services) {
    return order(request, services, UpdateOrder::check, "updates.check");
}

Response install_update(Request& request, Services& services) {
    return order(request, services, UpdateOrder::install, "updates.install");
}

}  // namespace sluis
