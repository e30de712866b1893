// All commands with their options, as a tree to walk: help, completion and manual are made of the same one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sluis {

/// The exit statuses of all commands, for people.
inline constexpr std::string_view kExitStatuses =
    "Exit status: 0 done, 1 something failed or is wrong, 2 wrong usage, 3 nobody answers: sluis-control, or\n"
    "sluis-dataplane where that is asked, 4 what was asked for is refused.";

struct CommandNode {
    std::string path;  ///< "sluisctl ruleset show"
    const CLI::App* command = nullptr;
};

/// The program itself, then every command behind its group.
std::vector<CommandNode> command_tree(const CLI::App& app);

/// The groups and commands right below one.
std::vector<const CLI::App*> commands_below(const CLI::App& command);
/// Its options, those of option groups too, without positional ones.
std::vector<const CLI::Option*> options_of(const CLI::App& command);
std::vector<const CLI::Option*> positionals_of(const CLI::App& command);
/// "-o,--output" as {"-o", "--output"}.
std::vector<std::string> names_of(const CLI::Option& option);
/// What an option takes, for people: "FILE", "FORMAT [table]"; empty for a flag.
std::string value_of(const CLI::Option& option);

/// Lines to type, of a command that has some.
std::vector<std::string_view> examples_of(std::string_view path);
/// Adds the examples to the help of each command that has some.
void add_examples(CLI::App& app);

/// A shell's completion, "bash" or "zsh".
std::string completion_script(const CLI::App& app, std::string_view shell);
/// sluisctl(1), in man(7) form.
std::string command_manual(const CLI::App& app);

}  // namespace sluis
