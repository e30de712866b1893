// Jobs of sluis-control: begun by a request, and followed to their end.
#pragma once

#include <string>
#include <string_view>

#include "control/cli/api_command.h"

namespace sluis {

/// A value for a request's query.
std::string percent_encoded(std::string_view text);

/// Waits for the job's end, prints what came of it, and returns the exit status. A body, or a state of the box, that
/// does not allow it is a refusal.
int follow_job(const ApiOptions& options, Json job);

/// Orders a change by POST, with what it needs as JSON, and follows the job that comes of it. The exit status.
int order_job(const ApiOptions& options, const char* path, const Json& order);

}  // namespace sluis
