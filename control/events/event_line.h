// One event as it leaves the box: a line of JSON in the shape of Suricata's EVE.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluis {

/// EVE's event_type.
enum class EventKind : std::uint8_t {
    alert,       ///< a rule matched: refused, or only monitored
    drop,        ///< refused without a rule: a conflict, a limit, a message that nobody can read
    stats,       ///< what the dataplane counted, at an interval
    audit,       ///< who changed what
    alarm,       ///< something that people should know of is raised, or over
    suppressed,  ///< events of one kind that were too many to be told
};
inline constexpr std::array<std::string_view, 6> kEventKindNames{"alert", "drop",  "stats",
                                                                 "audit", "alarm", "suppressed"};
constexpr std::string_view name(EventKind kind) { return kEventKindNames[static_cast<std::size_t>(kind)]; }
std::optional<EventKind> find_event_kind(std::string_view name);

/// RFC 5424, section 6.2.1.
enum class Severity : std::uint8_t { error = 3, warning = 4, notice = 5, informational = 6 };

struct EventLine {
    EventKind kind = EventKind::alert;
    Severity severity = Severity::informational;
    std::int64_t time = 0;  ///< nanoseconds since 1970-01-01 UTC
    std::string json;       ///< one object, ASCII, without a line end
};
using SharedLine = std::shared_ptr<const EventLine>;

/// Longer lines go nowhere, and are counted: a collector's message size has an end, too.
inline constexpr std::size_t kEventLineLimit = 32768;  ///< bytes

/// The time of an event: nanoseconds since 1970-01-01 UTC.
using EventClock = std::function<std::int64_t()>;
std::int64_t event_time_now();

/// "2026-03-27T08:00:00.000000+00:00" (RFC 3339), of nanoseconds since 1970-01-01 UTC.
std::string event_timestamp(std::int64_t nanoseconds);

}  // namespace sluis
