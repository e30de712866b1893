// sluis-guard: keeps pairs open, or closed, while no dataplane forwards.
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "control/guard/guard.h"
#include "dataplane/interface/command_line.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/file_descriptor.h"
#include "dataplane/interface/memory_need.h"
#include "dataplane/interface/one_line.h"
#include "dataplane/interface/privileges.h"
#include "dataplane/interface/service_manager.h"
#include "dataplane/interface/standard_streams.h"
#include "dataplane/interface/version.h"
#include "dataplane/port/log.h"

namespace sluis {
namespace {

constexpr int kExitOk = 0, kExitFailed = 1, kExitUsage = 2;
constexpr std::chrono::seconds kReportEvery{1};

constexpr const char* kUsage =
    "Has frames cross, or not, while no sluis-dataplane forwards, as [[pair]] on_failure says.\n"
    "Usage: sluis-guard [OPTIONS]\n"
    "\n"
    "Options:\n"
    "  -h,--help                   Print this help message and exit\n"
    "  --config FILE [/etc/sluis/sluis.toml]\n"
    "                              The configuration; a change of it is taken up at once\n"
    "  --check                     Say what would be done for each pair, and exit: with 1 where a pair could not be\n"
    "                              kept as its on_failure says\n"
    "  --version                   Print the version and exit\n"
    "\n"
    "Runs until SIGTERM or SIGINT, and leaves pairs as they are then. guard.json in the runtime directory says what\n"
    "becomes of each pair's frames. Exit status: 0 ended when told to, or all is right; 1 something failed, or\n"
    "a checked pair cannot be kept as its on_failure says; 2 wrong usage.\n";

int fail(const std::string& what) {
    std::fprintf(stderr, "sluis-guard: %s\n", one_line(what).c_str());
    return kExitFailed;
}

int print(const std::string& text) { return print_to_standard_output("sluis-guard", text) ? kExitOk : kExitFailed; }

FileDescriptor ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    return FileDescriptor(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

/// What would be done for each pair, and whether that is what was asked for.
int check(Guard& guard) {
    std::string description;
    std::size_t failing = 0;
    const auto pairs = guard.describe();
    for (const Guard::Outlook& pair : pairs) {
        description += pair.text + "\n";
        failing += !pair.is_as_policy_says;
    }
    if (const int status = print(description); status != kExitOk || failing == 0) return status;
    return fail(std::to_string(failing) + " of " + std::to_string(pairs.size()) +
                " pair(s) would not be kept as on_failure says; see to what is named above, or write in [[pair]] what "
                "is meant to happen");
}

void tell_at_start(Guard& guard) {
    for (const Guard::Outlook& pair : guard.describe())
        log(pair.is_as_policy_says ? LogLevel::info : LogLevel::warn, {{"event", "guards"}, {"what", pair.text}});
}

/// Until a signal says to end.
int serve(Guard& guard) {
    const FileDescriptor signals = ending_signals();
    if (!signals.valid()) return fail(std::string("cannot wait for signals: ") + std::strerror(errno));
    auto manager = ServiceManager::from_environment();
    bool is_ready = false;
    for (auto next_report = std::chrono::steady_clock::now();;) {
        const auto now = std::chrono::steady_clock::now();
        guard.look(now);
        if (!is_ready) manager.ready();
        is_ready = true;
        if (now >= next_report) {
            next_report = now + kReportEvery;
            manager.feed();
            manager.status(guard.summary());
        }
        std::array<pollfd, 2> sources{{{signals.get(), POLLIN, 0}, {guard.process(), POLLIN, 0}}};
        ::poll(sources.data(), sources.size(), static_cast<int>(Guard::kLookEvery.count()));
        if (sources[0].revents != 0) break;
    }
    manager.stopping();
    // At a shutdown the dataplane has ended just before.
    guard.look(std::chrono::steady_clock::now());
    guard.leave();
    return kExitOk;
}

/// Memory that is locked from here on is bounded, but for who may lock any.
bool locks_what_it_takes() {
    rlimit memory{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_MEMLOCK, &memory);
    return ::getrlimit(RLIMIT_MEMLOCK, &memory) == 0 && memory.rlim_cur == RLIM_INFINITY;
}

void confine() {
    const Capabilities memory = locks_what_it_takes() ? 0 : capability(CAP_IPC_LOCK);
    for (const auto& done : {keep_capabilities(capability(CAP_NET_ADMIN) | capability(CAP_KILL) | memory),
                             refuse_system_calls(Programs::refused)})
        if (!done) log(LogLevel::warn, {{"event", "privileges_kept"}, {"reason", done.error()}});
}

int start(int argc, char** argv) {
    // 1. The command line.
    open_standard_streams();
    const auto line = read_command_line(argc, argv);
    if (!line || line->help_config) {
        std::fprintf(stderr, "sluis-guard: %s; see --help\n",
                     line ? "--help-config is for sluis-dataplane" : line.error().c_str());
        return kExitUsage;
    }
    if (line->help) return print(kUsage);
    if (line->version) return print(std::string("sluis-guard ") + kVersion + "\n");
    end_without_memory("sluis-guard");

    // 2. The pairs, their policies, and what could keep them open.
    auto config = load_config(line->config, true);
    if (!config) return fail(config.error());
    auto guard = Guard::make(std::move(*config), board_bypass(SLUIS_BOARD_FILE));
    if (!guard) return fail(guard.error());
    if (line->check) return check(*guard);
    tell_at_start(*guard);

    // 3. A machine without memory must not take its: nothing is to be read from a disk when it is needed.
    if (::mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        log(LogLevel::warn, {{"event", "memory_not_locked"}, {"problem", std::strerror(errno)}});

    // 4. What it needs from here on: to join ports, and to end a dataplane that hangs.
    confine();
    return serve(*guard);
}

}  // namespace
}  // namespace sluis

int main(int argc, char** argv) { return sluis::start(argc, argv); }
