#include "control/policy/policy_explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "control/policy/device_list.h"
#include "control/policy/zone_table_writer.h"
#include "dataplane/interface/one_line.h"
#include "dataplane/match/address_prefix.h"

namespace sluis {
namespace {

tl::unexpected<std::string> wrong(std::string_view option, std::string_view value, std::string_view what) {
    return tl::unexpected(fmt::format("{} \"{}\" {}", option, one_line(value), what));
}

tl::expected<ZoneQuery, std::string> query_of(const PolicyQuestion& question, const ZoneTable& table) {
    ZoneQuery query;
    const auto client = read_address(question.client);
    if (!client) return wrong("--client", question.client, "is no address; write one such as 10.1.2.3 or 2001:db8::1");
    query.client = client->address;
    query.ipv6 = client->ipv6;
    std::string_view problem;
    if (!question.mac.empty() && !read_device(question.mac, query.device, problem))
        return wrong("--mac", question.mac, problem);
    query.pair = table.pair_index(question.pair);
    if (!question.vlans.empty()) query.outer_vlan = question.vlans.front(), query.inner_vlan = question.vlans.back();
    return query;
}

/// By which of its matchers a zone has the client. REQUIRES: it has.
std::vector<std::string> matchers_of(const PolicyZone& zone, const PolicyQuestion& question, const ZoneQuery& query) {
    std::vector<std::string> matchers;
    const auto in = [&](std::uint16_t id) { return std::binary_search(zone.vlans.begin(), zone.vlans.end(), id); };
    if (!zone.vlans.empty()) {
        const std::uint16_t id = in(query.outer_vlan) ? query.outer_vlan : query.inner_vlan;
        matchers.push_back(id == 0 ? "untagged" : fmt::format("VLAN {}", id));
    }
    for (const AddressPrefix& prefix : zone.prefixes)
        if (prefix.ipv6 == query.ipv6 && contains(prefix, query.client, query.ipv6)) {
            matchers.push_back("prefix " + address_prefix_text(prefix));
            break;
        }
    if (!zone.pairs.empty()) matchers.push_back("pair " + question.pair);
    if (!zone.device_file.empty())
        matchers.push_back("device " + device_text(query.device) + " of " + zone.device_file);
    if (matchers.empty()) matchers.push_back("everybody");
    return matchers;
}

std::size_t index_of(std::span<const Category> categories, std::string_view name) {
    const auto found =
        std::find_if(categories.begin(), categories.end(), [&](const Category& each) { return each.name == name; });
    return static_cast<std::size_t>(found - categories.begin());
}

std::string verdict_of(const PolicyAnswer& answer) {
    if (answer.allowed != nullptr) return "allow";
    ZoneMode strictest = ZoneMode::off;
    for (const PolicyMatch& match : answer.matches) strictest = std::max(strictest, match.phase.mode);
    if (strictest == ZoneMode::enforce) return "block";
    return strictest == ZoneMode::monitor ? "monitor" : "allow";
}

}  // namespace

tl::expected<PolicyAnswer, std::string> explain_policy(const Policy& policy, const RuleSet& rules,
                                                       const RuleSource* source, const PolicyQuestion& question) {
    PolicyAnswer answer;
    answer.phase = phase_at(policy, rules.categories(), question.time);
    const auto image = make_zone_table(zone_plan(policy, answer.phase, rules.categories(), rules.digest(), 0));
    if (!image) return tl::unexpected(image.error());
    const auto table = ZoneTable::load(*image);
    if (!table) return tl::unexpected(table.error());
    const auto query = query_of(question, *table);
    if (!query) return tl::unexpected(query.error());
    answer.zone = table->zone_of(*query);
    answer.matchers = matchers_of(policy.zones[answer.zone], question, *query);

    auto explanation = explain_name(rules, source, question.name);
    if (!explanation) return tl::unexpected(explanation.error());
    answer.name = explanation->name;
    answer.allowed = find_allowed(policy, answer.phase, answer.name);
    for (ExplainedRule& rule : explanation->rules) {
        const std::size_t category = index_of(rules.categories(), rule.category);
        if (rules.categories()[category].allows) continue;  // the policy itself says more of it
        const CategoryPhase& phase = answer.phase.zones[answer.zone][category];
        std::string reason = why(policy, answer.zone, phase);
        answer.matches.push_back({std::move(rule), phase, std::move(reason)});
    }
    answer.verdict = verdict_of(answer);
    return answer;
}

}  // namespace sluis
