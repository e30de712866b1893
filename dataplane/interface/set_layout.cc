#include "dataplane/interface/set_layout.h"

#include <algorithm>

namespace sluis {

std::vector<SetLayout> inline_sets(const Config& config) {
    std::vector<SetLayout> sets;
    for (std::size_t i = 0; i < config.pairs.size(); ++i) {
        const PairConfig& pair = config.pairs[i];
        const std::string& name = pair.set.empty() ? pair.name : pair.set;
        auto found = std::find_if(sets.begin(), sets.end(), [&](const SetLayout& set) { return set.name == name; });
        if (found == sets.end()) found = sets.insert(sets.end(), {name, pair.workers, {}});
        found->pairs.push_back(i);
    }
    return sets;
}

std::uint32_t total_workers(const Config& config) {
    std::uint32_t sum = 0;
    for (const SetLayout& set : inline_sets(config)) sum += set.workers;
    return sum;
}

}  // namespace sluis
