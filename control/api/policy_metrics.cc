#include "control/api/policy_metrics.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace sluis {
namespace {

constexpr MetricType kCounter = MetricType::counter, kGauge = MetricType::gauge;

/// Calls `each(zone's name, category's name, phase, rule)` for every category that some rule of the zone is about;
/// `rule` is the one in force, or the next, or the last.
template <typename Each>
void for_each_mode(const DeliveryView& view, Each each) {
    if (view.phase == nullptr) return;
    const auto& zones = view.policy->policy.zones;
    const auto categories = view.rules->categories();
    for (std::size_t zone = 0; zone < zones.size(); ++zone)
        for (std::size_t i = 0; i < categories.size(); ++i) {
            const CategoryPhase& phase = view.phase->zones[zone][i];
            if (phase.state == RuleState::none || categories[i].allows) continue;
            each(zones[zone].name, categories[i].name, phase, zones[zone].rules[phase.rule]);
        }
}

void write_dates(MetricsText& text, const DeliveryView& view) {
    const auto family = [&](std::string_view name, std::string_view help, std::optional<std::int64_t> ZoneRule::*date) {
        text.family(name, kGauge, help);
        for_each_mode(
            view, [&](std::string_view zone, std::string_view category, const CategoryPhase&, const ZoneRule& rule) {
                if (rule.*date) text.sample({{"zone", zone}, {"category", category}}, *(rule.*date));
            });
    };
    family("sluis_policy_from_timestamp_seconds", "When the rule begins that is in force, or next; none: no sample.",
           &ZoneRule::from);
    family("sluis_policy_review_timestamp_seconds", "By when that rule is to be reviewed; none: no sample.",
           &ZoneRule::review_by);
    family("sluis_policy_until_timestamp_seconds", "When that rule ends; never: no sample.", &ZoneRule::until);
}

void write_modes(MetricsText& text, const DeliveryView& view) {
    text.family("sluis_policy_mode", kGauge,
                "What a zone does with a category that some rule of it is about: 0 off, 1 monitor, 2 enforce.");
    for_each_mode(view,
                  [&](std::string_view zone, std::string_view category, const CategoryPhase& phase, const ZoneRule&) {
                      text.sample({{"zone", zone}, {"category", category}}, static_cast<std::uint64_t>(phase.mode));
                  });
}

void write_hand_over(MetricsText& text, const HandOverState& state) {
    text.family("sluis_hand_over_offers_total", kCounter, "Offers to the dataplane by what came of them.");
    for (const std::string_view result : hand_over_results()) {
        const auto found = state.results.find(result);
        text.sample({{"result", result}}, found == state.results.end() ? std::uint64_t{0} : found->second);
    }
    text.single("sluis_hand_over_taken_timestamp_seconds", kGauge,
                "When the dataplane last took an offer; 0: not since control started.", state.taken);
    text.single("sluis_hand_over_reachable", kGauge, "Whether the dataplane answers.", state.reachable);
    text.family("sluis_hand_over_in_use", kGauge, "Whether the dataplane judges by what is in force.");
    text.sample({{"object", "rules"}}, state.rules_in_use);
    text.sample({{"object", "zones"}}, state.zones_in_use);
}

}  // namespace

void write_policy_metrics(MetricsText& text, const DeliveryView& view) {
    text.family("sluis_policy_info", kGauge, "The policy in force: where it comes from, and its SHA-256.");
    text.sample({{"origin", view.origin()}, {"sha256", view.policy == nullptr ? "" : view.policy->digest}},
                std::uint64_t{1});
    text.single("sluis_policy_clock_timestamp_seconds", kGauge, "The moment by which the policy is judged.", view.time);
    text.single("sluis_policy_clock_held", kGauge, "Whether that moment does not follow the clock.", view.clock_held);
    const auto next = view.phase == nullptr ? std::nullopt : view.phase->next_change;
    text.single("sluis_policy_next_change_timestamp_seconds", kGauge, "When the policy changes next; 0: never.",
                next.value_or(0));
    write_modes(text, view);
    write_dates(text, view);
    // An alarm may stand for several things, and a series only once.
    std::map<std::string_view, std::uint64_t> alarms;
    for (const DeliveryAlarm& alarm : view.alarms) ++alarms[alarm.name];
    text.family("sluis_policy_alarms", kGauge, "Alarms about the policy, by their name; none: no sample.");
    for (const auto& [name, count] : alarms) text.sample({{"alarm", name}}, count);
    write_hand_over(text, view.hand_over);
}

}  // namespace sluis
