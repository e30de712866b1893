#include "control/events/box_lines.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

EventLine make(const LineOrigin& origin, EventKind kind, Severity severity, json members) {
    json line{{"timestamp", event_timestamp(origin.time)}, {"event_type", name(kind)}, {"host", origin.host}};
    line[std::string(name(kind))] = std::move(members);
    return {kind, severity, origin.time, line.dump(-1, ' ', true, json::error_handler_t::replace)};
}

json by_reason(const std::array<std::uint64_t, kReasonSlots>& counts) {
    json made = json::object();
    for (std::size_t i = 1; i < kReasonCount; ++i)
        if (counts[i] != 0) made[std::string(kReasons[i].name)] = counts[i];
    return made;
}

json by_protocol(const std::array<std::uint64_t, 8>& counts) {
    json made = json::object();
    for (std::size_t i = 1; i < kProtocolNames.size(); ++i) made[std::string(kProtocolNames[i])] = counts[i];
    return made;
}

/// Whom a trace is about stays in the audit file: events go to more people, and hold no address in the clear.
void withhold_addresses(json& audit) {
    for (const char* state : {"before", "after"})
        for (const char* end : {"client", "server", "host"})
            if (audit.contains(state) && audit[state].is_object() && audit[state].contains(end))
                audit[state][end] = "withheld";
}

}  // namespace

EventLine describe_counts(const LineOrigin& origin, const CountersView& counters, std::uint64_t events_lost) {
    WorkerCounters total{};
    for (std::size_t i = 0; i < counters.workers(); ++i) add(total, counters.worker(i));
    const auto started = static_cast<std::int64_t>(counters.header().started);
    json members{{"uptime", std::max<std::int64_t>(origin.time / 1'000'000'000 - started, 0)},
                 {"rx_frames", total.rx_frames[0] + total.rx_frames[1]},
                 {"rx_bytes", total.rx_bytes[0] + total.rx_bytes[1]},
                 {"tx_frames", total.tx_frames[0] + total.tx_frames[1]},
                 {"tx_bytes", total.tx_bytes[0] + total.tx_bytes[1]},
                 {"injected_frames", total.injected_frames},
                 {"flows", total.flows},
                 {"drops", by_reason(total.drops)},
                 {"blocks", by_reason(total.blocks)},
                 {"errors", by_reason(total.errors)},
                 {"names_allowed", by_protocol(total.names_allowed)},
                 {"names_blocked", by_protocol(total.names_blocked)},
                 {"names_monitored", by_protocol(total.names_monitored)},
                 {"events_lost", events_lost}};
    return make(origin, EventKind::stats, Severity::informational, std::move(members));
}

EventLine describe_alarm(const LineOrigin& origin, std::string_view name, std::string_view message, bool raised) {
    return make(origin, EventKind::alarm, raised ? Severity::error : Severity::notice,
                {{"name", name}, {"state", raised ? "raised" : "cleared"}, {"message", message}});
}

EventLine describe_suppressed(const LineOrigin& origin, EventKind kind, std::uint64_t count, std::int64_t seconds) {
    return make(origin, EventKind::suppressed, Severity::warning,
                {{"event_type", name(kind)}, {"count", count}, {"seconds", seconds}});
}

EventLine describe_audit(const LineOrigin& origin, const json& audit) {
    json told = audit;
    withhold_addresses(told);
    return make(origin, EventKind::audit, Severity::notice, std::move(told));
}

}  // namespace sluis
