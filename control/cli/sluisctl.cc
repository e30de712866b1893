// sluisctl: the command line. One file a group of commands; each adds itself here.
#include <CLI/CLI.hpp>

#include "control/cli/commands.h"

int main(int argc, char** argv) {
    CLI::App app("Looks after a Sluis box: its rules, and what they do.", "sluisctl");
    app.require_subcommand(1);
    int status = sluis::kExitOk;
    sluis::add_rules_commands(app, status);
    sluis::add_counters_command(app, status);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? sluis::kExitOk : sluis::kExitUsage;
    }
    return status;
}
