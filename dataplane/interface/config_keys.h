// The configuration file's tables and keys: one list that reading, checking and the printed reference share.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <toml++/toml.h>

#include "dataplane/interface/config.h"

namespace sluis {

/// One key of one table. A key of [[pair]] means the last pair of `Config::pairs`.
struct ConfigKey {
    std::string_view name;
    std::string_view help;
    /// In words: what may be written.
    std::string (*accepts)();
    /// The value as TOML; empty when there is none.
    std::string (*show)(const Config& config);
    /// Stores the value, or returns what is wrong and what to write instead; empty: nothing is wrong.
    std::string (*read)(const toml::node& node, Config& config);
    /// Whether a process that runs takes up another value without another start.
    bool live = false;
};

struct ConfigTable {
    std::string_view name;
    bool repeated;  ///< [[name]] instead of [name]
    std::string_view help;
    std::span<const ConfigKey> keys;
};

std::span<const ConfigTable> config_tables();
/// Tables of the same file that another program reads: known here, and left alone.
std::span<const std::string_view> foreign_tables();

}  // namespace sluis
