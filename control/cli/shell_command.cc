// sluisctl completion and sluisctl manual: what packages install beside the program.
#include <cstdio>
#include <string>

#include "control/cli/command_tree.h"
#include "control/cli/commands.h"
#include "control/cli/manual.h"

namespace sluis {
namespace {

/// Bytes of a text from standard input: more than any help or example has.
constexpr std::size_t kTextLimit = 1 << 20;

struct Options {
    const CLI::App* app = nullptr;
    std::string shell;
    std::string page = "sluisctl";
};

std::string standard_input() {
    std::string text(kTextLimit, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), stdin));
    return text;
}

int complete(const Options& options) {
    std::fputs(completion_script(*options.app, options.shell).c_str(), stdout);
    return kExitOk;
}

int show_manual(const Options& options) {
    const bool is_given = options.page != "sluisctl" && options.page != "sluis.toml";
    const std::string page = options.page == "sluisctl"
                                 ? command_manual(*options.app)
                                 : program_manual(options.page, is_given ? standard_input() : "");
    std::fputs(page.c_str(), stdout);
    return kExitOk;
}

}  // namespace

void add_shell_commands(const Command& app) {
    const auto options = std::make_shared<Options>();
    options->app = &app.app();
    Command command = app.add_command("completion", "Print what completes commands in a shell", complete, options);
    command.add_option("SHELL", options->shell, "bash, or zsh").required().takes(" ").one_of({"bash", "zsh"});
    command = app.add_command("manual", "Print a manual page, for man", show_manual, options);
    command
        .add_option("PAGE", options->page,
                    "sluisctl or sluis.toml; with what their --help prints on standard input, sluis-control, "
                    "sluis-dataplane or sluis-guard; with an example, policy.toml")
        .takes("[sluisctl]")
        .one_of({"sluisctl", "sluis-control", "sluis-dataplane", "sluis-guard", "sluis.toml", "policy.toml"});
}

}  // namespace sluis
