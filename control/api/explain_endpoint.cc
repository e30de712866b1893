// What becomes of one name: for a client, by the policy's zones; without a policy, for everybody.
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/api/policy_answer.h"
#include "control/api/ruleset_keeper.h"
#include "control/delivery/delivery.h"
#include "control/policy/device_list.h"
#include "control/policy/policy_explanation.h"
#include "control/rules/rule_explanation.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/policy.h"
#include "dataplane/match/address_prefix.h"

namespace sluis {
namespace {

/// Bytes of a parameter: more than a name and its URL's scheme have.
constexpr std::size_t kTextLimit = 1024;
constexpr std::uint16_t kLastVlan = 4094;
constexpr const char* kVlanHelp = "write a VLAN such as 20, or of two tags 10,20, the outermost first";

using Answer = tl::expected<api::Explanation, Problem>;

tl::unexpected<Problem> refuse(int status, std::string detail, std::string field = "") {
    return tl::unexpected(Problem{status, std::move(detail), std::move(field)});
}

void fill(api::ExplainedRule& to, const ExplainedRule& rule) {
    to.set_rule(rule.name);
    to.set_kind(std::string(kind_name(rule.kind)));
    to.set_category(rule.category);
    to.set_comment(rule.comment);
    to.set_source(rule.source);
}

/// "20", or of two tags "10,20", the outermost first; empty: untagged. None when it is no VLAN.
std::optional<std::vector<std::uint16_t>> read_vlans(std::string_view text) {
    std::vector<std::uint16_t> vlans;
    while (!text.empty()) {
        std::uint16_t id = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
        if (error != std::errc{} || id > kLastVlan || vlans.size() == 2) return std::nullopt;
        vlans.push_back(id);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (text.empty()) break;
        if (text.front() != ',' || text.size() == 1) return std::nullopt;
        text.remove_prefix(1);
    }
    return vlans;
}

std::string parameter(const Request& request, std::string_view name) {
    const std::string* value = request.head.parameter(name);
    return value == nullptr ? "" : *value;
}

tl::expected<PolicyQuestion, Problem> read_question(const Request& request, const DeliveryView& view) {
    PolicyQuestion question;
    question.name = parameter(request, "name");
    question.client = parameter(request, "client");
    question.mac = parameter(request, "mac");
    question.pair = parameter(request, "pair");
    if (question.client.empty())
        return refuse(400, "say for which client: an address; the policy treats them by zones", "client");
    const auto vlans = read_vlans(parameter(request, "vlan"));
    if (!vlans) return refuse(400, kVlanHelp, "vlan");
    question.vlans = *vlans;
    question.time = view.time;
    if (const std::string at = parameter(request, "at"); !at.empty()) {
        const auto& zone = view.policy->policy.time_zone;
        const auto time = read_moment(at, zone ? &*zone : nullptr);
        if (!time) return refuse(400, time.error(), "at");
        question.time = *time;
    }
    return question;
}

/// What explain_policy finds wrong: it names parameters as sluisctl's options.
Problem problem_of(const std::string& error) {
    for (const std::string name : {"client", "mac"})
        if (const std::string option = "--" + name + " "; error.starts_with(option))
            return {400, error.substr(option.size()), name};
    return {503, error, ""};
}

Answer explain_by_zones(const Request& request, const RulesetView& rules, const DeliveryView& view) {
    const auto question = read_question(request, view);
    if (!question) return tl::unexpected(question.error());
    const Policy& policy = view.policy->policy;
    const auto found = explain_policy(policy, *rules.compiled, rules.source.get(), *question);
    if (!found) return tl::unexpected(problem_of(found.error()));
    api::Explanation made;
    made.set_name(found->name);
    made.set_verdict(found->verdict);
    made.set_zone(policy.zones[found->zone].name);
    for (const std::string& matcher : found->matchers) made.add_by(matcher);
    made.set_time(question->time);
    if (found->allowed != nullptr) fill_allowed_name(*made.mutable_allowed(), *found->allowed);
    for (const PolicyMatch& match : found->matches) {
        api::ExplainedRule& rule = *made.add_rules();
        fill(rule, match.rule);
        rule.set_enforced(match.phase.mode == ZoneMode::enforce);
        rule.set_mode(std::string(kZoneModeNames[static_cast<std::size_t>(match.phase.mode)]));
        rule.set_why(match.why);
    }
    return made;
}

/// Without zones a client makes no difference; one that is wrong is said as ever.
tl::expected<void, Problem> check_client(const Request& request) {
    std::uint64_t device = 0;
    std::string_view problem;
    const std::string client = parameter(request, "client"), mac = parameter(request, "mac");
    if (!client.empty() && !read_address(client)) return refuse(400, "write an address", "client");
    if (!mac.empty() && !read_device(mac, device, problem)) return refuse(400, std::string(problem), "mac");
    if (!read_vlans(parameter(request, "vlan"))) return refuse(400, kVlanHelp, "vlan");
    if (const std::string at = parameter(request, "at"); !at.empty())
        if (const auto time = read_moment(at, nullptr); !time) return refuse(400, time.error(), "at");
    return {};
}

Answer explain_for_everybody(const Request& request, const RulesetView& rules, const Config& config) {
    if (auto checked = check_client(request); !checked) return tl::unexpected(std::move(checked.error()));
    const auto policy = make_policy(config, *rules.compiled);
    if (!policy) return refuse(503, policy.error());
    const auto found = explain_name(*rules.compiled, rules.source.get(), parameter(request, "name"));
    if (!found) return refuse(503, found.error());
    api::Explanation made;
    made.set_name(found->name);
    bool is_blocked = false;
    for (const ExplainedRule& each : found->rules) {
        api::ExplainedRule& rule = *made.add_rules();
        fill(rule, each);
        const auto categories = rules.compiled->categories();
        for (std::size_t i = 0; i < categories.size(); ++i)
            if (categories[i].name == each.category) rule.set_enforced(policy->enforced[i]);
        is_blocked = is_blocked || rule.enforced();
    }
    made.set_verdict(is_blocked ? "block" : "allow");
    return made;
}

}  // namespace

Response explain(Request& request, Services& services) {
    for (const QueryParameter& each : request.head.query)
        if (each.value.size() > kTextLimit) return refusal({400, "nothing is as long", each.name});
    const std::string name = parameter(request, "name");
    if (name.empty()) return refusal({400, "say which name", "name"});
    const auto rules = services.ruleset.view();
    if (rules->compiled == nullptr) return refusal({503, "there are no compiled rules on this box yet", ""});
    const auto view = services.delivery.view();
    auto made = view->policy != nullptr ? explain_by_zones(request, *rules, *view)
                                        : explain_for_everybody(request, *rules, services.config);
    if (!made) return refusal(made.error());
    made->set_written(name);
    return reply(request, *made);
}

}  // namespace sluis
