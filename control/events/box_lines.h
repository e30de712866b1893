// The lines that sluis-control has to say itself: counts, changes, alarms, and what was left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "control/events/event_line.h"
#include "dataplane/interface/counters_file.h"

namespace sluis {

/// What every such line begins with.
struct LineOrigin {
    std::int64_t time = 0;  ///< nanoseconds since 1970-01-01 UTC
    std::string host;
};

EventLine describe_counts(const LineOrigin& origin, const CountersView& counters, std::uint64_t events_lost);
EventLine describe_alarm(const LineOrigin& origin, std::string_view name, std::string_view message, bool raised);
EventLine describe_suppressed(const LineOrigin& origin, EventKind kind, std::uint64_t count, std::int64_t seconds);
/// `audit`: the member of this name of the audit file's line. Addresses of a trace's filter are withheld.
EventLine describe_audit(const LineOrigin& origin, const nlohmann::ordered_json& audit);

}  // namespace sluis
