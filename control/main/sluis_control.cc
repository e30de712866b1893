// sluis-control: looks after the rules on the box, and answers the control API.
#include "control/main/sluis_control.h"

#include <linux/capability.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "control/api/audit_log.h"
#include "control/api/config_journal.h"
#include "control/api/config_keeper.h"
#include "control/api/control_config.h"
#include "control/api/endpoints.h"
#include "control/api/event_handles.h"
#include "control/api/event_stream.h"
#include "control/api/history_sample.h"
#include "control/api/http_server.h"
#include "control/api/job_queue.h"
#include "control/api/log.h"
#include "control/api/mode_setter.h"
#include "control/api/policy_installer.h"
#include "control/api/routes.h"
#include "control/api/ruleset_keeper.h"
#include "control/api/ruleset_update_target.h"
#include "control/api/services.h"
#include "control/api/tls/tls_terminator.h"
#include "control/api/trace_keeper.h"
#include "control/api/unix_socket.h"
#include "control/backup/backup_keeper.h"
#include "control/bundle/bundle_clock.h"
#include "control/delivery/delivery.h"
#include "control/delivery/delivery_thread.h"
#include "control/events/event_service.h"
#include "control/events/mode_watch.h"
#include "control/events/passage_watch.h"
#include "control/firmware/firmware_keeper.h"
#include "control/history/history.h"
#include "control/main/descriptor_limit.h"
#include "control/main/start_check.h"
#include "control/main/usage.h"
#include "control/notice/notice_server.h"
#include "control/observability/observatory.h"
#include "control/page/page_routes.h"
#include "control/probation/probation_watch.h"
#include "control/updates/updater.h"
#include "dataplane/interface/command_line.h"
#include "dataplane/interface/memory_need.h"
#include "dataplane/interface/one_line.h"
#include "dataplane/interface/privileges.h"
#include "dataplane/interface/runtime_directory.h"
#include "dataplane/interface/service_manager.h"
#include "dataplane/interface/standard_streams.h"
#include "dataplane/interface/version.h"

namespace sluis {
namespace {

constexpr int kExitOk = 0, kExitFailed = 1, kExitUsage = 2;

/// Between two looks at the dataplane's counters.
constexpr std::chrono::seconds kLookEvery{1};
/// Between two reports to the service manager.
constexpr std::chrono::seconds kReportEvery{1};
/// Between two looks at the files of rules and policy.
constexpr std::chrono::seconds kLookAtRulesEvery{2};
/// Between two looks at a change of the configuration.
constexpr std::chrono::milliseconds kLookAtChangesEvery{500};
/// Between two looks at the box's firmware.
constexpr std::chrono::seconds kLookAtFirmwareEvery{20};
/// Between the wish to start again and the start: whoever asked for it hears what came of it.
constexpr std::chrono::seconds kBeforeRestart{2};
/// Between two looks at which alarms there are.
constexpr std::chrono::seconds kLookAtAlarmsEvery{2};

int fail(const std::string& what) {
    std::fprintf(stderr, "sluis-control: %s\n", one_line(what).c_str());
    return kExitFailed;
}

int print(const std::string& text) { return print_to_standard_output("sluis-control", text) ? kExitOk : kExitFailed; }

struct Loop {
    EventBase base{event_base_new()};
    std::vector<LoopEvent> events;

    /// REQUIRES: `argument` lives as long as the loop runs.
    void on_signal(int signal, event_callback_fn act, void* argument) {
        events.emplace_back(evsignal_new(base.get(), signal, act, argument));
        event_add(events.back().get(), nullptr);
    }
    void every(std::chrono::seconds time, event_callback_fn act, void* argument) {
        events.emplace_back(event_new(base.get(), -1, EV_PERSIST, act, argument));
        const timeval between = interval(time);
        event_add(events.back().get(), &between);
    }
    void on_readable(int descriptor, event_callback_fn act, void* argument) {
        events.emplace_back(event_new(base.get(), descriptor, EV_READ | EV_PERSIST, act, argument));
        event_add(events.back().get(), nullptr);
    }
};

void end(evutil_socket_t, short, void* base) { event_base_loopbreak(static_cast<event_base*>(base)); }

/// What SIGHUP has read again.
struct Reloaded {
    TlsTerminator* tls;  ///< null: there is none
    Delivery& delivery;
    EventService& events;
};

/// A terminal that is closed ends nothing, either.
void reload(evutil_socket_t, short, void* argument) {
    const auto& [tls, delivery, events] = *static_cast<Reloaded*>(argument);
    if (tls != nullptr) tls->reload();
    delivery.reread();
    events.reopen();
}

/// Those who read events over the API, by socket.
struct Readers {
    HttpServer& read_only;
    HttpServer& read_write;
};

void on_event(evutil_socket_t descriptor, short, void* argument) {
    std::uint64_t count = 0;
    if (::read(descriptor, &count, sizeof count) < 0) return;
    const auto& readers = *static_cast<const Readers*>(argument);
    readers.read_only.advance_streams();
    readers.read_write.advance_streams();
}

struct Alarms {
    const Services& services;
    EventService& events;
    History& history;
    BoxSampler sampler;
    ModeWatch modes{};
    PassageWatch passages{};
};

void look_at_alarms(evutil_socket_t, short, void* argument) {
    auto& [services, events, history, sampler, modes, passages] = *static_cast<Alarms*>(argument);
    std::vector<NamedAlarm> alarms;
    const api::Status status = current_status(services);
    for (const api::Alarm& alarm : status.alarms()) alarms.emplace_back(alarm.name(), alarm.message());
    events.see_alarms(alarms);
    const auto tell = [&to = events](const api::PairMode& before, const api::PairMode& after) {
        to.publish_audit(describe_mode_change(before, after));
    };
    modes.see({status.modes().begin(), status.modes().end()}, tell);
    if (const auto guard = read_guard_state(services.config.runtime_directory))
        passages.see(guard->pairs, [&to = events](const GuardedPair& before, const GuardedPair& after) {
            to.publish_audit(describe_passage_change(before, after));
        });
    history.see(sampler.look(services, status, system_time()));
    // A day of the events ends where one of the policy does.
    const auto view = services.delivery.view();
    if (view->policy != nullptr && view->policy->policy.time_zone)
        events.set_time_zone(*view->policy->policy.time_zone);
}

/// Clients are shown in the clear only while that is on record.
void begin_clear(const EventsConfig& config, const AuditLog& audit, EventService& events) {
    if (!config.clients_in_clear) return;
    const nlohmann::ordered_json before{{"clients", "pseudonym"}};
    const nlohmann::ordered_json after{{"clients", "clear"}, {"until", config.clients_until}};
    const AuditRecord record{"sluis-control", "events.clients_clear", config.clients_reason, "by the configuration"};
    const auto recorded = audit.write(AuditStage::done, record, before, after);
    if (recorded) return events.allow_clear();
    log_event(LogPriority::error, "clients_stay_pseudonyms", {{"problem", recorded.error()}});
}

void look_at_dataplane(evutil_socket_t, short, void* observatory) {
    static_cast<Observatory*>(observatory)->look(Observatory::Clock::now(), system_time());
}

DeliverySettings delivery_settings(const ControlConfig& config) {
    DeliverySettings settings{
        config.policy_file, config.policy_state, config.dataplane.rules, config.dataplane.zones, {}};
    for (const PairConfig& pair : config.dataplane.pairs) {
        settings.pairs.push_back(pair.name);
        if (!pair.set.empty()) settings.pairs.push_back(pair.set);
    }
    return settings;
}

/// What the service manager is told. It is this loop that feeds the watchdog, so a loop that hangs starves it, too.
struct Report {
    ServiceManager manager = ServiceManager::from_environment();
    const JobQueue* jobs = nullptr;

    void begin(const JobQueue& queue) {
        jobs = &queue;
        manager.ready();
        tell();
    }
    void tell() {
        const bool alive = jobs->is_alive(std::chrono::steady_clock::now());
        manager.status(alive ? "serving" : "the thread that looks after rules hangs");
        if (alive) manager.feed();
    }
};

void report_to_manager(evutil_socket_t, short, void* report) { static_cast<Report*>(report)->tell(); }

/// Ends the loop for another start, once that harms nobody.
struct Restart {
    event_base* base;
    ConfigKeeper& configuration;
    JobQueue& jobs;
    JobQueue& installs;
    std::optional<std::chrono::steady_clock::time_point> wanted = std::nullopt;
    bool due = false;
};

void look_for_restart(evutil_socket_t, short, void* argument) {
    auto& restart = *static_cast<Restart*>(argument);
    if (!restart.configuration.wants_restart()) return;
    const auto now = std::chrono::steady_clock::now();
    if (!restart.wanted) restart.wanted = now;
    if (now - *restart.wanted < kBeforeRestart || restart.jobs.is_busy() || restart.installs.is_busy()) return;
    restart.due = true;
    event_base_loopbreak(restart.base);
}

/// The names that the API is asked by on the box.
struct Sockets {
    UnixListener read, admin;
};

tl::expected<Sockets, std::string> open_sockets(const ControlConfig& config) {
    const std::string& runtime = config.dataplane.runtime_directory;
    if (const auto made = make_runtime_directory(runtime); !made) return tl::unexpected(made.error());
    auto read = UnixListener::open(read_socket_path(runtime), kReadGroup, config.read_group);
    if (!read) return tl::unexpected(read.error());
    auto admin = UnixListener::open(admin_socket_path(runtime), kAdminGroup, config.admin_group);
    if (!admin) return tl::unexpected(admin.error());
    return Sockets{std::move(*read), std::move(*admin)};
}

enum class End { for_good, to_start_again };

bool has_low_port(const std::vector<std::string>& addresses) {
    constexpr int kFirstFree = 1024;
    return std::any_of(addresses.begin(), addresses.end(), [](const std::string& address) {
        return std::atoi(address.c_str() + address.rfind(':') + 1) < kFirstFree;
    });
}

/// All that is left in effect: ports below 1024, where some are listened on. Once it starts itself by another
/// configuration, it may need them, and give sockets to their groups.
void confine(const ControlConfig& config) {
    constexpr Capabilities kLowPorts = capability(CAP_NET_BIND_SERVICE);
    const bool listens_low =
        (config.api.is_on() && has_low_port(config.api.listen)) || has_low_port(config.notice.listen);
    for (const auto& done : {keep_capabilities(listens_low ? kLowPorts : 0, kLowPorts | capability(CAP_CHOWN)),
                             refuse_system_calls(Programs::may_start)})
        if (!done) log_event(LogPriority::warning, "privileges_kept", {{"reason", done.error()}});
}

tl::expected<End, std::string> run(const CommandLine& line, const ControlConfig& config, const PolicyTime& time) {
    Report report;  // before the first thread: it takes its variables out of the environment

    // 3. The sockets, one for each role, HTTPS in front of them where there are certificates, and the notice page:
    // before anything is written, since who cannot have them may be a second one on this box. Who connects waits for
    // phase 10.
    const std::string runtime = config.dataplane.runtime_directory;
    auto sockets = open_sockets(config);
    if (!sockets) return tl::unexpected(sockets.error());
    confine(config);  // before the first thread: each has its own
    RemoteCallers remote;
    TlsCounts tls_counts;
    std::unique_ptr<TlsTerminator> tls;
    if (config.api.is_on()) {
        auto started = TlsTerminator::start(config.api, {read_socket_path(runtime), admin_socket_path(runtime)}, remote,
                                            tls_counts);
        if (!started) return tl::unexpected(started.error());
        tls = std::move(*started);
    }
    NoticeCounts notice_counts;
    std::unique_ptr<NoticeServer> notice;
    if (config.notice.is_on()) {
        auto started = NoticeServer::start(config.notice, config.events, notice_counts);
        if (!started) return tl::unexpected(started.error());
        notice = std::move(*started);
    }

    // 4. Events: what the dataplane finds and what is changed here, told to whom it concerns.
    const auto events = EventService::start(config.events, config.dataplane.runtime_directory);
    if (!events) return tl::unexpected(events.error());
    const AuditLog audit(config.audit_file, [&](const auto& record) { (*events)->publish_audit(record); });
    begin_clear(config.events, audit, **events);

    // 5. The rules and the policy: one thread looks at their files and does what takes long, another one keeps the
    // dataplane at what they say.
    Delivery delivery(delivery_settings(config), time);
    ProbationWatch watch(config.store.directory + "/state.probation",
                         [&] { return sample_dataplane(config.dataplane.runtime_directory); });
    RulesetKeeper ruleset(
        config.store, config.dataplane.rules, [&] { return delivery.allowed_names(); },
        [&](const auto& set, auto names) { return delivery.adopt(set, std::move(names)); }, audit, watch);
    BackupKeeper backups({.configuration = line.config}, config, audit);
    const auto look = [&] {
        delivery.look();
        ruleset.look();
        delivery.take_up();
        backups.look(BackupKeeper::Clock::now());
    };
    PolicyInstaller policy(delivery, audit, look);
    JobQueue jobs(look, kLookAtRulesEvery, {1, 3});
    DataplaneSocket dataplane(config.dataplane.runtime_directory);
    DeliveryThread delivery_thread(delivery, dataplane);
    TraceKeeper traces(config.dataplane.runtime_directory, audit);

    // 6. Modes and the configuration: another thread, which no compiler keeps waiting.
    ModeSetter modes(config.dataplane.runtime_directory, audit);
    ConfigKeeper configuration(line.config, config, audit);
    JobQueue changes([&] { configuration.look(); }, kLookAtChangesEvery, {2, 3});

    // 7. What mirrors have: one more thread asks them, and gives what is new to the one that looks after rules.
    std::atomic<bool> stop_updates{false};
    RulesetUpdateTarget update_target(config.store, ruleset, jobs, stop_updates);
    Updater updater(config.updates, update_target, stop_updates);

    // 8. The firmware, on images: another one, since an update takes minutes.
    FirmwareKeeper firmware({.restart_file = runtime + "/restart-box", .reset_file = runtime + "/reset-box"}, audit);
    JobQueue installs([&] { firmware.look(); }, kLookAtFirmwareEvery, {3, 3});

    // 9. What the dataplane counts, and what is kept of it.
    Observatory observatory(config.dataplane.runtime_directory);
    look_at_dataplane(-1, 0, &observatory);
    History history(config.history, system_time);

    // 10. The API, on a socket for each role.
    Loop loop;
    RequestCounts requests;
    EventStreamCounts streams;
    Services services{.config_path = line.config,
                      .config = config.dataplane,
                      .observatory = observatory,
                      .ruleset = ruleset,
                      .jobs = jobs,
                      .modes = modes,
                      .configuration = configuration,
                      .changes = changes,
                      .traces = traces,
                      .updater = updater,
                      .requests = requests,
                      .tls = tls_counts,
                      .notice = notice_counts,
                      .events = **events,
                      .event_streams = streams,
                      .started = system_time(),
                      .delivery = delivery,
                      .policy = policy,
                      .firmware = firmware,
                      .installs = installs,
                      .history = history,
                      .backups = backups};
    const std::vector<Route> routes = with_page(api_routes());
    const Router router(routes, services);
    const auto read_only = HttpServer::open(*loop.base, sockets->read, Role::read, router, remote, requests);
    if (!read_only) return tl::unexpected(read_only.error());
    const auto read_write = HttpServer::open(*loop.base, sockets->admin, Role::admin, router, remote, requests);
    if (!read_write) return tl::unexpected(read_write.error());

    // 11. Until a signal says to end.
    Reloaded reloaded{tls.get(), delivery, **events};
    Readers readers{**read_only, **read_write};
    Alarms alarms{services, **events, history, BoxSampler(runtime)};
    loop.on_signal(SIGHUP, reload, &reloaded);
    loop.on_readable((*events)->wake_descriptor(), on_event, &readers);
    loop.every(kLookEvery, look_at_dataplane, &observatory);
    loop.every(kLookAtAlarmsEvery, look_at_alarms, &alarms);
    loop.every(kReportEvery, report_to_manager, &report);
    for (const int signal : {SIGTERM, SIGINT}) loop.on_signal(signal, end, loop.base.get());
    Restart restart{loop.base.get(), configuration, jobs, installs};
    loop.every(kLookEvery, look_for_restart, &restart);
    configuration.begin_serving();
    log_event(LogPriority::info, "serving", {{"runtime", runtime}, {"config", line.config}});
    report.begin(jobs);
    event_base_dispatch(loop.base.get());
    if (!restart.due) report.manager.stopping();  // whoever says so is given up by the service manager

    // 12. A job may take minutes, a hand-over half a minute. Both can be cut off at any point: what they write is whole
    // or not there, and the dataplane takes up all or nothing. A download goes on after the next start.
    const bool is_busy = jobs.is_busy() || changes.is_busy() || installs.is_busy() || delivery_thread.is_talking();
    log_event(LogPriority::info, "stopping", {{"job_cut_off", is_busy ? "yes" : "no"}});
    if (restart.due) {
        report.manager.give_back();
        return End::to_start_again;
    }
    if (!is_busy) return End::for_good;
    (*events)->stop();
    history.stop();
    sockets->read.remove();
    sockets->admin.remove();
    std::_Exit(kExitOk);
}

/// This program's file, or what has taken its place since.
std::string own_program() {
    constexpr std::string_view kGone = " (deleted)";
    std::error_code error;
    std::string path = std::filesystem::read_symlink("/proc/self/exe", error).string();
    if (path.ends_with(kGone)) path.resize(path.size() - kGone.size());
    return path;
}

/// Where sluis-control cannot run by what a change has put there, the former text comes back. False when there is none.
bool undo_change(const ConfigFiles& files, const std::string& why) {
    auto journal = files.read_journal();
    if (!journal || journal->stage == ConfigStage::undoing) return false;
    journal->stage = ConfigStage::undoing;
    if (!files.write_journal(*journal) || !files.restore(*journal)) return false;
    log_event(LogPriority::error, "config_undone", {{"reason", why}});
    return true;
}

}  // namespace

/// A configuration that a start gets far with.
tl::expected<ControlConfig, std::string> load_to_run(const std::string& path) {
    auto config = load_control_config(path);
    if (!config) return config;
    if (const auto ready = check_start(*config); !ready) return tl::unexpected(ready.error());
    return config;
}

int run_control(int argc, char** argv, const PolicyTime& time) {
    // 1. The command line.
    open_standard_streams();
    const auto line = read_command_line(argc, argv);
    if (!line) {
        std::fprintf(stderr, "sluis-control: %s; see --help\n", line.error().c_str());
        return kExitUsage;
    }
    if (line->help) return print(kUsage);
    if (line->version) return print(std::string("sluis-control ") + kVersion + "\n");
    if (line->help_config) return print(control_config_reference());
    end_without_memory("sluis-control");
    ::signal(SIGPIPE, SIG_IGN);

    // 2. The configuration: as it was before a change that nobody has confirmed, or that cannot be read.
    const ConfigFiles files(line->config);
    if (!line->check)
        if (const std::string done = recover_configuration(files, system_time()); !done.empty())
            log_event(LogPriority::warning, "config_undone", {{"outcome", done}});
    auto config = load_to_run(line->config);
    if (!config && !line->check && undo_change(files, config.error())) config = load_to_run(line->config);
    if (!config) return fail(config.error());
    if (line->check) return print(line->config + " is right\n");

    raise_descriptor_limit();
    const auto ended = run(*line, *config, time);
    const bool again = ended ? *ended == End::to_start_again : undo_change(files, ended.error());
    if (!again) return ended ? kExitOk : fail(ended.error());
    log_event(LogPriority::notice, "starting_again");
    ::execv(own_program().c_str(), argv);
    return fail(std::string("cannot start again: ") + std::strerror(errno));
}

}  // namespace sluis
