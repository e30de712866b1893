#include "control/api/event_metrics.h"

#include <string>

#include "control/api/event_stream.h"
#include "control/events/event_service.h"

namespace sluis {
namespace {

constexpr MetricType kCounter = MetricType::counter, kGauge = MetricType::gauge;

void write_types(MetricsText& text, const EventHub::Counts& counts) {
    text.family("sluis_events_total", kCounter, "Events that were told, by type.");
    for (std::size_t i = 0; i < kEventKindNames.size(); ++i)
        text.sample({{"type", kEventKindNames[i]}}, counts.published[i]);
    text.family("sluis_events_suppressed_total", kCounter,
                "Events beyond the rate of their type, which were counted only.");
    for (std::size_t i = 0; i < kEventKindNames.size(); ++i)
        text.sample({{"type", kEventKindNames[i]}}, counts.suppressed[i]);
    text.single("sluis_events_too_long_total", kCounter, "Events too long to be told.", counts.too_long);
}

void write_reading(MetricsText& text, const EventPump::State& state) {
    text.single("sluis_events_read", kGauge, "Whether the dataplane's findings are read.", state.problem.empty());
    text.single("sluis_events_clients_in_clear", kGauge, "Whether events show clients' addresses.",
                state.clients_in_clear);
    text.family("sluis_events_lost_total", kCounter,
                "Findings for which a worker's ring had no room, since the dataplane's start.");
    for (std::size_t i = 0; i < state.workers.size(); ++i)
        text.sample({{"worker", std::to_string(i)}, {"pair", state.workers[i].pair}}, state.workers[i].lost);
}

void write_sinks(MetricsText& text, const EventHub& hub) {
    const auto write = [&](const char* name, MetricType type, const char* help, auto value) {
        text.family(name, type, help);
        for (const auto& sink : hub.sinks()) text.sample({{"sink", sink->name()}}, value(sink->state()));
    };
    using State = EventSink::State;
    write("sluis_event_sink_written_total", kCounter, "Events that a way out took.",
          [](const State& state) { return state.written; });
    write("sluis_event_sink_lost_total", kCounter, "Events that a way out could not take.",
          [](const State& state) { return state.lost; });
    write("sluis_event_sink_queued", kGauge, "Events that wait for a way out.",
          [](const State& state) { return std::uint64_t{state.queued}; });
    write("sluis_event_sink_failing", kGauge, "Whether a way out takes nothing now.",
          [](const State& state) { return !state.problem.empty(); });
}

}  // namespace

void write_event_metrics(MetricsText& text, const Services& services) {
    const EventService& events = services.events;
    write_types(text, events.hub().counts());
    write_reading(text, events.pump_state());
    write_sinks(text, events.hub());
    const EventStreamCounts& streams = services.event_streams;
    text.single("sluis_event_streams", kGauge, "Clients that read events over the API.", std::uint64_t{streams.open});
    text.single("sluis_event_streams_cut_total", kCounter, "Such clients that were too slow.", streams.cut);
    text.family("sluis_presence_devices", kGauge,
                "Devices that showed a category today, about; after a restart of sluis-control, at least.");
    for (const PresenceNumber& each : events.presence().today())
        text.sample({{"zone", each.zone}, {"category", each.category}}, each.devices);
}

}  // namespace sluis
