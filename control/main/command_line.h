// What sluis-control is told on its command line.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace sluis {

struct CommandLine {
    std::string config = "/etc/sluis/sluis.toml";
    bool check = false;
    bool help = false;
    bool help_config = false;
};

extern const char* const kUsage;

/// The error is one line: what is wrong, and what may be meant.
tl::expected<CommandLine, std::string> read_command_line(int argc, char** argv);

}  // namespace sluis
