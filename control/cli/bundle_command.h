// What the commands about bundles, keys and the store share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/bundle/bundle_files.h"
#include "control/bundle/bundle_verifier.h"
#include "control/cli/commands.h"
#include "control/cli/standard_error.h"

namespace sluis {

/// Writes a file, in one piece; returns the exit status.
int save_file(const std::string& path, std::string_view content);

/// A time of the command line; an empty text is no time. Errors are for the caller to print.
tl::expected<std::optional<std::int64_t>, std::string> read_time_option(const char* option, const std::string& text);
/// `text`, else the system's clock.
tl::expected<std::int64_t, std::string> read_now_option(const std::string& text);

/// One file a group of commands; each adds itself.
void add_bundle_make_commands(const Command& group);
void add_bundle_sign_commands(const Command& group);
void add_bundle_look_commands(const Command& group);
/// These two return the group.
Command add_keys_commands(const Command& app);
Command add_freshness_commands(const Command& app);
void add_store_commands(const Command& rules, const Command& keys, const Command& freshness);

}  // namespace sluis
