#include "dataplane/command_line.h"

#include <array>
#include <string_view>

#include "dataplane/interface/edit_distance.h"

namespace sluis {

const char* const kUsage =
    "Bridges port pairs and refuses what the rule set in force blocks.\n"
    "Usage: sluis-dataplane [OPTIONS]\n"
    "\n"
    "Options:\n"
    "  -h,--help                   Print this help message and exit\n"
    "  --config FILE [/etc/sluis/sluis.toml]\n"
    "                              The configuration\n"
    "  --check                     Check the configuration, the rule set, the ports and the memory, say what would be\n"
    "                              done, and exit\n"
    "  --help-config               Print every key of the configuration with its default, as TOML, and exit\n"
    "\n"
    "Runs until SIGTERM or SIGINT, also when the terminal that it was started from goes (SIGHUP). While it runs,\n"
    "sluisctl counters shows what it counts; the counters file stays after the end, until the next start.\n"
    "Exit status: 0 ended when told to, or all is right; 1 something failed; 2 wrong usage.\n";

tl::expected<CommandLine, std::string> read_command_line(int argc, char** argv) {
    CommandLine line;
    constexpr std::string_view kConfigIs = "--config=";
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--config" && i + 1 < argc)
            line.config = argv[++i];
        else if (argument.substr(0, kConfigIs.size()) == kConfigIs)
            line.config = argument.substr(kConfigIs.size());
        else if (argument == "--check")
            line.check = true;
        else if (argument == "--help" || argument == "-h")
            line.help = true;
        else if (argument == "--help-config")
            line.help_config = true;
        else if (argument == "--config")
            return tl::unexpected(std::string("--config needs a file behind it"));
        else
            return tl::unexpected("unknown argument \"" + std::string(argument) + "\"" +
                                  hint(argument, {"--help", "--config", "--check", "--help-config"}));
    }
    return line;
}

}  // namespace sluis
