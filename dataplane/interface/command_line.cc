#include "dataplane/interface/command_line.h"

#include <array>
#include <string_view>

#include "dataplane/interface/edit_distance.h"
#include "dataplane/interface/one_line.h"

namespace sluis {

tl::expected<CommandLine, std::string> read_command_line(int argc, char** argv) {
    CommandLine line;
    constexpr std::string_view kConfigIs = "--config=";
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--config" && i + 1 < argc && *argv[i + 1] != '\0')
            line.config = argv[++i];
        else if (argument.substr(0, kConfigIs.size()) == kConfigIs && argument != kConfigIs)
            line.config = argument.substr(kConfigIs.size());
        else if (argument == "--check")
            line.check = true;
        else if (argument == "--help" || argument == "-h")
            line.help = true;
        else if (argument == "--help-config")
            line.help_config = true;
        else if (argument == "--version")
            line.version = true;
        else if (argument == "--config" || argument == kConfigIs)
            return tl::unexpected(std::string("--config needs a file behind it"));
        else
            return tl::unexpected("unknown argument \"" + one_line(argument) + "\"" +
                                  hint(argument, {"--help", "--config", "--check", "--help-config", "--version"}));
    }
    return line;
}

}  // namespace sluis
