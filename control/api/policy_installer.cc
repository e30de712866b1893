#include "control/api/policy_installer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <span>

#include "control/api/log.h"
#include "control/policy/policy_difference.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;
using Outcome = JobQueue::Outcome;

tl::unexpected<api::JobError> fail(const char* name, const std::string& message) {
    api::JobError made;
    made.set_name(name);
    made.set_message(message);
    return tl::unexpected(made);
}

/// The policy in force as an audit record has it.
json audit_state(const DeliveryView& view) {
    if (view.policy == nullptr) return {{"sha256", nullptr}};
    return {{"sha256", view.policy->digest},
            {"zones", view.policy->policy.zones.size()},
            {"allowed_names", view.policy->policy.allowed.size()}};
}

Lines difference(const DeliveryView& view, const Policy& policy) {
    const auto categories = view.rules == nullptr ? std::span<const Category>{} : view.rules->categories();
    return policy_difference(view.policy == nullptr ? nullptr : &view.policy->policy, policy, categories, view.time);
}

}  // namespace

tl::expected<PolicyPointer, api::JobError> PolicyInstaller::check(const std::string& text) const {
    auto policy = delivery_.file().read_text(text);
    if (!policy) return fail("policy_wrong", fmt::format("{}", fmt::join(policy.error(), "\n")));
    if (const Lines wrong = delivery_.judge((*policy)->policy); !wrong.empty())
        return fail("policy_wrong", fmt::format("{}", fmt::join(wrong, "\n")));
    return std::move(*policy);
}

Outcome PolicyInstaller::dry_run(const std::string& text) const {
    const auto policy = check(text);
    if (!policy) return tl::unexpected(policy.error());
    Lines lines = difference(*delivery_.view(), (*policy)->policy);
    for (const std::string& warning : (*policy)->policy.warnings) lines.push_back("warning: " + warning);
    if (lines.empty()) return std::string("nothing would change");
    return fmt::format("{}", fmt::join(lines, "\n"));
}

Outcome PolicyInstaller::install(const std::string& text, const PolicyChange& change) {
    const auto view = delivery_.view();
    if (!change.if_match.empty() && change.if_match != "*" && change.if_match != view->etag)
        return fail("changed_meanwhile", "the policy is not that of If-Match any more; look again");
    const auto policy = check(text);
    if (!policy) return tl::unexpected(policy.error());
    AuditRecord record{change.who, "policy.install", change.comment, ""};
    const json before = audit_state(*view);
    if (const auto written = audit_.write(AuditStage::begun, record, before, {{"sha256", (*policy)->digest}}); !written)
        return fail("audit_unwritable", written.error());
    const Outcome outcome = put_in_place(text, **policy);
    record.outcome = outcome ? *outcome : outcome.error().name() + ": " + outcome.error().message();
    const auto written =
        audit_.write(outcome ? AuditStage::done : AuditStage::failed, record, before, audit_state(*delivery_.view()));
    if (!written)
        log_event(LogPriority::error, "audit_unwritable", {{"error", written.error()}, {"what", record.what}});
    log_event(LogPriority::notice, record.what, {{"who", change.who}, {"outcome", record.outcome}});
    return outcome;
}

Outcome PolicyInstaller::put_in_place(const std::string& text, const ReadPolicy& policy) {
    if (const auto written = delivery_.file().write(text); !written) return fail("policy_unwritable", written.error());
    delivery_.reread();
    take_up_();
    const auto view = delivery_.view();
    if (view->policy == nullptr || view->policy->digest != policy.digest)
        return fail("policy_waits",
                    "the policy is in its file, and comes into force with rules that let its allowed "
                    "names pass; see the alarms");
    const std::size_t zones = policy.policy.zones.size();
    return fmt::format("{} zone{} in force, by {}", zones, zones == 1 ? " is" : "s are", policy.policy.file);
}

}  // namespace sluis
