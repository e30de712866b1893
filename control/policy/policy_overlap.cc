#include "control/policy/policy_overlap.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

namespace sluis {
namespace {

constexpr std::int64_t kAlways = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kForEver = std::numeric_limits<std::int64_t>::max();

/// The first moment at which both are in force, if there is one.
std::optional<std::int64_t> both_in_force(const ZoneRule& a, const ZoneRule& b) {
    const std::int64_t from = std::max(a.from.value_or(kAlways), b.from.value_or(kAlways));
    const std::int64_t until = std::min(a.until.value_or(kForEver), b.until.value_or(kForEver));
    return from < until ? std::optional(from) : std::nullopt;
}

/// A category that both name, or that neither has to name.
std::optional<std::string> shared_category(const ZoneRule& a, const ZoneRule& b) {
    if (a.categories.empty() && b.categories.empty()) return "those on by default";
    for (const std::string& name : a.categories)
        if (std::find(b.categories.begin(), b.categories.end(), name) != b.categories.end()) return name;
    return std::nullopt;
}

/// How much of a later zone's matcher an earlier zone takes.
struct Taken {
    std::size_t count = 0;
    std::size_t of = 0;
    std::string first;  ///< the first value, for people

    bool all() const { return count == of; }
    template <typename Text>
    void add(bool taken, const Text& text) {
        ++of;
        if (taken && count++ == 0) first = text();
    }
};

bool holds(const std::vector<AddressPrefix>& wider, const AddressPrefix& prefix) {
    return std::any_of(wider.begin(), wider.end(), [&](const AddressPrefix& each) {
        return each.ipv6 == prefix.ipv6 && each.length <= prefix.length && contains(each, prefix.address, prefix.ipv6);
    });
}

template <typename T>
bool is_among(const std::vector<T>& all, const T& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

Taken taken_vlans(const PolicyZone& earlier, const PolicyZone& later) {
    Taken taken;
    for (const std::uint16_t id : later.vlans)
        taken.add(std::binary_search(earlier.vlans.begin(), earlier.vlans.end(), id),
                  [&] { return id == 0 ? "untagged" : fmt::format("VLAN {}", id); });
    return taken;
}

Taken taken_pairs(const PolicyZone& earlier, const PolicyZone& later) {
    Taken taken;
    for (const std::string& pair : later.pairs)
        taken.add(is_among(earlier.pairs, pair), [&] { return "pair " + pair; });
    return taken;
}

Taken taken_prefixes(const PolicyZone& earlier, const PolicyZone& later) {
    Taken taken;
    for (const AddressPrefix& prefix : later.prefixes)
        taken.add(holds(earlier.prefixes, prefix), [&] { return address_prefix_text(prefix); });
    return taken;
}

Taken taken_devices(const PolicyZone& earlier, const PolicyZone& later) {
    Taken taken;
    const auto& known = earlier.devices.devices;
    for (const std::uint64_t device : later.devices.devices)
        taken.add(std::binary_search(known.begin(), known.end(), device),
                  [&] { return "device " + device_text(device); });
    return taken;
}

/// One kind of matcher of two zones.
struct Kind {
    bool earlier_has;
    bool later_has;
    Taken taken;
};

std::vector<Kind> kinds_of(const PolicyZone& earlier, const PolicyZone& later) {
    return {{!earlier.vlans.empty(), !later.vlans.empty(), taken_vlans(earlier, later)},
            {!earlier.pairs.empty(), !later.pairs.empty(), taken_pairs(earlier, later)},
            {!earlier.prefixes.empty(), !later.prefixes.empty(), taken_prefixes(earlier, later)},
            {!earlier.device_file.empty(), !later.device_file.empty(), taken_devices(earlier, later)}};
}

class OverlapFinder {
public:
    OverlapFinder(const Policy& policy, std::vector<std::string>& errors, std::vector<std::string>& warnings)
        : policy_(policy), errors_(errors), warnings_(warnings) {}

    void find() {
        for (std::size_t later = 0; later < policy_.zones.size(); ++later) {
            compare_rules(policy_.zones[later]);
            for (std::size_t earlier = 0; earlier < later; ++earlier)
                compare_zones(policy_.zones[earlier], policy_.zones[later]);
        }
    }

private:
    std::string place(std::size_t line) const { return fmt::format("{}:{}:1", policy_.file, line); }

    void compare_rules(const PolicyZone& zone) {
        for (std::size_t i = 0; i < zone.rules.size(); ++i)
            for (std::size_t j = 0; j < i; ++j) compare_rules(zone, zone.rules[j], zone.rules[i]);
    }

    void compare_rules(const PolicyZone& zone, const ZoneRule& a, const ZoneRule& b) {
        const auto when = both_in_force(a, b);
        const auto category = shared_category(a, b);
        if (!when || !category) return;
        const std::string time = *when == kAlways ? "always" : "from " + policy_.show(*when) + " on";
        const std::string both = fmt::format("{}: zone '{}', category {}: this rule and the one at line {}",
                                             place(b.line), zone.name, *category, a.line);
        if (a.mode == b.mode) {
            warnings_.push_back(fmt::format("{} say the same, {}; leave one out, or end one by 'until'", both, time));
        } else {
            errors_.push_back(
                fmt::format("{} contradict each other, {}; end one by 'until', or begin one by 'from'", both, time));
        }
    }

    void compare_zones(const PolicyZone& earlier, const PolicyZone& later) {
        // What no file wrote is nobody's mistake.
        if (later.line == 0) return;
        const std::vector<Kind> kinds = kinds_of(earlier, later);
        const auto lets_all_through = [](const Kind& kind) {
            return !kind.earlier_has || (kind.later_has && kind.taken.all());
        };
        if (std::all_of(kinds.begin(), kinds.end(), lets_all_through)) {
            errors_.push_back(
                fmt::format("{}: zone '{}' is never reached: zone '{}', at line {}, takes all its clients "
                            "first; put it before that one",
                            place(later.line), later.name, earlier.name, earlier.line));
            return;
        }
        const auto has = [](const Kind& kind) { return kind.earlier_has; };
        if (std::count_if(kinds.begin(), kinds.end(), has) != 1) return;
        const Kind& only = *std::find_if(kinds.begin(), kinds.end(), has);
        if (only.taken.count == 0) return;
        const std::string others = only.taken.count == 1 ? "" : fmt::format(" and {} more", only.taken.count - 1);
        warnings_.push_back(fmt::format("{}: zone '{}' never sees {}{}: zone '{}', at line {}, goes first",
                                        place(later.line), later.name, only.taken.first, others, earlier.name,
                                        earlier.line));
    }

    const Policy& policy_;
    std::vector<std::string>& errors_;
    std::vector<std::string>& warnings_;
};

}  // namespace

void find_overlaps(const Policy& policy, std::vector<std::string>& errors, std::vector<std::string>& warnings) {
    OverlapFinder(policy, errors, warnings).find();
}

}  // namespace sluis
