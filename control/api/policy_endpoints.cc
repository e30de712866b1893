#include <memory>
#include <string>
#include <utility>

#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/api/job_answer.h"
#include "control/api/policy_answer.h"
#include "control/api/policy_installer.h"
#include "control/delivery/delivery.h"

namespace sluis {
namespace {

void fill(api::PolicyMode& to, const Category& category, const PolicyZone& zone, const CategoryPhase& phase) {
    to.set_category(std::string(category.name));
    to.set_mode(std::string(kZoneModeNames[static_cast<std::size_t>(phase.mode)]));
    to.set_state(std::string(state_name(phase.state)));
    if (phase.state == RuleState::none) return;
    const ZoneRule& rule = zone.rules[phase.rule];
    to.set_line(static_cast<std::uint32_t>(rule.line));
    to.set_from(rule.from.value_or(0));
    to.set_review_by(rule.review_by.value_or(0));
    to.set_until(rule.until.value_or(0));
    to.set_review_overdue(phase.review_overdue);
}

void fill(api::PolicyZone& to, const DeliveryView& view, std::size_t index) {
    const Policy& policy = view.policy->policy;
    const PolicyZone& zone = policy.zones[index];
    to.set_name(zone.name);
    to.set_line(static_cast<std::uint32_t>(zone.line));
    to.set_language(zone.language);
    to.set_devices(zone.devices.devices.size());
    if (view.phase == nullptr) return;
    const auto categories = view.rules->categories();
    for (std::size_t i = 0; i < categories.size(); ++i) {
        if (categories[i].allows) continue;
        const CategoryPhase& phase = view.phase->zones[index][i];
        api::PolicyMode& mode = *to.add_categories();
        fill(mode, categories[i], zone, phase);
        mode.set_why(why(policy, index, phase));
    }
}

}  // namespace

Response get_policy(Request& request, Services& services) {
    const auto view = services.delivery.view();
    api::Policy policy;
    policy.set_origin(std::string(view->origin()));
    policy.set_file(services.delivery.file().path());
    policy.set_time(view->time);
    policy.set_clock_held(view->clock_held);
    for (const DeliveryAlarm& alarm : view->alarms) {
        api::Alarm& made = *policy.add_alarms();
        made.set_name(std::string(alarm.name));
        made.set_message(alarm.message);
    }
    if (view->policy != nullptr) {
        const Policy& content = view->policy->policy;
        policy.set_sha256(view->policy->digest);
        if (content.time_zone) policy.set_time_zone(content.time_zone->name());
        for (std::size_t i = 0; i < content.zones.size(); ++i) fill(*policy.add_zones(), *view, i);
        for (const std::string& warning : content.warnings) policy.add_warnings(warning);
    }
    if (view->phase != nullptr) {
        policy.set_since(view->phase->since);
        policy.set_next_change(view->phase->next_change.value_or(0));
        for (const std::size_t i : view->phase->allowed)
            fill_allowed_name(*policy.add_allowed(), view->policy->policy.allowed[i]);
    }
    Response response = reply(request, policy);
    response.etag = view->etag;
    return response;
}

Response post_policy(Request& request, Services& services) {
    const auto intent = read_intent(request);
    if (!intent) return refusal(intent.error());
    const std::string& wanted = request.head.if_match;
    if (!wanted.empty() && wanted != "*" && wanted != services.delivery.view()->etag)
        return refusal({412, "the policy has changed; look again at /v1/policy", "if-match"});
    auto text = std::make_shared<const std::string>(std::move(request.body));
    PolicyInstaller& policy = services.policy;
    if (intent->dry_run)
        return accepted(request, services.jobs, "policy.dry_run", [&policy, text] { return policy.dry_run(*text); });
    PolicyChange change{request.caller.name, intent->comment, wanted};
    return accepted(request, services.jobs, "policy.install",
                    [&policy, text, change] { return policy.install(*text, change); });
}

}  // namespace sluis
