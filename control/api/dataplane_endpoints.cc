#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "control/api/config_keeper.h"
#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/api/firmware_metrics.h"
#include "control/api/ruleset_keeper.h"
#include "control/delivery/delivery.h"
#include "control/events/event_service.h"
#include "control/firmware/firmware_keeper.h"
#include "control/guard/guard_state.h"
#include "control/history/history.h"
#include "control/observability/counter_words.h"
#include "control/observability/observatory.h"
#include "control/updates/updater.h"
#include "dataplane/interface/version.h"

namespace sluis {
namespace {

using Clock = Observatory::Clock;

Response no_counters(const std::string& why) { return refusal({503, "there are no counters: " + why, ""}); }

void add_alarm(api::Status& status, std::string_view name, std::string message) {
    api::Alarm& alarm = *status.add_alarms();
    alarm.set_name(std::string(name));
    alarm.set_message(std::move(message));
}

template <typename Value>
std::string text_for(Value value) {
    return std::string(word_for(value));
}

std::uint32_t moving_workers(const CountersView& view, const Observatory& observatory) {
    std::uint32_t moving = 0;
    for (std::size_t i = 0; i < view.workers(); ++i) moving += observatory.is_moving(i, Clock::now());
    return moving;
}

void fill(api::Dataplane& to, const CountersView& view, const Observatory& observatory) {
    const CountersHeader& header = view.header();
    to.set_running(is_running(header));
    to.set_pid(header.pid);
    to.set_started(header.started);
    to.set_workers(static_cast<std::uint32_t>(view.workers()));
    to.set_moving_workers(to.running() ? moving_workers(view, observatory) : 0);
    const std::string digest(header.rule_digest, sizeof header.rule_digest);
    to.set_rule_digest(digest.substr(0, digest.find('\0')));
}

void add_port_alarms(api::Status& status, const CountersView& view) {
    for (std::size_t pair = 0; pair < view.pairs(); ++pair)
        for (const Side side : kSides) {
            const PortCounters port = view.port(pair, side);
            const std::string held = port.held_down != 0 ? ", by the box: its partner has none" : "";
            if (port.link == LinkState::down || port.link == LinkState::gone)
                add_alarm(status, "link_down",
                          view.pair(pair) + " " + text_for(side) + ": link is " + text_for(port.link) + held);
        }
}

void add_overload_alarms(api::Status& status, const CountersView& view) {
    for (std::size_t i = 0; i < view.workers(); ++i)
        if (view.worker(i).overloaded != 0)
            add_alarm(status, "overload",
                      view.pair_of_worker(i) + ": more comes than worker " + std::to_string(i) +
                          " can inspect; what becomes of new flows is said by [limits] overload");
}

/// While a worker is overloaded, that is what is said of it.
void add_room_alarms(api::Status& status, const CountersView& view, const Observatory& observatory) {
    const auto now = Clock::now();
    for (std::size_t i = 0; i < view.workers(); ++i) {
        if (view.worker(i).overloaded != 0) continue;
        const std::string who = view.pair_of_worker(i) + ", worker " + std::to_string(i) + ": new flows ";
        const char* why = ", since a table or budget was full; `sluisctl top` shows which, [limits] has its size";
        if (observatory.passes_unread(i, now)) add_alarm(status, "passing_unread", who + "passed unread" + why);
        if (observatory.turns_away(i, now)) add_alarm(status, "turning_away", who + "were dropped" + why);
    }
}

void fill(api::PairMode& to, const CountersView& view, std::size_t pair) {
    const PairModeRecord record = view.pair_mode(pair);
    to.set_pair(view.pair(pair));
    to.set_mode(std::string(mode_word(record)));
    to.set_cause(std::string(cause_word(record)));
    to.set_author(record.author);
    to.set_reason(record.reason);
    to.set_since(record.since);
    to.set_until(record.until);
    to.set_set(view.set(pair));
}

/// A pair that is not inline is said for as long as it is not: nobody forgets a wire.
void add_modes(api::Status& status, const CountersView& view) {
    bool unkept = false;
    for (std::size_t pair = 0; pair < view.pairs(); ++pair) {
        api::PairMode& mode = *status.add_modes();
        fill(mode, view, pair);
        unkept = unkept || view.pair_mode(pair).unkept != 0;
        if (mode.mode() == name(PairMode::in_line)) continue;
        add_alarm(status, "pair_not_inline",
                  mode.pair() + " is " + mode.mode() + " (" + mode.cause() + ")" +
                      (mode.author().empty() ? "" : " by " + mode.author()) +
                      (mode.reason().empty() ? "" : ": " + mode.reason()));
    }
    if (unkept)
        add_alarm(status, "modes_not_kept",
                  "modes that were set by hand are lost when sluis-dataplane ends; see its log");
}

/// A file that was changed by hand, or by a change that waits for another start.
void add_config_alarm(api::Status& status, const CountersView& view, const ConfigKeeper& configuration) {
    const std::string wanted = configuration.file_digest();
    if (wanted.empty() || view.config_digest() == wanted) return;
    add_alarm(status, "config_not_in_use",
              "sluis-dataplane runs by another text of the configuration than the file's; it takes that up at its next "
              "start, or when it is put by the API");
}

void add_dataplane_alarms(api::Status& status, const Observatory& observatory) {
    const api::Dataplane& dataplane = status.dataplane();
    if (!dataplane.running()) return add_alarm(status, "dataplane_down", "sluis-dataplane is not running");
    std::uint32_t stalled = 0;
    for (std::uint32_t i = 0; i < dataplane.workers(); ++i) stalled += observatory.is_stalled(i);
    if (stalled == 0) return;
    add_alarm(status, "worker_stalled",
              std::to_string(stalled) + " of " + std::to_string(dataplane.workers()) + " workers do not move");
}

void fill(api::GuardedPair& to, const GuardedPair& from) {
    to.set_pair(from.pair);
    to.set_passage(std::string(name(from.passage)));
    to.set_cause(std::string(name(from.cause)));
    to.set_since(from.since);
    to.set_policy(from.policy);
    to.set_method(from.method);
    to.set_trouble(from.trouble);
    to.set_failures(from.failures);
    to.set_hangs(from.hangs);
}

/// Nothing is said of a guard that never was: the box may be run without one.
void add_guard(api::Status& status, const std::string& runtime_directory) {
    api::Guard& guard = *status.mutable_guard();
    const auto state = read_guard_state(runtime_directory);
    if (!state) return;
    guard.set_running(is_running(*state));
    if (!guard.running())
        add_alarm(status, "guard_down",
                  "sluis-guard is not running: a dataplane that ends leaves pairs as they are then");
    for (const GuardedPair& pair : state->pairs) {
        fill(*guard.add_pairs(), pair);
        if (pair.passage == Passage::bypassed)
            add_alarm(status, "pair_bypassed",
                      pair.pair + " crosses uninspected, by " + pair.method + ": no dataplane has it (" +
                          std::string(name(pair.cause)) + ")" + (pair.trouble.empty() ? "" : "; ") + pair.trouble);
        if (pair.passage == Passage::cut)
            add_alarm(status, "pair_cut", pair.pair + " is cut without a dataplane: " + pair.trouble);
    }
}

void fill(api::HandOver& to, const HandOverState& from) {
    to.set_reachable(from.reachable);
    to.set_rules_in_use(from.rules_in_use);
    to.set_zones_in_use(from.zones_in_use);
    to.set_trouble(from.trouble);
    to.set_taken(from.taken);
    to.set_generation(from.generation);
    to.set_rules_digest(from.rules_digest);
    to.set_zones_digest(from.zones_digest);
}

/// What is in force, and what the dataplane does not judge by.
void add_delivery_alarms(api::Status& status, const RulesetView& rules, const DeliveryView& delivery) {
    for (const api::Alarm& alarm : rules.ruleset.alarms()) *status.add_alarms() = alarm;
    for (const DeliveryAlarm& alarm : delivery.alarms) add_alarm(status, alarm.name, alarm.message);
    const api::Dataplane& dataplane = status.dataplane();
    if (!dataplane.running()) return;
    const HandOverState& hand_over = delivery.hand_over;
    const std::string why = hand_over.trouble.empty() ? "it is offered them now" : hand_over.trouble;
    const std::string& wanted = rules.ruleset.compiled_digest();
    if (!wanted.empty() && dataplane.rule_digest() != wanted)
        add_alarm(status, "rules_not_in_use", "the dataplane judges by other rules than those in force: " + why);
    if (hand_over.reachable && delivery.rules != nullptr && !hand_over.zones_in_use)
        add_alarm(status, "zones_not_in_use", "the dataplane judges by other zones than the policy's: " + why);
}

void fill(api::Counts& to, const WorkerCounters& from) {
    to.set_rx_frames_inside(from.rx_frames[0]);
    to.set_rx_frames_outside(from.rx_frames[1]);
    to.set_rx_bytes_inside(from.rx_bytes[0]);
    to.set_rx_bytes_outside(from.rx_bytes[1]);
    to.set_tx_frames_inside(from.tx_frames[0]);
    to.set_tx_frames_outside(from.tx_frames[1]);
    to.set_tx_bytes_inside(from.tx_bytes[0]);
    to.set_tx_bytes_outside(from.tx_bytes[1]);
    to.set_injected_frames(from.injected_frames);
    to.set_held_frames(from.held_frames);
    to.set_handed_over(from.handed_over);
    to.set_flows(from.flows);
    to.set_flows_inserted(from.flows_inserted);
    to.set_flows_settled(from.flows_settled);
    to.set_flows_evicted(from.flows_evicted);
    to.set_flows_expired(from.flows_expired);
    to.set_quic_connections(from.quic_connections);
    to.set_fragments_held(from.fragments_held);
    to.set_heartbeat(from.heartbeat);
    to.set_busy_cycles(from.busy_cycles);
    to.set_total_cycles(from.total_cycles);
    to.set_balance(balance(from));
    for (std::size_t i = 1; i < kProtocolNames.size(); ++i) {
        const std::string protocol(kProtocolNames[i]);
        (*to.mutable_names_allowed())[protocol] = from.names_allowed[i];
        (*to.mutable_names_blocked())[protocol] = from.names_blocked[i];
        (*to.mutable_names_monitored())[protocol] = from.names_monitored[i];
    }
}

void fill(api::Port& to, const CountersView& view, std::size_t pair, Side side) {
    const PortCounters port = view.port(pair, side);
    const PortTraffic traffic = view.traffic(pair, side);
    to.set_pair(view.pair(pair));
    to.set_side(text_for(side));
    to.set_link(text_for(port.link));
    to.set_link_changes(port.link_changes);
    to.set_missed_frames(port.missed_frames);
    to.set_rx_frames(traffic.rx_frames);
    to.set_rx_bytes(traffic.rx_bytes);
    to.set_tx_frames(traffic.tx_frames);
    to.set_tx_bytes(traffic.tx_bytes);
    to.set_mode(std::string(mode_word(view.pair_mode(pair))));
    to.set_set(view.set(pair));
}

WorkerCounters total_of(const CountersView& view) {
    WorkerCounters total{};
    for (std::size_t i = 0; i < view.workers(); ++i) add(total, view.worker(i));
    return total;
}

void add_history_alarms(api::Status& status, const History::State& history) {
    if (!history.problem.empty())
        add_alarm(status, "history_unsaved",
                  history.problem + "; counts wait in memory: make room, or set file in [history]");
    if (!history.put_aside.empty())
        add_alarm(status, "history_damaged",
                  "history was damaged and begins anew; the former file is " + history.put_aside +
                      ": remove it when nobody needs it");
}

}  // namespace

api::Status current_status(const Services& services) {
    api::Status status;
    status.set_version(kVersion);
    status.set_control_started(static_cast<std::uint64_t>(services.started));
    if (const auto view = services.observatory.counters()) {
        fill(*status.mutable_dataplane(), *view, services.observatory);
        if (status.dataplane().running()) {
            add_port_alarms(status, *view);
            add_overload_alarms(status, *view);
            add_room_alarms(status, *view, services.observatory);
            add_modes(status, *view);
            add_config_alarm(status, *view, services.configuration);
        }
    }
    add_dataplane_alarms(status, services.observatory);
    add_guard(status, services.config.runtime_directory);
    const auto rules = services.ruleset.view();
    api::RulesetSummary& summary = *status.mutable_ruleset();
    summary.set_in_force(rules->ruleset.in_force());
    summary.set_sequence(rules->ruleset.sequence());
    summary.set_pending(rules->ruleset.pending());
    summary.set_expired(rules->ruleset.expired());
    const auto delivery = services.delivery.view();
    fill(*status.mutable_hand_over(), delivery->hand_over);
    add_delivery_alarms(status, *rules, *delivery);
    for (api::Alarm& alarm : firmware_alarms(*services.firmware.view())) *status.add_alarms() = std::move(alarm);
    if (const auto change = services.configuration.change())
        add_alarm(status, "config_change_pending",
                  "a change of the configuration by " + change->who + " is " + std::string(name(change->stage)) +
                      "; see /v1/config");
    for (auto& [name, message] : services.events.alarms(status.dataplane().running()))
        add_alarm(status, name, std::move(message));
    add_history_alarms(status, services.history.state());
    for (const UpdatesAlarm& alarm : services.updater.view()->alarms) add_alarm(status, alarm.name, alarm.message);
    return status;
}

Response get_status(Request& request, Services& services) { return reply(request, current_status(services)); }

Response get_ports(Request& request, Services& services) {
    const auto view = services.observatory.counters();
    if (!view) return no_counters(view.error());
    api::Ports ports;
    for (std::size_t pair = 0; pair < view->pairs(); ++pair)
        for (const Side side : kSides) fill(*ports.add_ports(), *view, pair, side);
    return reply(request, ports);
}

Response get_stats(Request& request, Services& services) {
    const auto view = services.observatory.counters();
    if (!view) return no_counters(view.error());
    api::Stats stats;
    WorkerCounters total{};
    for (std::size_t i = 0; i < view->workers(); ++i) {
        const WorkerCounters counts = view->worker(i);
        add(total, counts);
        api::Worker& worker = *stats.add_workers();
        worker.set_worker(static_cast<std::uint32_t>(i));
        worker.set_pair(view->pair_of_worker(i));
        worker.set_moving(services.observatory.is_moving(i, Clock::now()));
        const auto& motions = services.observatory.workers();
        worker.set_busy_ratio(i < motions.size() ? motions[i].busy_ratio : 0);
        fill(*worker.mutable_counts(), counts);
    }
    fill(*stats.mutable_total(), total);
    return reply(request, stats);
}

Response get_drops(Request& request, Services& services) {
    const auto view = services.observatory.counters();
    if (!view) return no_counters(view.error());
    const WorkerCounters total = total_of(*view);
    api::Drops drops;
    for (std::size_t i = 1; i < kReasonCount; ++i) {
        api::DropReason& reason = *drops.add_reasons();
        reason.set_reason(std::string(kReasons[i].name));
        reason.set_kind(text_for(kReasons[i].kind));
        reason.set_meaning(std::string(kReasons[i].text));
        reason.set_drops(total.drops[i]);
        reason.set_blocks(total.blocks[i]);
        reason.set_errors(total.errors[i]);
        reason.set_would_drops(total.would_drop[i]);
        reason.set_would_blocks(total.would_block[i]);
    }
    return reply(request, drops);
}

Response get_health(Request& request, Services& services) {
    const auto view = services.observatory.counters();
    if (!view) return no_counters(view.error());
    if (!is_running(view->header())) return refusal({503, "the dataplane is not running", ""});
    if (moving_workers(*view, services.observatory) != view->workers())
        return refusal({503, "not every worker of the dataplane moves", ""});
    return reply_text(request.media_type, "ok\n");
}

}  // namespace sluis
