// What a policy says at one moment, why, and when it says something else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/policy.h"
#include "control/policy/zone_table_writer.h"
#include "dataplane/match/rule_set.h"

namespace sluis {

/// How a category stands in a zone.
enum class RuleState {
    none,      ///< no rule is about it: off
    not_yet,   ///< no rule is in force, and `rule` is the next one: off
    in_force,  ///< by `rule`
    ended,     ///< no rule is in force, and `rule` was the last one: off
};

/// "none", "not_yet", "in_force" or "ended"
std::string_view state_name(RuleState state);

struct CategoryPhase {
    ZoneMode mode = ZoneMode::off;
    RuleState state = RuleState::none;
    std::size_t rule = 0;  ///< index in the zone's rules; of no meaning in state `none`
    bool review_overdue = false;
};

/// Something that people have to look after; nothing changes by itself.
struct PolicyAlarm {
    std::string zone;         ///< empty: of the whole policy
    std::size_t line = 0;     ///< in the policy's file; 0: nowhere
    std::int64_t since = 0;   ///< seconds since 1970-01-01 UTC
    std::string description;  ///< one line
};

struct PolicyPhase {
    std::int64_t time = 0;                          ///< seconds since 1970-01-01 UTC
    std::vector<std::vector<CategoryPhase>> zones;  ///< by zone and category, in the policy's and rule set's order
    std::vector<std::size_t> allowed;               ///< of Policy::allowed, those in force
    std::vector<PolicyAlarm> alarms;                ///< reviews that are overdue
    std::int64_t since = 0;                         ///< when a rule last began or ended; 0: none did
    std::optional<std::int64_t> next_change;        ///< the next moment at which any of this changes
};

/// A pure function of its arguments. Categories that a rule names and the rule set has not are left out.
PolicyPhase phase_at(const Policy& policy, std::span<const Category> categories, std::int64_t time);

/// Why a category is treated so, in words, without the mode: "by the rule at line 12, since …".
std::string why(const Policy& policy, std::size_t zone, const CategoryPhase& phase);

/// Whether a normalised name is one of those that are allowed, or below one. Null: it is not.
const AllowedName* find_allowed(const Policy& policy, const PolicyPhase& phase, std::string_view name);

/// The zones as make_zone_table() takes them.
ZonePlan zone_plan(const Policy& policy, const PolicyPhase& phase, std::span<const Category> categories,
                   std::string_view rule_set_digest, std::uint64_t generation);

}  // namespace sluis
