// What a client of the API wants traced, in the dataplane's words.
#pragma once

#include <tl/expected.hpp>

#include "control/api/api.pb.h"
#include "control/api/problem.h"
#include "dataplane/interface/command.pb.h"

namespace sluis {

/// With defaults for what is left out. The problem names the member that is wrong.
tl::expected<command::Trace, Problem> trace_command(const api::TraceRequest& asked);

}  // namespace sluis
