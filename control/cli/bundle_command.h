// What the commands about bundles, keys and the store share.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/bundle/bundle_verifier.h"
#include "control/bundle/envelope.h"
#include "control/cli/commands.h"

namespace sluis {

/// Adds a command whose exit status goes to `status`.
template <typename Options>
CLI::App* add_command(CLI::App& group, const char* name, const char* help, int (*run)(const Options&),
                      const std::shared_ptr<Options>& options, int& status) {
    CLI::App* command = group.add_subcommand(name, help);
    command->callback([run, options, &status] { status = run(*options); });
    return command;
}

/// Prints one line on standard error, control characters escaped; returns kExitFailed.
int fail_command(std::string_view line);
/// The same, about a file that was refused: its code, the code's name, and why.
int fail_command(const std::string& file, const BundleError& error);

/// Reads and parses an envelope that may lack signatures.
Checked<wire::Envelope> load_envelope(const std::string& path, std::size_t size_limit);
/// Writes a file, in one piece; returns the exit status.
int save_file(const std::string& path, std::string_view content);

/// A time of the command line; an empty text is no time. Errors are for the caller to print.
tl::expected<std::optional<std::int64_t>, std::string> read_time_option(const char* option, const std::string& text);
/// `text`, else the system's clock.
tl::expected<std::int64_t, std::string> read_now_option(const std::string& text);

/// Reads key sets: the first, which is trusted, and its successors in order. Returns the last.
Checked<KeySet> load_key_sets(const std::vector<std::string>& paths);

/// A line on a terminal's standard error while something takes its time; gone with its scope.
class WaitingLine {
public:
    explicit WaitingLine(std::string_view what);
    ~WaitingLine();
    WaitingLine(const WaitingLine&) = delete;
    WaitingLine& operator=(const WaitingLine&) = delete;

private:
    bool shown_;
};

/// One file a group of commands; each adds itself.
void add_bundle_make_commands(CLI::App& group, int& status);
void add_bundle_sign_commands(CLI::App& group, int& status);
void add_bundle_look_commands(CLI::App& group, int& status);
/// These two return the group.
CLI::App& add_keys_commands(CLI::App& app, int& status);
CLI::App& add_freshness_commands(CLI::App& app, int& status);
void add_store_commands(CLI::App& rules, CLI::App& keys, CLI::App& freshness, int& status);

}  // namespace sluis
