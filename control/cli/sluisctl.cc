// sluisctl: the command line. One file a group of commands; each adds itself here.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "control/cli/commands.h"
#include "control/cli/usage_error.h"
#include "dataplane/interface/edit_distance.h"
#include "dataplane/interface/memory_need.h"
#include "dataplane/interface/one_line.h"
#include "dataplane/interface/standard_streams.h"
#include "dataplane/interface/version.h"

namespace {

int finish(int status) { return sluis::finish_standard_output("sluisctl") ? status : sluis::kExitFailed; }

/// One line about a word that stands where a command is expected, and is none; empty when there is no such word.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
    const CLI::App* group = &app;
    for (int i = 1; i < argc && argv[i][0] != '-'; ++i) {
        const auto commands = group->get_subcommands([](const CLI::App*) { return true; });
        if (commands.empty()) return "";
        const auto named = [&](const CLI::App* command) { return command->get_name() == argv[i]; };
        const auto found = std::find_if(commands.begin(), commands.end(), named);
        if (found != commands.end()) {
            group = *found;
            continue;
        }
        std::vector<std::string_view> names;
        for (const CLI::App* command : commands) names.push_back(command->get_name());
        return "unknown command \"" + std::string(argv[i]) + "\"" + sluis::hint(argv[i], names);
    }
    return "";
}

}  // namespace

int main(int argc, char** argv) {
    sluis::open_standard_streams();
    sluis::end_without_memory("sluisctl", "give the process more");
    CLI::App app("Looks after a Sluis box: its rules, and what they do.", "sluisctl");
    app.require_subcommand(1);
    app.footer(
        "Exit status: 0 done, 1 something failed or is wrong, 2 wrong usage, 3 sluis-control does not answer,\n"
        "4 sluis-control refuses.");
    int status = sluis::kExitOk;
    sluis::add_status_commands(app, status);
    sluis::add_events_commands(app, status);
    sluis::add_ruleset_commands(app, status);
    sluis::add_mode_commands(app, status);
    sluis::add_config_commands(app, status);
    sluis::add_rules_commands(app, status);
    sluis::add_bundle_commands(app, status);
    sluis::add_policy_commands(app, status);
    sluis::add_policy_api_commands(app, status);
    sluis::add_counters_command(app, status);
    sluis::add_dataplane_commands(app, status);
    app.set_version_flag("--version", std::string("sluisctl ") + sluis::kVersion);
    sluis::refuse_empty_values(app);
    if (const std::string unknown = unknown_command(app, argc, argv); !unknown.empty()) {
        std::fprintf(stderr, "sluisctl: %s; see --help\n", sluis::one_line(unknown).c_str());
        return sluis::kExitUsage;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return finish(sluis::report_usage(app, error) ? sluis::kExitOk : sluis::kExitUsage);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "sluisctl: %s\n", error.what());
        return sluis::kExitFailed;
    }
    return finish(status);
}
