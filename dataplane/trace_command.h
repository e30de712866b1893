// What a trace is asked for, as the command socket brings it: who asks may be of another version, or wrong.
#pragma once

#include <optional>

#include "dataplane/interface/command.pb.h"
#include "dataplane/trace/trace_filter.h"

namespace sluis {

/// Nothing when a part is none: an address of another size, a number beyond its field.
std::optional<TraceFilter> read_trace_filter(const command::Trace& wanted);

/// Whether frames, time and bytes are within the bounds of one trace (interface/trace.h).
bool is_bounded(const command::Trace& wanted);

}  // namespace sluis
