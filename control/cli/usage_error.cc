#include "control/cli/usage_error.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/interface/edit_distance.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

/// The command that the words led to, and all that it, or what it belongs to, is asked by.
const CLI::App& last_command(const CLI::App& app) {
    const auto chosen = app.get_subcommands();
    return chosen.empty() ? app : last_command(*chosen.back());
}

std::vector<std::string> options_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

/// What has to stand behind a command that only has others below it, and does not; empty: nothing is missing.
std::string missing_command(const CLI::App& app) {
    const CLI::App& last = last_command(app);
    const auto commands = last.get_subcommands([](const CLI::App*) { return true; });
    if (last.get_require_subcommand_min() == 0 || commands.empty()) return {};
    if (&last == &app) return app.remaining(true).empty() ? "say which command" : "";
    std::string known;
    for (const CLI::App* command : commands) known += (known.empty() ? "" : ", ") + command->get_name();
    return last.get_name() + " needs a command behind it: " + known;
}

/// The first word that nothing expected; empty: there is none.
std::string unexpected_word(const CLI::App& app) {
    const std::vector<std::string> words = app.remaining(true);
    if (words.empty()) return {};
    const std::string& word = words.front();
    if (!word.starts_with('-') || word.size() == 1) return "unexpected argument \"" + word + "\"";
    const std::vector<std::string> names = options_of(last_command(app));
    const std::string option = word.substr(0, word.find('='));
    return "unknown option \"" + option + "\"" + hint(option, {names.begin(), names.end()});
}

}  // namespace

void refuse_empty_values(CLI::App& app) {
    const auto check = [](const std::string& text) { return std::string(text.empty() ? "its value is empty" : ""); };
    for (CLI::Option* option : app.get_options())
        if (option->get_expected_max() > 0) option->check(CLI::Validator(check, ""));
    for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) refuse_empty_values(*command);
}

bool report_usage(const CLI::App& app, const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error) == 0;
    std::string what = missing_command(app);
    if (what.empty()) what = unexpected_word(app);
    if (what.empty()) what = error.what();
    std::fprintf(stderr, "%s: %s; see --help\n", app.get_name().c_str(), one_line(what).c_str());
    return false;
}

}  // namespace sluis
