#include "control/cli/command_options.h"

#include "dataplane/interface/config.h"

namespace sluis {

void add_format_option(const Command& command, bool& json) {
    command
        .add_option(
            "-o,--output", [&json](const std::string& format) { json = format == "json"; }, "table, or json")
        .takes("FORMAT [table]")
        .one_of({"table", "json"});
}

void add_rules_option(const Command& command, std::string& path) {
    command
        .add_option(
            "--rules", path,
            "A rule file (*.toml), a directory of them, a bundle, or a compiled set; the shipped set by default")
        .takes("PATH");
}

void add_runtime_option(const Command& command, std::string& directory) {
    if (directory.empty()) directory = Config{}.runtime_directory;
    command.add_option("--runtime", directory, "The directory of the box's sockets and counters")
        .takes("DIRECTORY [" + directory + "]");
}

void add_target_options(const Command& command, ApiTarget& target) {
    add_runtime_option(command, target.runtime);
    command.add_option("--server", target.server, "Another box, by HTTPS").takes("HOST[:PORT]");
    command.add_option("--server-name", target.server_name, "What its certificate is for; by default HOST")
        .takes("NAME");
    command.add_option("--cert", target.certificate, "This client's certificate").takes("PEM");
    command.add_option("--key", target.key, "Its key").takes("PEM");
    command.add_option("--ca", target.ca, "Who signs the boxes' certificates").takes("PEM");
}

}  // namespace sluis
