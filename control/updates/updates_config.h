// The table [updates] of the configuration file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluis {

/// What becomes of a newer bundle that came and passed its checks.
enum class InstallMode : std::uint8_t {
    automatic,  ///< it is installed, and confirmed when the box stays well
    ask,        ///< it waits until somebody installs it
};

inline constexpr std::size_t kMirrorLimit = 8;

struct UpdatesConfig {
    std::vector<std::string> mirrors;  ///< https://HOST[:PORT]/FOLDER; none: nothing is pulled
    std::uint32_t every = 3600;        ///< seconds between two checks
    std::string ca;                    ///< PEM: who signs the mirrors' certificates; empty: the system's list
    std::string proxy;                 ///< http://HOST:PORT; empty: none
    std::string window;                ///< "HH:MM-HH:MM", local time; empty: any time
    InstallMode install = InstallMode::automatic;
    std::string directory = "/var/lib/sluis/updates";

    bool is_on() const { return !mirrors.empty(); }
};

/// What no single key can tell, empty when nothing is wrong.
std::string check_updates_config(const UpdatesConfig& config);

}  // namespace sluis
