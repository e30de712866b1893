#include "control/events/event_service.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/api/log.h"
#include "control/bundle/bundle_clock.h"
#include "control/events/box_lines.h"
#include "control/events/file_target.h"
#include "control/events/socket_target.h"
#include "control/events/syslog_target.h"

namespace sluis {
namespace {

constexpr std::chrono::milliseconds kPumpEvery{50};
constexpr std::chrono::seconds kSaveEvery{60};

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? syslog_word(name.data()) : "-";
}

/// Signals are the main thread's.
void block_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

EventService::EventService(const EventsConfig& config, const std::string& runtime_directory, FileDescriptor wake)
    : config_(config),
      host_(host_name()),
      wake_(std::move(wake)),
      memory_(wake_.get()),
      hub_(config.per_second, memory_),
      presence_(config.presence_days),
      would_block_(system_time()),
      numbers_(config.numbers_file, presence_, would_block_),
      pump_({config, runtime_directory, host_, event_time_now}, hub_, presence_, would_block_) {}

tl::expected<std::unique_ptr<EventService>, std::string> EventService::start(const EventsConfig& config,
                                                                             const std::string& runtime_directory) {
    FileDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake.valid()) return tl::unexpected(std::string("events: ") + std::strerror(errno));
    std::unique_ptr<EventService> made(new EventService(config, runtime_directory, std::move(wake)));
    if (const auto loaded = made->numbers_.load(); !loaded) {
        log_event(LogPriority::warning, "event_numbers_unreadable", {{"problem", loaded.error()}});
        made->numbers_problem_ = loaded.error();
    }
    made->add_sinks();
    made->pump_thread_ = std::thread([service = made.get()] { service->pump_events(); });
    made->numbers_thread_ = std::thread([service = made.get()] { service->keep_numbers(); });
    return made;
}

EventService::~EventService() { stop(); }

void EventService::stop() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    stopped_.notify_all();
    if (pump_thread_.joinable()) pump_thread_.join();
    if (numbers_thread_.joinable()) numbers_thread_.join();
}

void EventService::add_sinks() {
    const auto add = [this](const char* name, std::unique_ptr<SinkTarget> target) {
        hub_.add_sink(std::make_unique<EventSink>(name, std::move(target)));
    };
    if (!config_.file.empty())
        add("file", std::make_unique<FileTarget>(config_.file, std::uint64_t{config_.file_limit_mib} << 20));
    if (!config_.socket.empty()) add("socket", std::make_unique<SocketTarget>(config_.socket));
    if (!config_.syslog.empty()) {
        const SyslogOrigin origin{static_cast<std::uint8_t>(config_.syslog_facility), host_,
                                  static_cast<std::uint32_t>(::getpid())};
        const CollectorTlsConfig tls{config_.syslog_ca, config_.syslog_certificate, config_.syslog_key,
                                     config_.syslog_name};
        add("syslog", std::make_unique<SyslogTarget>(config_.syslog, origin, tls));
    }
}

/// False when it is time to end.
bool EventService::wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !stopped_.wait_for(lock, time, [this] { return stop_; });
}

void EventService::pump_events() {
    block_signals();
    do pump_.step();
    while (wait(kPumpEvery));
}

void EventService::keep_numbers() {
    block_signals();
    while (wait(kSaveEvery)) save_numbers();
    save_numbers();
}

void EventService::save_numbers() {
    const auto saved = numbers_.save();
    const std::lock_guard lock(mutex_);
    const std::string problem = saved ? "" : saved.error() + "; make room, or set numbers_file in [events]";
    if (!problem.empty() && problem != numbers_problem_)
        log_event(LogPriority::warning, "event_numbers_unsaved", {{"problem", problem}});
    numbers_problem_ = problem;
}

void EventService::reopen() {
    for (const auto& sink : hub_.sinks()) sink->reopen();
}

void EventService::publish_audit(const nlohmann::ordered_json& audit) {
    hub_.publish(describe_audit({event_time_now(), host_}, audit));
}

void EventService::see_alarms(const std::vector<NamedAlarm>& alarms) {
    alarm_watch_.see(alarms, [this](const NamedAlarm& alarm, bool raised) {
        hub_.publish(describe_alarm({event_time_now(), host_}, alarm.first, alarm.second, raised));
    });
}

std::vector<NamedAlarm> EventService::alarms(bool dataplane_runs) const {
    std::vector<NamedAlarm> alarms;
    const EventPump::State pump = pump_.state();
    if (dataplane_runs && !pump.problem.empty()) alarms.emplace_back("events_unread", pump.problem);
    if (pump.clear_has_ended)
        alarms.emplace_back("events_clear_ended",
                            "events show pseudonyms again since " + config_.clients_until +
                                "; take clients = \"clear\" out of [events], or set another date");
    for (const auto& sink : hub_.sinks())
        if (const std::string problem = sink->state().problem; !problem.empty())
            alarms.emplace_back("event_sink_failing", sink->name() + ": " + problem);
    const std::lock_guard lock(mutex_);
    if (!numbers_problem_.empty()) alarms.emplace_back("event_numbers", numbers_problem_);
    return alarms;
}

}  // namespace sluis
