// Completion for shells: tables of the commands, the options of each, and what an option takes; and one function that
// looks into them.
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "control/cli/command_tree.h"

namespace sluis {
namespace {

/// What is offered behind an option, by the first word of what it takes. Others get nothing: it is for people to know.
std::string offered(const std::string& value) {
    const std::string kind = value.substr(0, value.find_first_of(" [.:"));
    if (kind == "FORMAT") return "table json";
    for (const char* file : {"FILE", "PEM", "PATH", "SET", "COMPILED", "ZONETABLE", "DER"})
        if (kind == file) return "@file";
    return kind == "DIRECTORY" ? "@directory" : kind.empty() ? "" : "@none";
}

std::string words_for_positionals(const CommandNode& node) {
    if (node.path == "sluisctl trace") return "any client server host port protocol vlan pair and";
    if (node.path == "sluisctl mode set") return "inline monitor wire closed";
    if (node.path == "sluisctl completion") return "bash zsh";
    if (node.path == "sluisctl manual") return "sluisctl sluis-control sluis-dataplane sluis.toml policy.toml";
    for (const OptionWords& argument : node.arguments)
        for (const char* file : {"BUNDLE", "FILE", "SOURCE", "SET", "NOTE", "OLD", "NEW", "KEY"})
            if (argument.names.front() == file) return "@file";
    return "";
}

struct Tables {
    std::string commands, options, values, words;
};

void add_row(std::string& table, const std::string& key, const std::string& row) {
    if (!row.empty()) table += "    ['" + key + "']='" + row + "'\n";
}

Tables tables_of(const CLI::App& app) {
    Tables tables;
    for (const CommandNode& node : command_tree(app)) {
        std::string commands, options;
        for (const std::string& below : node.below) commands += (commands.empty() ? "" : " ") + below;
        for (const OptionWords& option : node.options)
            for (const std::string& name : option.names) {
                options += (options.empty() ? "" : " ") + name;
                add_row(tables.values, node.path + " " + name, offered(option.value));
            }
        add_row(tables.commands, node.path, commands);
        add_row(tables.options, node.path, options);
        add_row(tables.words, node.path, words_for_positionals(node));
    }
    return tables;
}

constexpr std::string_view kBash = R"sh(_sluisctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path=sluisctl i offered
    for ((i = 1; i < COMP_CWORD; i++)); do
        case " ${_sluisctl_commands[$path]} " in *" ${COMP_WORDS[i]} "*) path+=" ${COMP_WORDS[i]}" ;; esac
    done
    offered=${_sluisctl_values[$path $previous]}
    if [[ -z $offered ]]; then
        offered=${_sluisctl_commands[$path]:-${_sluisctl_words[$path]}}
        [[ $current == -* ]] && offered=${_sluisctl_options[$path]}
    fi
    COMPREPLY=()
    case $offered in
        @none) ;;
        @file) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        @directory) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$current") ;;
    esac
}
complete -o filenames -F _sluisctl sluisctl
)sh";

constexpr std::string_view kZsh = R"sh(_sluisctl() {
    local path_=sluisctl word offered previous=${words[CURRENT-1]}
    for word in "${(@)words[2,CURRENT-1]}"; do
        [[ " ${_sluisctl_commands[$path_]} " == *" $word "* ]] && path_+=" $word"
    done
    offered=${_sluisctl_values[$path_ $previous]}
    if [[ -z $offered ]]; then
        offered=${_sluisctl_commands[$path_]:-${_sluisctl_words[$path_]}}
        [[ ${words[CURRENT]} == -* ]] && offered=${_sluisctl_options[$path_]}
    fi
    case $offered in
        @none) ;;
        @file) _files ;;
        @directory) _files -/ ;;
        *) compadd -- ${=offered} ;;
    esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _sluisctl "$@"; else compdef _sluisctl sluisctl; fi
)sh";

/// Keys of zsh's tables are words as they are written: quotes would be part of them.
std::string for_zsh(std::string table) {
    for (std::size_t at = 0; (at = table.find("['", at)) != std::string::npos;) table.replace(at, 2, "'");
    for (std::size_t at = 0; (at = table.find("']='", at)) != std::string::npos;) table.replace(at, 4, "' '");
    return table;
}

}  // namespace

std::string completion_script(const CLI::App& app, std::string_view shell) {
    const Tables tables = tables_of(app);
    const bool is_zsh = shell == "zsh";
    std::string script = is_zsh ? "#compdef sluisctl\n" : "# shellcheck shell=bash\n";
    script += "# Made by: sluisctl completion " + std::string(shell) + "\n";
    for (const auto& [name, table] : {std::pair("commands", &tables.commands), std::pair("options", &tables.options),
                                      std::pair("values", &tables.values), std::pair("words", &tables.words)})
        script += (is_zsh ? "typeset -gA _sluisctl_" : "declare -gA _sluisctl_") + std::string(name) + "=(\n" +
                  (is_zsh ? for_zsh(*table) : *table) + ")\n";
    return script + std::string(is_zsh ? kZsh : kBash);
}

}  // namespace sluis
