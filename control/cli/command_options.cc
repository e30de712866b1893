#include "control/cli/command_options.h"

#include "dataplane/interface/config.h"

namespace sluis {

void add_format_option(CLI::App& command, bool& json) {
    command
        .add_option_function<std::string>(
            "-o,--output", [&json](const std::string& format) { json = format == "json"; }, "table, or json")
        ->option_text("FORMAT [table]")
        ->check(CLI::IsMember({"table", "json"}));
}

void add_rules_option(CLI::App& command, std::string& path) {
    command
        .add_option(
            "--rules", path,
            "A rule file (*.toml), a directory of them, a bundle, or a compiled set; the shipped set by default")
        ->option_text("PATH");
}

void add_runtime_option(CLI::App& command, std::string& directory) {
    if (directory.empty()) directory = Config{}.runtime_directory;
    command.add_option("--runtime", directory, "The directory of the box's sockets and counters")
        ->option_text("DIRECTORY [" + directory + "]");
}

void add_target_options(CLI::App& command, ApiTarget& target) {
    add_runtime_option(command, target.runtime);
    command.add_option("--server", target.server, "Another box, by HTTPS")->option_text("HOST[:PORT]");
    command.add_option("--server-name", target.server_name, "What its certificate is for; by default HOST")
        ->option_text("NAME");
    command.add_option("--cert", target.certificate, "This client's certificate")->option_text("PEM");
    command.add_option("--key", target.key, "Its key")->option_text("PEM");
    command.add_option("--ca", target.ca, "Who signs the boxes' certificates")->option_text("PEM");
}

}  // namespace sluis
