// All commands with their options, as a tree to walk: help, completion and manual are made of the same one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace sluis {

/// The exit statuses of all commands, for people.
inline constexpr std::string_view kExitStatuses =
    "Exit status: 0 done, 1 something failed or is wrong, 2 wrong usage, 3 nobody answers: sluis-control, or\n"
    "sluis-dataplane where that is asked, 4 what was asked for is refused.";

/// An option, or an argument that stands without a name.
struct OptionWords {
    std::vector<std::string> names;  ///< {"-o", "--output"}; of an argument {"FILE"}
    std::string value;               ///< what it takes, for people: "FILE", "FORMAT [table]"; empty for a flag
    std::string help;
    bool is_required = false;
    bool takes_many = false;
};

struct CommandNode {
    const CLI::App* command = nullptr;
    std::string path;  ///< "sluisctl ruleset show"
    std::string help;
    std::vector<std::string> below;               ///< names of the groups and commands right below
    std::vector<OptionWords> options, arguments;  ///< those of option groups, too
};

/// The program itself, then every command behind its group.
std::vector<CommandNode> command_tree(const CLI::App& app);

/// Lines to type, of a command that has some.
std::vector<std::string_view> examples_of(std::string_view path);
/// Adds the examples to the help of each command that has some.
void add_examples(CLI::App& app);

/// A shell's completion, "bash" or "zsh".
std::string completion_script(const CLI::App& app, std::string_view shell);
/// sluisctl(1), in man(7) form.
std::string command_manual(const CLI::App& app);

}  // namespace sluis
