// What the commands that ask sluis-control share.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "control/bundle/bundle_limits.h"
#include "control/cli/api_connection.h"
#include "control/cli/commands.h"
#include "control/cli/json.h"

namespace sluis {

struct ApiOptions {
    ApiTarget target;
    bool json = false;
    std::string file;
    std::string comment;
    std::uint64_t sequence = 0;
    std::uint32_t probation = kProbationDefault;
    bool dry_run = false;
    bool drops = false;
};

/// --runtime, --server and what goes with it, and -o.
void add_api_options(const Command& command, ApiOptions& options);

/// A command with those, which `run` carries out.
Command add_api_command(const Command& group, const char* name, const char* help, int (*run)(const ApiOptions&),
                        const std::shared_ptr<ApiOptions>& options);

/// --comment, of a command that changes something.
void add_comment_option(const Command& command, ApiOptions& options);

/// Asks, and parses the answer. Otherwise prints why, and the exit status is the error: 2 wrong usage, 3 unreachable,
/// 4 refused (an HTTP status of 4xx), 1 anything else.
tl::expected<Json, int> ask_for_json(const ApiOptions& options, const ApiRequest& request);

/// The same of an answer in another form, which `request` accepts: its text as it is.
tl::expected<std::string, int> ask_for_text(const ApiOptions& options, const ApiRequest& request);

/// Gives each line of an answer without an end to `take`, until that says false. The exit status, as above.
int stream_lines(const ApiOptions& options, const ApiRequest& request,
                 const std::function<bool(std::string_view line)>& take);

/// Prints JSON when that is asked for; true when it did.
bool print_as_json(const ApiOptions& options, const Json& json);

/// "2027-03-27T08:00:00Z" of a member with seconds since 1970; "-" for 0.
std::string time_text(const Json& seconds);

}  // namespace sluis
