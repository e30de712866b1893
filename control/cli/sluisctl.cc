// sluisctl: the command line. One file a group of commands; each adds itself here.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "control/cli/command_tree.h"
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

/// What shows the state of a box may be shown again and again.
class Watch {
public:
    void add_to(CLI::App& command) {
        command.add_option("--watch", text_, "Show it again and again")
            ->expected(0, 1)
            ->option_text("[=SECONDS] [2]")
            ->check([](const std::string& text) {
                return is_default(text) || number_of(text) >= 0.1 ? "" : "write seconds, from 0.1 on";
            });
        options_.push_back(command.get_option("--watch"));
    }
    /// Between two showings; 0: it is shown once.
    double seconds() const {
        const auto is_given = [](const CLI::Option* option) { return option->count() != 0; };
        if (std::none_of(options_.begin(), options_.end(), is_given)) return 0;
        return is_default(text_) ? 2 : number_of(text_);
    }
    /// A screen is cleared; elsewhere an empty line parts them.
    static void begin_again() { std::fputs(isatty(STDOUT_FILENO) == 1 ? "\x1b[H\x1b[2J" : "\n", stdout); }

private:
    static bool is_default(const std::string& text) { return text.empty() || text == "true" || text == "{}"; }
    static double number_of(const std::string& text) {
        char* end = nullptr;
        const double number = std::strtod(text.c_str(), &end);
        return end == text.c_str() + text.size() && number <= 86400 ? number : 0;
    }
    std::string text_;
    std::vector<const CLI::Option*> options_;
};

void add_watch(CLI::App& app, Watch& watch) {
    constexpr std::array<std::string_view, 12> kShown{
        "sluisctl policy status", "sluisctl status",          "sluisctl stats",       "sluisctl ruleset show",
        "sluisctl rules status",  "sluisctl counters",        "sluisctl policy show", "sluisctl dataplane state",
        "sluisctl mode show",     "sluisctl firmware status", "sluisctl presence",    "sluisctl report would-block"};
    for (const sluis::CommandNode& node : sluis::command_tree(app))
        if (std::find(kShown.begin(), kShown.end(), node.path) != kShown.end())
            watch.add_to(const_cast<CLI::App&>(*node.command));
}

}  // namespace

int main(int argc, char** argv) {
    sluis::open_standard_streams();
    sluis::end_without_memory("sluisctl", "give the process more");
    CLI::App app("Looks after a Sluis box: its rules, and what they do.", "sluisctl");
    app.require_subcommand(1);
    int status = sluis::kExitOk;
    const sluis::Command commands(app, status);
    sluis::add_status_commands(commands);
    sluis::add_events_commands(commands);
    sluis::add_report_commands(commands);
    sluis::add_ruleset_commands(commands);
    sluis::add_mode_commands(commands);
    sluis::add_config_commands(commands);
    sluis::add_updates_commands(commands);
    sluis::add_firmware_commands(commands);
    sluis::add_rules_commands(commands);
    sluis::add_bundle_commands(commands);
    sluis::add_policy_commands(commands);
    sluis::add_policy_api_commands(commands);
    sluis::add_counters_command(commands);
    sluis::add_dataplane_commands(commands);
    sluis::add_trace_command(commands);
    sluis::add_top_command(commands);
    sluis::add_snmp_command(commands);
    sluis::add_support_command(commands);
    sluis::add_backup_command(commands);
    sluis::add_shell_commands(commands);
    app.set_version_flag("--version", std::string("sluisctl ") + sluis::kVersion);
    sluis::refuse_empty_values(app);
    Watch watch;
    add_watch(app, watch);
    sluis::add_examples(app);
    if (const std::string unknown = unknown_command(app, argc, argv); !unknown.empty()) {
        std::fprintf(stderr, "sluisctl: %s; see --help\n", sluis::one_line(unknown).c_str());
        return sluis::kExitUsage;
    }
    try {
        app.parse(argc, argv);
        while (watch.seconds() > 0) {
            if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || status == sluis::kExitUsage) break;
            std::this_thread::sleep_for(std::chrono::duration<double>(watch.seconds()));
            watch.begin_again();
            app.parse(argc, argv);
        }
    } catch (const CLI::ParseError& error) {
        return finish(sluis::report_usage(app, error) ? sluis::kExitOk : sluis::kExitUsage);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "sluisctl: %s\n", error.what());
        return sluis::kExitFailed;
    }
    return finish(status);
}
