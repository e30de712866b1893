#include "control/main/command_line.h"

#include <string_view>

#include "dataplane/interface/edit_distance.h"

namespace sluis {

const char* const kUsage =
    "Looks after the rules of a Sluis box, and answers who asks for them and for its counters.\n"
    "Usage: sluis-control [OPTIONS]\n"
    "\n"
    "Options:\n"
    "  -h,--help                   Print this help message and exit\n"
    "  --config FILE [/etc/sluis/sluis.toml]\n"
    "                              The configuration, which is sluis-dataplane's, too\n"
    "  --check                     Check the configuration and the certificates, and exit\n"
    "  --help-config               Print the keys of [control] and [api] with their defaults, as TOML, and exit\n"
    "\n"
    "Runs until SIGTERM or SIGINT; on SIGHUP it reads its certificates again. sluis-dataplane goes on without it.\n"
    "Exit status: 0 ended when told to, or all is right; 1 something failed; 2 wrong usage.\n";

tl::expected<CommandLine, std::string> read_command_line(int argc, char** argv) {
    CommandLine line;
    constexpr std::string_view kConfigIs = "--config=";
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--config" && i + 1 < argc)
            line.config = argv[++i];
        else if (argument.starts_with(kConfigIs))
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
