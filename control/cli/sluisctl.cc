// sluisctl: the command line. One file a group of commands; each adds itself here.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "control/cli/commands.h"
#include "dataplane/interface/memory_need.h"

namespace {

/// What was printed may still lie in a buffer: a full disk shows only now.
int finish(int status) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    std::fputs("sluisctl: standard output could not be written\n", stderr);
    return sluis::kExitFailed;
}

}  // namespace

int main(int argc, char** argv) {
    sluis::end_without_memory("sluisctl");
    CLI::App app("Looks after a Sluis box: its rules, and what they do.", "sluisctl");
    app.require_subcommand(1);
    app.footer("Exit status: 0 done, 1 something failed or is wrong, 2 wrong usage.");
    int status = sluis::kExitOk;
    sluis::add_rules_commands(app, status);
    sluis::add_counters_command(app, status);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return finish(app.exit(error) == 0 ? sluis::kExitOk : sluis::kExitUsage);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "sluisctl: %s\n", error.what());
        return sluis::kExitFailed;
    }
    return finish(status);
}
