#include "control/api/message_json.h"

#include <map>
#include <string>
#include <utility>

namespace sluis {
namespace {

template <typename Messages, typename Write>
Json list(const Messages& messages, Write write) {
    Json made = Json::array();
    for (const auto& each : messages) made.push_back(write(each));
    return made;
}

Json alarm(const api::Alarm& message) { return {{"name", message.name()}, {"message", message.message()}}; }

Json dataplane(const api::Dataplane& message) {
    return {{"running", message.running()},
            {"pid", message.pid()},
            {"started", message.started()},
            {"workers", message.workers()},
            {"moving_workers", message.moving_workers()},
            {"rule_digest", message.rule_digest()}};
}

Json summary(const api::RulesetSummary& message) {
    return {{"in_force", message.in_force()},
            {"sequence", message.sequence()},
            {"pending", message.pending()},
            {"expired", message.expired()}};
}

Json port(const api::Port& message) {
    return {{"pair", message.pair()},
            {"side", message.side()},
            {"link", message.link()},
            {"link_changes", message.link_changes()},
            {"missed_frames", message.missed_frames()},
            {"rx_frames", message.rx_frames()},
            {"rx_bytes", message.rx_bytes()},
            {"tx_frames", message.tx_frames()},
            {"tx_bytes", message.tx_bytes()},
            {"mode", message.mode()},
            {"set", message.set()}};
}

Json pair_mode(const api::PairMode& message) {
    return {{"pair", message.pair()},     {"mode", message.mode()},     {"cause", message.cause()},
            {"author", message.author()}, {"reason", message.reason()}, {"since", message.since()},
            {"until", message.until()},   {"set", message.set()}};
}

Json guarded_pair(const api::GuardedPair& message) {
    return {{"pair", message.pair()},       {"passage", message.passage()},   {"cause", message.cause()},
            {"since", message.since()},     {"policy", message.policy()},     {"method", message.method()},
            {"trouble", message.trouble()}, {"failures", message.failures()}, {"hangs", message.hangs()}};
}

Json guard(const api::Guard& message) {
    return {{"running", message.running()}, {"pairs", list(message.pairs(), guarded_pair)}};
}

Json key_change(const api::ConfigKeyChange& message) {
    return {{"key", message.key()},
            {"before", message.before()},
            {"after", message.after()},
            {"process", message.process()},
            {"taken_up", message.taken_up()}};
}

Json config_change(bool is_there, const api::ConfigChange& message) {
    if (!is_there) return nullptr;
    return {{"stage", message.stage()},
            {"who", message.who()},
            {"comment", message.comment()},
            {"since", message.since()},
            {"confirm_until", message.confirm_until()}};
}

/// In the order of the keys, which a map of protobuf does not have.
template <typename Map>
Json by_name(const Map& map) {
    Json made = Json::object();
    for (const auto& [name, count] : std::map<std::string, std::uint64_t>(map.begin(), map.end())) made[name] = count;
    return made;
}

Json presence_number(const api::PresenceNumber& message) {
    return {{"zone", message.zone()},
            {"category", message.category()},
            {"devices", message.devices()},
            {"at_most", message.at_most()}};
}

Json presence_day(const api::PresenceDay& message) {
    return {{"date", message.date()}, {"numbers", list(message.numbers(), presence_number)}};
}

Json would_block_row(const api::WouldBlockRow& message) {
    return {{"zone", message.zone()},
            {"category", message.category()},
            {"rule", message.rule()},
            {"total", message.total()},
            {"protocols", by_name(message.protocols())},
            {"first_day", message.first_day()},
            {"last_day", message.last_day()}};
}

template <typename Message>
Json period_counts(const Message& message) {
    return {{"period", message.period()},     {"zone", message.zone()},       {"category", message.category()},
            {"protocol", message.protocol()}, {"refused", message.refused()}, {"would_refuse", message.would_refuse()}};
}

Json evaluation_devices(const api::EvaluationDevices& message) {
    return {{"month", message.month()}, {"zone", message.zone()},       {"category", message.category()},
            {"days", message.days()},   {"devices", message.devices()}, {"at_most", message.at_most()}};
}

Json evaluation_ruleset(const api::EvaluationRuleset& message) {
    return {{"since", message.since()},
            {"until", message.until()},
            {"in_force", message.in_force()},
            {"sequence", message.sequence()},
            {"sha256", message.sha256()}};
}

Json evaluation_phase(const api::EvaluationPhase& message) {
    return {{"since", message.since()},
            {"until", message.until()},
            {"sha256", message.sha256()},
            {"modes", message.modes()}};
}

Json evaluation_outage(const api::EvaluationOutage& message) {
    return {{"what", message.what()},
            {"subject", message.subject()},
            {"detail", message.detail()},
            {"began", message.began()},
            {"ended", message.ended()}};
}

Json counts(const api::Counts& message) {
    return {{"rx_frames_inside", message.rx_frames_inside()},
            {"rx_frames_outside", message.rx_frames_outside()},
            {"rx_bytes_inside", message.rx_bytes_inside()},
            {"rx_bytes_outside", message.rx_bytes_outside()},
            {"tx_frames_inside", message.tx_frames_inside()},
            {"tx_frames_outside", message.tx_frames_outside()},
            {"tx_bytes_inside", message.tx_bytes_inside()},
            {"tx_bytes_outside", message.tx_bytes_outside()},
            {"injected_frames", message.injected_frames()},
            {"held_frames", message.held_frames()},
            {"handed_over", message.handed_over()},
            {"flows", message.flows()},
            {"flows_inserted", message.flows_inserted()},
            {"flows_settled", message.flows_settled()},
            {"flows_evicted", message.flows_evicted()},
            {"flows_expired", message.flows_expired()},
            {"quic_connections", message.quic_connections()},
            {"fragments_held", message.fragments_held()},
            {"heartbeat", message.heartbeat()},
            {"busy_cycles", message.busy_cycles()},
            {"total_cycles", message.total_cycles()},
            {"balance", message.balance()},
            {"names_allowed", by_name(message.names_allowed())},
            {"names_blocked", by_name(message.names_blocked())},
            {"names_monitored", by_name(message.names_monitored())}};
}

Json worker(const api::Worker& message) {
    return {{"worker", message.worker()},
            {"pair", message.pair()},
            {"moving", message.moving()},
            {"busy_ratio", message.busy_ratio()},
            {"counts", counts(message.counts())}};
}

Json drop_reason(const api::DropReason& message) {
    return {{"reason", message.reason()},           {"kind", message.kind()},
            {"meaning", message.meaning()},         {"drops", message.drops()},
            {"blocks", message.blocks()},           {"errors", message.errors()},
            {"would_drops", message.would_drops()}, {"would_blocks", message.would_blocks()}};
}

Json stored_bundle(bool is_there, const api::StoredBundle& message) {
    if (!is_there) return nullptr;
    return {{"sequence", message.sequence()},
            {"min_sequence", message.min_sequence()},
            {"sha256", message.sha256()},
            {"key_set", message.key_set()}};
}

Json ended_probation(bool is_there, const api::EndedProbation& message) {
    if (!is_there) return nullptr;
    return {{"cause", message.cause()},
            {"message", message.message()},
            {"sequence", message.sequence()},
            {"sha256", message.sha256()},
            {"ended", message.ended()}};
}

Json update_mirror(const api::UpdateMirror& message) {
    return {{"url", message.url()},           {"asked", message.asked()},       {"fresh", message.fresh()},
            {"retry_at", message.retry_at()}, {"cause", message.cause()},       {"message", message.message()},
            {"failures", message.failures()}, {"sequence", message.sequence()}, {"issued", message.issued()}};
}

Json refused_update(const api::RefusedUpdate& message) {
    return {{"sha256", message.sha256()},
            {"sequence", message.sequence()},
            {"code", message.code()},
            {"name", message.name()},
            {"message", message.message()}};
}

Json explained_rule(const api::ExplainedRule& message) {
    return {{"rule", message.rule()},         {"kind", message.kind()},       {"category", message.category()},
            {"enforced", message.enforced()}, {"comment", message.comment()}, {"source", message.source()},
            {"mode", message.mode()},         {"why", message.why()}};
}

Json allowed_name(const api::AllowedName& message) {
    return {{"name", message.name()},
            {"owner", message.owner()},
            {"reason", message.reason()},
            {"until", message.until()},
            {"line", message.line()}};
}

Json policy_mode(const api::PolicyMode& message) {
    return {{"category", message.category()},
            {"mode", message.mode()},
            {"state", message.state()},
            {"line", message.line()},
            {"from", message.from()},
            {"review_by", message.review_by()},
            {"until", message.until()},
            {"review_overdue", message.review_overdue()},
            {"why", message.why()}};
}

Json policy_zone(const api::PolicyZone& message) {
    return {{"name", message.name()},
            {"line", message.line()},
            {"language", message.language()},
            {"devices", message.devices()},
            {"categories", list(message.categories(), policy_mode)}};
}

Json hand_over(const api::HandOver& message) {
    return {{"reachable", message.reachable()},
            {"rules_in_use", message.rules_in_use()},
            {"zones_in_use", message.zones_in_use()},
            {"trouble", message.trouble()},
            {"taken", message.taken()},
            {"generation", message.generation()},
            {"rules_digest", message.rules_digest()},
            {"zones_digest", message.zones_digest()}};
}

Json firmware_slot(const api::FirmwareSlot& message) {
    return {{"name", message.name()},       {"boot_name", message.boot_name()},
            {"state", message.state()},     {"boot_status", message.boot_status()},
            {"version", message.version()}, {"installed", message.installed()}};
}

Json text(const std::string& each) { return each; }

}  // namespace

Json to_json(const api::Status& message) {
    return {{"version", message.version()},
            {"control_started", message.control_started()},
            {"dataplane", dataplane(message.dataplane())},
            {"ruleset", summary(message.ruleset())},
            {"alarms", list(message.alarms(), alarm)},
            {"hand_over", hand_over(message.hand_over())},
            {"modes", list(message.modes(), pair_mode)},
            {"guard", guard(message.guard())}};
}

Json to_json(const api::Ports& message) { return {{"ports", list(message.ports(), port)}}; }

Json to_json(const api::Stats& message) {
    return {{"total", counts(message.total())}, {"workers", list(message.workers(), worker)}};
}

Json to_json(const api::Drops& message) { return {{"reasons", list(message.reasons(), drop_reason)}}; }

Json to_json(const api::Ruleset& message) {
    return {{"in_force", message.in_force()},
            {"sequence", message.sequence()},
            {"sha256", message.sha256()},
            {"created", message.created()},
            {"expires", message.expires()},
            {"expired", message.expired()},
            {"pending", message.pending()},
            {"pending_since", message.pending_since()},
            {"compiled_digest", message.compiled_digest()},
            {"current", stored_bundle(message.has_current(), message.current())},
            {"previous", stored_bundle(message.has_previous(), message.previous())},
            {"floor", message.floor()},
            {"wanted_floor", message.wanted_floor()},
            {"installed_sequence", message.installed_sequence()},
            {"rolled_back_sha256", message.rolled_back_sha256()},
            {"key_set", message.key_set()},
            {"key_set_expires", message.key_set_expires()},
            {"development_keys", message.development_keys()},
            {"alarms", list(message.alarms(), alarm)},
            {"probation_end", message.probation_end()},
            {"newest_sequence", message.newest_sequence()},
            {"confirmed_by", message.confirmed_by()},
            {"last_probation", ended_probation(message.has_last_probation(), message.last_probation())}};
}

Json to_json(const api::Job& message) {
    Json made{{"id", message.id()},
              {"kind", message.kind()},
              {"state", message.state()},
              {"submitted", message.submitted()},
              {"finished", message.finished()},
              {"error", nullptr},
              {"message", message.message()}};
    if (message.has_error()) {
        made["error"] = {
            {"code", message.error().code()}, {"name", message.error().name()}, {"message", message.error().message()}};
    }
    return made;
}

Json to_json(const api::Explanation& message) {
    return {{"written", message.written()},
            {"name", message.name()},
            {"verdict", message.verdict()},
            {"rules", list(message.rules(), explained_rule)},
            {"zone", message.zone()},
            {"by", list(message.by(), text)},
            {"time", message.time()},
            {"allowed", message.has_allowed() ? allowed_name(message.allowed()) : Json(nullptr)}};
}

Json to_json(const api::Policy& message) {
    return {{"origin", message.origin()},
            {"file", message.file()},
            {"sha256", message.sha256()},
            {"time_zone", message.time_zone()},
            {"time", message.time()},
            {"clock_held", message.clock_held()},
            {"since", message.since()},
            {"next_change", message.next_change()},
            {"zones", list(message.zones(), policy_zone)},
            {"allowed", list(message.allowed(), allowed_name)},
            {"alarms", list(message.alarms(), alarm)},
            {"warnings", list(message.warnings(), text)}};
}

Json to_json(const api::Configuration& message) {
    return {{"path", message.path()},
            {"sha256", message.sha256()},
            {"toml", message.toml()},
            {"change", config_change(message.has_change(), message.change())},
            {"has_previous", message.has_previous()}};
}

Json to_json(const api::ConfigPlan& message) {
    Json notes = Json::array();
    for (const std::string& note : message.notes()) notes.push_back(note);
    return {{"sha256", message.sha256()},
            {"changes", list(message.changes(), key_change)},
            {"dataplane_restart", message.dataplane_restart()},
            {"control_restart", message.control_restart()},
            {"frames_lost", message.frames_lost()},
            {"dataplane_checked", message.dataplane_checked()},
            {"notes", std::move(notes)}};
}

Json to_json(const api::Presence& message) {
    return {{"standard_error", message.standard_error()}, {"days", list(message.days(), presence_day)}};
}

Json to_json(const api::WouldBlock& message) {
    return {{"since", message.since()},
            {"events_lost", message.events_lost()},
            {"rows", list(message.rows(), would_block_row)}};
}

Json to_json(const api::Caller& message) { return {{"name", message.name()}, {"role", message.role()}}; }

Json to_json(const api::History& message) {
    return {{"by", message.by()},       {"from", message.from()},
            {"to", message.to()},       {"time_zone", message.time_zone()},
            {"since", message.since()}, {"rows", list(message.rows(), period_counts<api::HistoryRow>)}};
}

Json to_json(const api::Evaluation& message) {
    return {{"box", message.box()},
            {"version", message.version()},
            {"from", message.from()},
            {"to", message.to()},
            {"time_zone", message.time_zone()},
            {"made", message.made()},
            {"since", message.since()},
            {"refused", message.refused()},
            {"would_refuse", message.would_refuse()},
            {"months", list(message.months(), period_counts<api::EvaluationCount>)},
            {"days", list(message.days(), period_counts<api::EvaluationCount>)},
            {"protocols", list(message.protocols(), period_counts<api::EvaluationCount>)},
            {"devices", list(message.devices(), evaluation_devices)},
            {"rulesets", list(message.rulesets(), evaluation_ruleset)},
            {"phases", list(message.phases(), evaluation_phase)},
            {"outages", list(message.outages(), evaluation_outage)}};
}

Json to_json(const api::Trace& message) {
    return {{"id", message.id()},           {"state", message.state()},    {"end", message.end()},
            {"started", message.started()}, {"frames", message.frames()},  {"lost", message.lost()},
            {"bytes", message.bytes()},     {"message", message.message()}};
}

/// Without what is not asked for.
Json to_json(const api::TraceRequest& message) {
    Json made = Json::object();
    const auto add = [&](const char* name, const auto& value, bool is_set) {
        if (is_set) made[name] = value;
    };
    add("client", message.client(), !message.client().empty());
    add("server", message.server(), !message.server().empty());
    add("host", message.host(), !message.host().empty());
    add("port", message.port(), message.port() != 0);
    add("protocol", message.protocol(), !message.protocol().empty());
    add("vlan", message.vlan(), message.has_vlan());
    add("pair", message.pair(), !message.pair().empty());
    add("frames", message.frames(), message.frames() != 0);
    add("seconds", message.seconds(), message.seconds() != 0);
    add("snap", message.snap(), message.snap() != 0);
    add("payload", message.payload(), message.payload());
    add("comment", message.comment(), !message.comment().empty());
    return made;
}

Json to_json(const api::Updates& message) {
    return {{"stage", message.stage()},
            {"message", message.message()},
            {"install", message.install()},
            {"window", message.window()},
            {"checked", message.checked()},
            {"fresh", message.fresh()},
            {"next_check", message.next_check()},
            {"newest_sequence", message.newest_sequence()},
            {"newest_sha256", message.newest_sha256()},
            {"downloaded_bytes", message.downloaded_bytes()},
            {"mirrors", list(message.mirrors(), update_mirror)},
            {"refused", list(message.refused(), refused_update)},
            {"alarms", list(message.alarms(), alarm)}};
}

Json to_json(const api::Firmware& message) {
    return {{"trouble", message.trouble()},
            {"compatible", message.compatible()},
            {"version", message.version()},
            {"boot_slot", message.boot_slot()},
            {"primary", message.primary()},
            {"slots", list(message.slots(), firmware_slot)},
            {"installing", message.installing()},
            {"percent", message.percent()},
            {"step", message.step()},
            {"last_error", message.last_error()}};
}

}  // namespace sluis
