// What two configurations do not share, key by key.
#pragma once

#include <string>
#include <vector>

#include "dataplane/interface/config.h"

namespace sluis {

struct ConfigChange {
    std::string key;     ///< "limits.flows"; "pair.NAME.workers"; "pair": other pairs, or in another order
    std::string before;  ///< as TOML; empty: there was none
    std::string after;
    bool live = false;  ///< a dataplane that runs takes it up without another start
};

/// In the order of config_tables(). Pairs are told apart by their names.
std::vector<ConfigChange> changes_between(const Config& before, const Config& after);

}  // namespace sluis
