#include "control/api/control_metrics.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "control/api/firmware_metrics.h"
#include "control/api/http_server.h"
#include "control/api/policy_metrics.h"
#include "control/api/ruleset_keeper.h"
#include "control/api/tls/tls_terminator.h"
#include "control/api/updates_metrics.h"
#include "control/firmware/firmware_keeper.h"
#include "control/history/history.h"
#include "control/notice/notice_server.h"
#include "control/observability/guard_metrics.h"
#include "control/updates/updater.h"
#include "dataplane/interface/version.h"

namespace sluis {
namespace {

constexpr MetricType kCounter = MetricType::counter, kGauge = MetricType::gauge;

void write_ruleset(MetricsText& text, const RulesetView& view) {
    const api::Ruleset& rules = view.ruleset;
    text.family("sluis_ruleset_info", kGauge,
                "The rules in force: where they come from, their bundle's SHA-256, and "
                "that of the compiled set on disk.");
    text.sample({{"in_force", rules.in_force()}, {"sha256", rules.sha256()}, {"compiled", rules.compiled_digest()}},
                std::uint64_t{1});
    text.single("sluis_ruleset_sequence", kGauge, "The sequence of the rules in force; 0: none.", rules.sequence());
    text.single("sluis_ruleset_floor_sequence", kGauge, "No bundle below it may be installed.", rules.floor());
    text.single("sluis_ruleset_created_timestamp_seconds", kGauge, "When the rules in force were made; 0: none are.",
                std::int64_t{rules.created()});
    text.single("sluis_ruleset_expiry_timestamp_seconds", kGauge, "When the rules in force expire; 0: none are.",
                std::int64_t{rules.expires()});
    text.single("sluis_ruleset_pending", kGauge, "Whether the current bundle is on probation.", rules.pending());
    text.single("sluis_key_set_version", kGauge, "The newest key set that is trusted.", rules.key_set());
    text.single("sluis_key_set_expiry_timestamp_seconds", kGauge, "When that key set expires.",
                std::int64_t{rules.key_set_expires()});
    text.family("sluis_ruleset_probations_total", kCounter, "Probations that ended, by their cause.");
    for (std::size_t i = 1; i < kProbationCauseCount; ++i)
        text.sample({{"cause", kProbationCauses[i].name}}, view.probation_ends[i]);
    // An alarm may stand for several things, and a series only once.
    std::map<std::string, std::uint64_t> alarms;
    for (const api::Alarm& alarm : rules.alarms()) ++alarms[alarm.name()];
    text.family("sluis_ruleset_alarms", kGauge, "Alarms about rules and keys, by their name; none: no sample.");
    for (const auto& [name, count] : alarms) text.sample({{"alarm", name}}, count);
}

void write_requests(MetricsText& text, const RequestCounts& requests) {
    text.family("sluis_control_requests_total", kCounter, "Requests that were answered.");
    for (const auto& [key, count] : requests.counts())
        text.sample({{"method", method_name(key.first)}, {"code", std::to_string(key.second)}}, count);
}

void write_history(MetricsText& text, const History::State& history) {
    text.single("sluis_history_up", kGauge, "Whether history can be written.", history.problem.empty());
    text.single("sluis_history_saved_timestamp_seconds", kGauge, "When it was last written; 0: not since the start.",
                history.saved);
    text.single("sluis_history_bytes", kGauge, "Its size on the disk.", history.bytes);
    text.single("sluis_history_failures_total", kCounter, "Times that it could not be written.", history.failures);
    text.single("sluis_history_damages_total", kCounter, "Times that it was damaged, and begun anew.", history.damages);
    text.single("sluis_history_put_aside", kGauge, "Whether a damaged former one waits to be looked at.",
                !history.put_aside.empty());
}

void write_tls(MetricsText& text, const TlsCounts& tls) {
    text.family("sluis_tls_handshakes_total", kCounter, "TLS handshakes by what came of them.");
    text.sample({{"result", "done"}}, tls.handshakes.load());
    text.sample({{"result", "failed"}}, tls.failed.load());
    text.sample({{"result", "turned_away"}}, tls.turned_away.load());
    text.single("sluis_tls_made_room_total", kCounter, "TLS connections that were closed to make room for newer ones.",
                tls.made_room.load());
    text.single("sluis_tls_connections", kGauge, "TLS connections now.", tls.connections.load());
    text.single("sluis_tls_certificate_expiry_timestamp_seconds", kGauge,
                "When the box's certificate expires; 0: it has none.", tls.expires.load());
    text.single("sluis_tls_reload_failed", kGauge, "Whether newer certificates could not be used.",
                tls.reload_failed.load());
}

void write_notice(MetricsText& text, const NoticeCounts& notice) {
    text.family("sluis_notice_requests_total", kCounter, "Answers of the notice page, by what was asked for.");
    text.sample({{"request", "page"}}, notice.pages.load());
    text.sample({{"request", "unreadable"}}, notice.unreadable.load());
    text.single("sluis_notice_connections_dropped_total", kCounter,
                "Connections to the notice page that were closed to make room for newer ones.",
                notice.made_room.load());
}

}  // namespace

void write_control_metrics(MetricsText& text, const Services& services) {
    text.family("sluis_build_info", kGauge, "The version of sluis-control.");
    text.sample({{"version", kVersion}}, std::uint64_t{1});
    text.single("sluis_control_start_time_seconds", kGauge, "When sluis-control started.", services.started);
    write_ruleset(text, *services.ruleset.view());
    write_policy_metrics(text, *services.delivery.view());
    write_requests(text, services.requests);
    write_history(text, services.history.state());
    write_tls(text, services.tls);
    write_notice(text, services.notice);
    write_updates_metrics(text, *services.updater.view());
    write_firmware_metrics(text, *services.firmware.view());
    write_guard_metrics(text, read_guard_state(services.config.runtime_directory));
}

}  // namespace sluis
