// The table [history] of the configuration file.
#pragma once

#include <cstdint>
#include <string>

namespace sluis {

struct HistoryConfig {
    std::string file = "/var/lib/sluis/history.db";
    std::uint32_t save_seconds = 60;  ///< between two times that something is written
};

/// What no single key can tell, empty when nothing is wrong.
std::string check_history(const HistoryConfig& history);

}  // namespace sluis
