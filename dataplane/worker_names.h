// What workers and pairs are called where they are counted, traced and looked up in zones.
#pragma once

#include <string>
#include <vector>

#include "dataplane/generation.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/counters_file.h"

namespace sluis {

/// The name of each worker's pair, or of its set.
std::vector<std::string> pair_of_worker(const Config& config);

/// The same with the pairs of the sets.
std::vector<WorkerPairs> pairs_of_worker(const Config& config);

/// Every pair, in the configuration's order.
std::vector<CountedPair> counted_pairs(const Config& config);

}  // namespace sluis
