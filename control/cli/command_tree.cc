#include "control/cli/command_tree.h"

#include <CLI/CLI.hpp>
#include <array>
#include <utility>

namespace sluis {
namespace {

using Example = std::pair<std::string_view, std::string_view>;

constexpr std::array kExamples{
    Example{"sluisctl", "sluisctl status"},
    Example{"sluisctl", "sluisctl top"},
    Example{"sluisctl", "sluisctl ruleset install 7.bundle --comment CHG-4711"},
    Example{"sluisctl status", "sluisctl status --watch"},
    Example{"sluisctl status",
            "sluisctl status --server box17.example --cert me.pem --key me.key --ca boxes.pem -o json"},
    Example{"sluisctl stats", "sluisctl stats --drops --watch=5"},
    Example{"sluisctl top", "sluisctl top --interval 2"},
    Example{"sluisctl top", "sluisctl top --once -o json"},
    Example{"sluisctl trace", "sluisctl trace client 192.0.2.7 and port 443 -o case.pcapng --comment CHG-4711"},
    Example{"sluisctl trace", "sluisctl trace client 192.0.2.0/24 protocol udp -o - --frames 1000 | wireshark -k -i -"},
    Example{"sluisctl trace", "sluisctl trace any -o all.pcapng --frames 20 --seconds 5"},
    Example{"sluisctl events", "sluisctl events --follow --types alert,drop -o json"},
    Example{"sluisctl mode set", "sluisctl mode set pair0 monitor --reason CHG-4711 --for 3600"},
    Example{"sluisctl config put", "sluisctl config put sluis.toml --dry-run"},
    Example{"sluisctl config put", "sluisctl config put sluis.toml --confirm-timeout 300 --comment CHG-4711"},
    Example{"sluisctl firmware install", "sluisctl firmware install https://updates.example/box.raucb"},
    Example{"sluisctl firmware status", "sluisctl firmware status --watch"},
    Example{"sluisctl backup",
            "sluisctl backup box17.backup --keys --server box17.example --cert me.pem --key me.key --ca boxes.pem"},
    Example{"sluisctl ruleset install", "sluisctl ruleset install 7.bundle --dry-run"},
    Example{"sluisctl ruleset confirm", "sluisctl ruleset confirm --sequence 7 --comment CHG-4711"},
    Example{"sluisctl rules explain", "sluisctl rules explain www.tiktok.com https://example.org/"},
    Example{"sluisctl policy explain", "sluisctl policy explain --name www.tiktok.com --client 192.0.2.7 --vlan 20"},
    Example{"sluisctl policy show", "sluisctl policy show --at 2023-03-31"},
    Example{"sluisctl support-bundle", "sluisctl support-bundle -o box17.tar.gz"},
    Example{"sluisctl completion", "sluisctl completion bash > /etc/bash_completion.d/sluisctl"},
    Example{"sluisctl manual", "sluisctl manual sluisctl | man -l -"},
};

/// An option group is a command without a name.
bool is_option_group(const CLI::App& command) { return command.get_name().empty() || command.get_name()[0] == '+'; }

std::vector<const CLI::Option*> options_that(const CLI::App& command, bool positional) {
    std::vector<const CLI::Option*> options;
    for (const CLI::Option* option : command.get_options())
        if (option->get_positional() == positional) options.push_back(option);
    const auto any = [](const CLI::App*) { return true; };
    for (const CLI::App* below : command.get_subcommands(any)) {
        const bool is_group =
            below->get_parent() == &command && dynamic_cast<const CLI::Option_group*>(below) != nullptr;
        if (!is_group) continue;
        for (const CLI::Option* option : options_that(*below, positional))
            if (option != below->get_help_ptr()) options.push_back(option);
    }
    return options;
}

std::vector<const CLI::App*> commands_below(const CLI::App& command) {
    std::vector<const CLI::App*> commands;
    for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; }))
        if (!is_option_group(*below) && dynamic_cast<const CLI::Option_group*>(below) == nullptr)
            commands.push_back(below);
    return commands;
}

/// "-o,--output" as {"-o", "--output"}.
std::vector<std::string> names_of(const CLI::Option& option) {
    std::vector<std::string> names;
    if (option.get_positional()) return {option.get_name(true)};
    for (const std::string& name : option.get_snames()) names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
    return names;
}

std::string value_of(const CLI::Option& option) {
    if (!option.get_option_text().empty()) return option.get_option_text() == " " ? "" : option.get_option_text();
    return option.get_items_expected_max() == 0 ? "" : option.get_type_name();
}

std::vector<OptionWords> words_of(const std::vector<const CLI::Option*>& options) {
    std::vector<OptionWords> words;
    for (const CLI::Option* option : options)
        words.push_back({names_of(*option), value_of(*option), option->get_description(), option->get_required(),
                         option->get_items_expected_max() > 1});
    return words;
}

void add_nodes(std::vector<CommandNode>& nodes, const CLI::App& command, const std::string& path) {
    const auto commands = commands_below(command);
    std::vector<std::string> below;
    for (const CLI::App* each : commands) below.push_back(each->get_name());
    nodes.push_back({&command, path, command.get_description(), std::move(below),
                     words_of(options_that(command, false)), words_of(options_that(command, true))});
    for (const CLI::App* each : commands) add_nodes(nodes, *each, path + " " + each->get_name());
}

}  // namespace

std::vector<CommandNode> command_tree(const CLI::App& app) {
    std::vector<CommandNode> nodes;
    add_nodes(nodes, app, "sluisctl");
    return nodes;
}

std::vector<std::string_view> examples_of(std::string_view path) {
    std::vector<std::string_view> examples;
    for (const auto& [command, line] : kExamples)
        if (command == path) examples.push_back(line);
    return examples;
}

void add_examples(CLI::App& app) {
    for (const CommandNode& node : command_tree(app)) {
        std::string footer;
        for (const std::string_view line : examples_of(node.path)) footer += "\n  " + std::string(line);
        if (!footer.empty()) footer = "Examples:" + footer;
        if (node.command == &app) footer += "\n\n" + std::string(kExitStatuses);
        // The tree is for looking; these are commands of `app`, which may be changed.
        if (!footer.empty()) const_cast<CLI::App*>(node.command)->footer(footer);
    }
}

}  // namespace sluis
