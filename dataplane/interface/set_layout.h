// Which port pairs form one path: those of one inline set ([[pair]] set), or a pair of no set, alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/interface/config.h"

namespace sluis {

/// An inline set. Its pairs are its links: workers, flow tables and frame buffers are all the set's.
struct SetLayout {
    std::string name;  ///< of the set, or of its one pair where that is of no set
    std::uint32_t workers = 1;
    std::vector<std::size_t> pairs;  ///< by link: places in Config::pairs
};

/// Every pair in one set, in the order of their first pairs.
std::vector<SetLayout> inline_sets(const Config& config);

/// Of all sets together.
std::uint32_t total_workers(const Config& config);

}  // namespace sluis
