#include "control/policy/policy_phase.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace sluis {
namespace {

bool has_begun(const ZoneRule& rule, std::int64_t time) { return !rule.from || *rule.from <= time; }
bool has_ended(const ZoneRule& rule, std::int64_t time) { return rule.until && *rule.until <= time; }
bool is_in_force(const ZoneRule& rule, std::int64_t time) { return has_begun(rule, time) && !has_ended(rule, time); }

bool names(const ZoneRule& rule, std::string_view category) {
    return std::find(rule.categories.begin(), rule.categories.end(), category) != rule.categories.end();
}

/// Whether the rule is about the category; by its name, or by its default.
bool is_about(const ZoneRule& rule, const Category& category) {
    return rule.categories.empty() ? category.default_on : names(rule, category.name);
}

/// The rule in force: one that names the category before one that does not have to. There is one of each at the most,
/// or they say the same (policy_overlap.h).
std::optional<std::size_t> rule_in_force(const PolicyZone& zone, const Category& category, std::int64_t time) {
    std::optional<std::size_t> general;
    for (std::size_t i = 0; i < zone.rules.size(); ++i) {
        const ZoneRule& rule = zone.rules[i];
        if (!is_about(rule, category) || !is_in_force(rule, time)) continue;
        if (!rule.categories.empty()) return i;
        if (!general) general = i;
    }
    return general;
}

/// Without a rule in force: the one that begins next, else the one that ended last.
CategoryPhase idle_phase(const PolicyZone& zone, const Category& category, std::int64_t time) {
    CategoryPhase phase;
    for (std::size_t i = 0; i < zone.rules.size(); ++i) {
        const ZoneRule& rule = zone.rules[i];
        if (!is_about(rule, category)) continue;
        const ZoneRule& best = zone.rules[phase.rule];
        if (!has_begun(rule, time)) {
            if (phase.state != RuleState::not_yet || *rule.from < *best.from)
                phase.state = RuleState::not_yet, phase.rule = i;
        } else if (phase.state == RuleState::none || (phase.state == RuleState::ended && *rule.until > *best.until)) {
            phase.state = RuleState::ended, phase.rule = i;
        }
    }
    return phase;
}

CategoryPhase category_phase(const PolicyZone& zone, const Category& category, std::int64_t time) {
    const auto active = rule_in_force(zone, category, time);
    if (!active) return idle_phase(zone, category, time);
    const ZoneRule& rule = zone.rules[*active];
    return {rule.mode, RuleState::in_force, *active, rule.review_by && *rule.review_by <= time};
}

void consider(std::optional<std::int64_t>& next, std::optional<std::int64_t> moment, std::int64_t time) {
    if (moment && *moment > time && (!next || *moment < *next)) next = moment;
}

std::string in_words(const std::vector<std::string>& categories) {
    return categories.empty() ? "those on by default" : fmt::format("{}", fmt::join(categories, ", "));
}

void add_rule(const Policy& policy, const PolicyZone& zone, const ZoneRule& rule, PolicyPhase& phase) {
    for (const auto& moment : {rule.from, rule.until}) {
        consider(phase.next_change, moment, phase.time);
        if (moment && *moment <= phase.time) phase.since = std::max(phase.since, *moment);
    }
    if (!has_ended(rule, phase.time)) consider(phase.next_change, rule.review_by, phase.time);
    if (!is_in_force(rule, phase.time) || !rule.review_by || *rule.review_by > phase.time) return;
    phase.alarms.push_back(
        {zone.name, rule.line, *rule.review_by,
         fmt::format("zone '{}': the review of the rule at line {} ({}: {}) was due by {}; it stays in force until "
                     "somebody decides: set a new review_by, or an until",
                     zone.name, rule.line, kZoneModeNames[static_cast<std::size_t>(rule.mode)],
                     in_words(rule.categories), policy.show(*rule.review_by))});
}

}  // namespace

std::string_view state_name(RuleState state) {
    constexpr std::array<std::string_view, 4> kNames{"none", "not_yet", "in_force", "ended"};
    return kNames[static_cast<std::size_t>(state)];
}

PolicyPhase phase_at(const Policy& policy, std::span<const Category> categories, std::int64_t time) {
    PolicyPhase phase;
    phase.time = time;
    for (const PolicyZone& zone : policy.zones) {
        auto& modes = phase.zones.emplace_back();
        for (const Category& category : categories) modes.push_back(category_phase(zone, category, time));
        for (const ZoneRule& rule : zone.rules) add_rule(policy, zone, rule, phase);
    }
    for (std::size_t i = 0; i < policy.allowed.size(); ++i) {
        if (policy.allowed[i].until > time) phase.allowed.push_back(i);
        consider(phase.next_change, policy.allowed[i].until, time);
    }
    return phase;
}

std::string why(const Policy& policy, std::size_t zone, const CategoryPhase& phase) {
    if (phase.state == RuleState::none) return "no rule of the zone is about it";
    const ZoneRule& rule = policy.zones[zone].rules[phase.rule];
    const std::string_view mode = kZoneModeNames[static_cast<std::size_t>(rule.mode)];
    if (phase.state == RuleState::not_yet)
        return fmt::format("the rule at line {} ({}) begins at {}", rule.line, mode, policy.show(*rule.from));
    if (phase.state == RuleState::ended)
        return fmt::format("the rule at line {} ({}) ended at {}", rule.line, mode, policy.show(*rule.until));
    std::string text = fmt::format("by the rule at line {}", rule.line);
    if (rule.from) text += ", since " + policy.show(*rule.from);
    if (rule.until) text += ", until " + policy.show(*rule.until);
    if (rule.review_by) text += (phase.review_overdue ? ", review overdue since " : ", review by ");
    if (rule.review_by) text += policy.show(*rule.review_by);
    return text;
}

const AllowedName* find_allowed(const Policy& policy, const PolicyPhase& phase, std::string_view name) {
    for (const std::size_t i : phase.allowed) {
        const std::string& allowed = policy.allowed[i].name;
        const bool below =
            name.size() > allowed.size() && name.ends_with(allowed) && name[name.size() - allowed.size() - 1] == '.';
        if (name == allowed || below) return &policy.allowed[i];
    }
    return nullptr;
}

ZonePlan zone_plan(const Policy& policy, const PolicyPhase& phase, std::span<const Category> categories,
                   std::string_view rule_set_digest, std::uint64_t generation) {
    ZonePlan plan{std::string(rule_set_digest), generation, {}, {}};
    for (const Category& category : categories) plan.categories.emplace_back(category.name);
    for (std::size_t i = 0; i < policy.zones.size(); ++i) {
        const PolicyZone& zone = policy.zones[i];
        ZoneEntry& entry = plan.zones.emplace_back();
        entry.name = zone.name;
        entry.language = zone.language;
        entry.vlans = zone.vlans;
        entry.pairs = zone.pairs;
        entry.prefixes = zone.prefixes;
        if (!zone.device_file.empty()) entry.devices = zone.devices.devices;
        for (const CategoryPhase& category : phase.zones[i]) entry.modes.push_back(category.mode);
    }
    return plan;
}

}  // namespace sluis
