#include "control/policy/policy_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "control/policy/policy_phase.h"

namespace sluis {
namespace {

bool is_same(const AddressPrefix& a, const AddressPrefix& b) {
    return a.ipv6 == b.ipv6 && a.length == b.length && a.address.bytes == b.address.bytes;
}

bool has_same_clients(const PolicyZone& a, const PolicyZone& b) {
    return a.vlans == b.vlans && a.pairs == b.pairs && a.device_file.empty() == b.device_file.empty() &&
           a.devices.devices == b.devices.devices &&
           std::equal(a.prefixes.begin(), a.prefixes.end(), b.prefixes.begin(), b.prefixes.end(), is_same);
}

std::string_view mode_name(const CategoryPhase& phase) { return kZoneModeNames[static_cast<std::size_t>(phase.mode)]; }

/// Where a zone of that name is; the list's size: nowhere.
std::size_t index_of(const Policy& policy, std::string_view name) {
    const auto found = std::find_if(policy.zones.begin(), policy.zones.end(),
                                    [&](const PolicyZone& zone) { return zone.name == name; });
    return static_cast<std::size_t>(found - policy.zones.begin());
}

/// A policy at the moment that is looked at.
struct Phase {
    const Policy& policy;
    PolicyPhase now;
};

class Difference {
public:
    Difference(std::span<const Category> categories, std::int64_t time) : categories_(categories), time_(time) {}

    void compare_zones(const Phase& before, const Phase& after) {
        for (std::size_t i = 0; i < after.policy.zones.size(); ++i) {
            const PolicyZone& zone = after.policy.zones[i];
            const std::size_t former = index_of(before.policy, zone.name);
            if (former == before.policy.zones.size()) {
                say("zone {}: new", zone.name);
                add_modes(zone.name, nullptr, after.now.zones[i]);
                continue;
            }
            if (!has_same_clients(before.policy.zones[former], zone)) say("zone {}: for other clients", zone.name);
            add_modes(zone.name, &before.now.zones[former], after.now.zones[i]);
        }
        for (const PolicyZone& zone : before.policy.zones)
            if (index_of(after.policy, zone.name) == after.policy.zones.size()) say("zone {}: gone", zone.name);
        if (order_differs(before.policy, after.policy)) say("zones: in another order, and the first match counts");
    }

    void compare_allowed(const Phase& before, const Phase& after) {
        for (const std::size_t i : after.now.allowed) {
            const AllowedName& each = after.policy.allowed[i];
            const AllowedName* former = find_allowed(before.policy, before.now, each.name);
            if (former == nullptr || former->name != each.name)
                say("allowed: {} until {}", each.name, after.policy.show(each.until));
        }
        for (const std::size_t i : before.now.allowed) {
            const std::string& name = before.policy.allowed[i].name;
            const AllowedName* later = find_allowed(after.policy, after.now, name);
            if (later == nullptr) say("no longer allowed: {}", name);
        }
    }

    void add_all(const Phase& after) {
        say("zones come into force, in place of [policy] of sluis.toml");
        for (std::size_t i = 0; i < after.policy.zones.size(); ++i)
            add_modes(after.policy.zones[i].name, nullptr, after.now.zones[i]);
        for (const std::size_t i : after.now.allowed)
            say("allowed: {} until {}", after.policy.allowed[i].name, after.policy.show(after.policy.allowed[i].until));
    }

    Phase phase_of(const Policy& policy) const { return {policy, phase_at(policy, categories_, time_)}; }

    template <typename... Values>
    void say(fmt::format_string<Values...> form, Values&&... values) {
        lines_.push_back(fmt::format(form, std::forward<Values>(values)...));
    }
    std::vector<std::string> take() { return std::move(lines_); }

private:
    void add_modes(std::string_view zone, const std::vector<CategoryPhase>* before,
                   const std::vector<CategoryPhase>& after) {
        for (std::size_t i = 0; i < categories_.size(); ++i) {
            if (categories_[i].allows) continue;
            const CategoryPhase former = before == nullptr ? CategoryPhase{} : (*before)[i];
            if (former.mode != after[i].mode)
                say("zone {}: {}: {} -> {}", zone, categories_[i].name, mode_name(former), mode_name(after[i]));
        }
    }

    /// Whether zones that are in both stand in another order.
    static bool order_differs(const Policy& before, const Policy& after) {
        std::size_t last = 0;
        for (const PolicyZone& zone : after.zones) {
            const std::size_t former = index_of(before, zone.name);
            if (former == before.zones.size()) continue;
            if (former < last) return true;
            last = former;
        }
        return false;
    }

    std::span<const Category> categories_;
    std::int64_t time_;
    std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> policy_difference(const Policy* before, const Policy& after,
                                           std::span<const Category> categories, std::int64_t time) {
    Difference difference(categories, time);
    const Phase later = difference.phase_of(after);
    if (before == nullptr) {
        difference.add_all(later);
    } else {
        const Phase former = difference.phase_of(*before);
        difference.compare_zones(former, later);
        difference.compare_allowed(former, later);
    }
    if (later.now.next_change) difference.say("next change: {}", after.show(*later.now.next_change));
    return difference.take();
}

}  // namespace sluis
