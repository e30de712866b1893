// What sluis-dataplane and sluis-control are called with: both have the same options.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace sluis {

struct CommandLine {
    std::string config = "/etc/sluis/sluis.toml";
    bool check = false;
    bool help = false;
    bool help_config = false;
    bool version = false;
};

/// The error is one line for people.
tl::expected<CommandLine, std::string> read_command_line(int argc, char** argv);

}  // namespace sluis
