#include "control/observability/dataplane_metrics.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "control/observability/counter_words.h"

namespace sluis {
namespace {

constexpr MetricType kCounter = MetricType::counter, kGauge = MetricType::gauge;

/// One set of pairs, or one pair of no set, with the counts of its workers, summed.
struct SetCounts {
    std::string name;
    std::uint64_t pairs = 0, workers = 0;
    WorkerCounters counts{};
};

std::vector<SetCounts> sum_sets(const CountersView& view) {
    std::vector<SetCounts> sets;
    for (std::size_t pair = 0; pair < view.pairs(); ++pair) {
        const std::string name = view.set_or_pair(pair);
        const auto found =
            std::find_if(sets.begin(), sets.end(), [&](const SetCounts& set) { return set.name == name; });
        ++(found == sets.end() ? sets.emplace_back(SetCounts{name}) : *found).pairs;
    }
    for (SetCounts& set : sets)
        for (std::size_t i = 0; i < view.workers(); ++i) {
            if (view.pair_of_worker(i) != set.name) continue;
            ++set.workers;
            add(set.counts, view.worker(i));
        }
    return sets;
}

/// Writes the metrics of one reading.
class DataplaneMetrics {
public:
    DataplaneMetrics(MetricsText& text, const CountersView& view) : text_(text), view_(view), sets_(sum_sets(view)) {
        for (const SetCounts& set : sets_) add(total_, set.counts);
    }

    void write_ports() {
        by_side("sluis_port_receive_frames_total", "Frames that workers took from a port.", &PortTraffic::rx_frames);
        by_side("sluis_port_receive_bytes_total", "Bytes of those frames.", &PortTraffic::rx_bytes);
        by_side("sluis_port_transmit_frames_total", "Frames given to a port.", &PortTraffic::tx_frames);
        by_side("sluis_port_transmit_bytes_total", "Bytes of those frames.", &PortTraffic::tx_bytes);
        by_port("sluis_port_missed_frames_total", kCounter, "Frames lost before the box received them.",
                [](const PortCounters& port) { return port.missed_frames; });
        by_port("sluis_port_link_changes_total", kCounter, "Times that a link went up or down.",
                [](const PortCounters& port) { return port.link_changes; });
        by_port("sluis_port_link_up", kGauge, "Whether a port has link; 0 too when that is not known.",
                [](const PortCounters& port) { return std::uint64_t{port.link == LinkState::up}; });
        by_port("sluis_port_link_known", kGauge, "Whether a port says what link it has.",
                [](const PortCounters& port) { return std::uint64_t{port.link != LinkState::unknown}; });
        by_port("sluis_port_held_down", kGauge, "Whether a port is down by the box, since its partner has no link.",
                [](const PortCounters& port) { return port.held_down; });
        by_pair("sluis_injected_frames_total", kCounter, "Frames that the box made.", &WorkerCounters::injected_frames);
        by_pair("sluis_handed_over_frames_total", kCounter, "Frames given to the worker that owns their flow.",
                &WorkerCounters::handed_over);
        by_pair("sluis_held_frames", kGauge, "Frames in the box now.", &WorkerCounters::held_frames);
    }

    /// Which pairs are links of one set: what a set's workers count is told under the set's name.
    void write_sets() {
        text_.family("sluis_pair_info", kGauge, "The set that a pair is a link of, or its own name.");
        for (std::size_t pair = 0; pair < view_.pairs(); ++pair)
            text_.sample({{"pair", view_.pair(pair)}, {"set", view_.set_or_pair(pair)}}, std::uint64_t{1});
    }

    /// One of the four series of a pair is 1.
    void write_modes() {
        text_.family("sluis_pair_mode", kGauge, "Whether a pair is run in a mode.");
        for (std::size_t pair = 0; pair < view_.pairs(); ++pair)
            for (const std::string_view mode : kPairModeNames)
                text_.sample({{"pair", view_.pair(pair)}, {"mode", mode}}, mode == mode_word(view_.pair_mode(pair)));
        text_.family("sluis_pair_mode_since_timestamp_seconds", kGauge, "Since when a pair is run as it is.");
        for (std::size_t pair = 0; pair < view_.pairs(); ++pair)
            text_.sample({{"pair", view_.pair(pair)}}, view_.pair_mode(pair).since);
        text_.family("sluis_pair_mode_transitions_total", kCounter, "Changes of a pair's mode, by their cause.");
        for (std::size_t pair = 0; pair < view_.pairs(); ++pair)
            for (std::size_t cause = 0; cause < kModeCauseNames.size(); ++cause)
                text_.sample({{"pair", view_.pair(pair)}, {"cause", kModeCauseNames[cause]}},
                             view_.pair_mode(pair).transitions[cause]);
    }

    void write_verdicts() {
        text_.family("sluis_names_total", kCounter, "Names that were judged, by where they stood and what came of it.");
        for (std::size_t i = 1; i < kProtocolNames.size(); ++i) {
            text_.sample({{"protocol", kProtocolNames[i]}, {"verdict", "allowed"}}, total_.names_allowed[i]);
            text_.sample({{"protocol", kProtocolNames[i]}, {"verdict", "blocked"}}, total_.names_blocked[i]);
            text_.sample({{"protocol", kProtocolNames[i]}, {"verdict", "monitored"}}, total_.names_monitored[i]);
        }
        by_reason("sluis_drops_total", "Frames that were not sent.", total_.drops);
        by_reason("sluis_blocks_total", "Flows and messages that were refused.", total_.blocks);
        by_reason("sluis_errors_total", "What was met without a drop; kind parse: messages not understood.",
                  total_.errors);
        by_reason("sluis_would_drops_total", "Frames that went on, and that their pair would not have sent inline.",
                  total_.would_drop);
        by_reason("sluis_would_blocks_total", "Flows and messages that their pair would have refused inline.",
                  total_.would_block);
    }

    void write_tables(const Config& config) {
        const Limits& limits = config.limits;
        text_.family("sluis_frame_buffers", kGauge, "Buffers for frames: held ones, queued ones and new ones.");
        for (const SetCounts& set : sets_)
            text_.sample({{"pair", set.name}}, std::uint64_t{config.frames.buffers} * set.workers * set.pairs);
        by_pair("sluis_flow_table_entries", kGauge, "TCP flows in the tables now.", &WorkerCounters::flows);
        capacity("sluis_flow_table_capacity", "Room for TCP flows.", limits.flows);
        by_pair("sluis_flow_inserts_total", kCounter, "TCP flows that came into the tables.",
                &WorkerCounters::flows_inserted);
        by_pair("sluis_flow_settlements_total", kCounter, "TCP flows that were judged for good.",
                &WorkerCounters::flows_settled);
        by_pair("sluis_flow_evictions_total", kCounter, "TCP flows that made room for others.",
                &WorkerCounters::flows_evicted);
        by_pair("sluis_flow_expirations_total", kCounter, "TCP flows that timed out.", &WorkerCounters::flows_expired);
        by_pair("sluis_quic_table_entries", kGauge, "QUIC connections in the tables now.",
                &WorkerCounters::quic_connections);
        capacity("sluis_quic_table_capacity", "Room for QUIC connections.", limits.quic_connections);
        by_pair("sluis_fragment_table_entries", kGauge, "Fragments held now.", &WorkerCounters::fragments_held);
        capacity("sluis_fragment_table_capacity", "Room for fragments.", limits.fragments);
    }

    void write_workers(const Observatory& observatory) {
        by_worker("sluis_worker_polls_total", "Rounds of polling, those that found nothing too.",
                  &WorkerCounters::heartbeat);
        by_worker("sluis_worker_busy_cycles_total", "Cycles of the time stamp counter spent on bursts with frames.",
                  &WorkerCounters::busy_cycles);
        by_worker("sluis_worker_cycles_total", "Cycles of the time stamp counter in all.",
                  &WorkerCounters::total_cycles);
        by_worker("sluis_worker_overloads_total", "Times that more began to come than a worker can inspect.",
                  &WorkerCounters::overloads);
        text_.family("sluis_worker_overloaded", kGauge, "Whether more comes than a worker can inspect.");
        for (std::size_t i = 0; i < view_.workers(); ++i) worker_sample(i, view_.worker(i).overloaded);
        const auto& motions = observatory.workers();
        text_.family("sluis_worker_busy_ratio", kGauge, "Share of the last second or so spent on bursts with frames.");
        for (std::size_t i = 0; i < motions.size(); ++i) worker_sample(i, motions[i].busy_ratio);
        text_.family("sluis_worker_heartbeat_timestamp_seconds", kGauge, "When a worker was last seen to move.");
        for (std::size_t i = 0; i < motions.size(); ++i) worker_sample(i, motions[i].moved_at);
    }

private:
    using Carried = std::uint64_t PortTraffic::*;
    using Count = std::uint64_t WorkerCounters::*;

    void by_side(std::string_view name, std::string_view help, Carried count) {
        text_.family(name, kCounter, help);
        for (std::size_t pair = 0; pair < view_.pairs(); ++pair)
            for (const Side side : kSides)
                text_.sample({{"pair", view_.pair(pair)}, {"side", word_for(side)}}, view_.traffic(pair, side).*count);
    }

    template <typename Value>
    void by_port(std::string_view name, MetricType type, std::string_view help, Value value) {
        text_.family(name, type, help);
        for (std::size_t pair = 0; pair < view_.pairs(); ++pair)
            for (const Side side : kSides)
                text_.sample({{"pair", view_.pair(pair)}, {"side", word_for(side)}}, value(view_.port(pair, side)));
    }

    void by_pair(std::string_view name, MetricType type, std::string_view help, Count count) {
        text_.family(name, type, help);
        for (const SetCounts& set : sets_) text_.sample({{"pair", set.name}}, set.counts.*count);
    }

    /// `each`: of one worker.
    void capacity(std::string_view name, std::string_view help, std::uint64_t each) {
        text_.family(name, kGauge, help);
        for (const SetCounts& set : sets_) text_.sample({{"pair", set.name}}, each * set.workers);
    }

    void by_reason(std::string_view name, std::string_view help,
                   const std::array<std::uint64_t, kReasonSlots>& counts) {
        text_.family(name, kCounter, help);
        for (std::size_t i = 1; i < kReasonCount; ++i)
            text_.sample({{"reason", kReasons[i].name}, {"kind", word_for(kReasons[i].kind)}}, counts[i]);
    }

    void by_worker(std::string_view name, std::string_view help, Count count) {
        text_.family(name, kCounter, help);
        for (std::size_t i = 0; i < view_.workers(); ++i) worker_sample(i, view_.worker(i).*count);
    }

    template <typename Value>
    void worker_sample(std::size_t worker, Value value) {
        text_.sample({{"worker", std::to_string(worker)}, {"pair", view_.pair_of_worker(worker)}}, value);
    }

    MetricsText& text_;
    const CountersView& view_;
    std::vector<SetCounts> sets_;
    WorkerCounters total_{};
};

}  // namespace

void write_dataplane_metrics(MetricsText& text, const Observatory& observatory, const Config& config,
                             Observatory::Clock::time_point now) {
    const auto view = observatory.counters();
    const bool runs = view && is_running(view->header());
    text.single("sluis_dataplane_up", kGauge, "Whether the dataplane's process is there.", runs);
    if (!view) return;
    text.single("sluis_dataplane_start_time_seconds", kGauge, "When the dataplane began to forward.",
                view->header().started);
    std::uint64_t moving = 0;
    for (std::size_t i = 0; i < view->workers(); ++i) moving += observatory.is_moving(i, now);
    text.single("sluis_dataplane_moving_workers", kGauge, "Workers that polled within the last seconds.", moving);
    DataplaneMetrics metrics(text, *view);
    metrics.write_ports();
    metrics.write_sets();
    metrics.write_modes();
    metrics.write_verdicts();
    metrics.write_tables(config);
    metrics.write_workers(observatory);
}

}  // namespace sluis
