#include "dataplane/interface/config_changes.h"

#include <algorithm>
#include <utility>

#include "dataplane/interface/config_keys.h"

namespace sluis {
namespace {

using Changes = std::vector<ConfigChange>;

/// A configuration of one pair alone, for keys of pairs mean the last one.
Config only(const PairConfig& pair) {
    Config config;
    config.pairs = {pair};
    return config;
}

void compare_keys(const ConfigTable& table, const std::string& prefix, const Config& before, const Config& after,
                  Changes& changes) {
    for (const ConfigKey& key : table.keys) {
        std::string was = key.show(before), is = key.show(after);
        if (was != is) changes.push_back({prefix + std::string(key.name), std::move(was), std::move(is), key.live});
    }
}

std::string names_of(const Config& config) {
    std::string names;
    for (const PairConfig& pair : config.pairs) names += (names.empty() ? "" : ", ") + pair.name;
    return names;
}

const PairConfig* find_pair(const Config& config, const std::string& name) {
    const auto found =
        std::find_if(config.pairs.begin(), config.pairs.end(), [&](const auto& pair) { return pair.name == name; });
    return found == config.pairs.end() ? nullptr : &*found;
}

void compare_pairs(const ConfigTable& table, const Config& before, const Config& after, Changes& changes) {
    if (names_of(before) != names_of(after)) changes.push_back({"pair", names_of(before), names_of(after), false});
    for (const PairConfig& pair : after.pairs)
        if (const PairConfig* former = find_pair(before, pair.name))
            compare_keys(table, "pair." + pair.name + ".", only(*former), only(pair), changes);
}

}  // namespace

std::vector<ConfigChange> changes_between(const Config& before, const Config& after) {
    Changes changes;
    for (const ConfigTable& table : config_tables()) {
        if (table.repeated)
            compare_pairs(table, before, after, changes);
        else
            compare_keys(table, std::string(table.name) + ".", before, after, changes);
    }
    return changes;
}

}  // namespace sluis
