#include "dataplane/worker_names.h"

#include <cstddef>
#include <cstdint>

#include "dataplane/interface/set_layout.h"

namespace sluis {

std::vector<std::string> pair_of_worker(const Config& config) {
    std::vector<std::string> names;
    for (const SetLayout& set : inline_sets(config)) names.insert(names.end(), set.workers, set.name);
    return names;
}

std::vector<WorkerPairs> pairs_of_worker(const Config& config) {
    std::vector<WorkerPairs> workers;
    for (const SetLayout& set : inline_sets(config)) {
        WorkerPairs pairs{set.name};
        for (const std::size_t place : set.pairs) pairs.links.push_back(config.pairs[place].name);
        workers.insert(workers.end(), set.workers, pairs);
    }
    return workers;
}

std::vector<CountedPair> counted_pairs(const Config& config) {
    std::vector<CountedPair> pairs(config.pairs.size());
    for (const SetLayout& set : inline_sets(config))
        for (std::size_t link = 0; link < set.pairs.size(); ++link) {
            const PairConfig& pair = config.pairs[set.pairs[link]];
            pairs[set.pairs[link]] = {pair.name, pair.set, static_cast<std::uint32_t>(link)};
        }
    return pairs;
}

}  // namespace sluis
