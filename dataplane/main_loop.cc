#include "dataplane/main_loop.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace sluis {
namespace {

using namespace std::chrono_literals;

/// Between two looks at workers that are to take up an offer, or that trace.
constexpr auto kWhileWaiting = 1ms;

}  // namespace

sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

tl::expected<MainLoop, std::string> MainLoop::make(Duties duties) {
    const sigset_t signals = ending_signals();
    FileDescriptor descriptor(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!descriptor.valid()) return tl::unexpected(std::string("cannot wait for signals: ") + std::strerror(errno));
    return MainLoop(std::move(duties), std::move(descriptor));
}

int MainLoop::run() {
    for (Time next = std::chrono::steady_clock::now() + 1s;;) {
        wait(next);
        if (const int signal = pending_signal(); signal != 0) return signal;
        const Time now = std::chrono::steady_clock::now();
        duties_.commands.serve(now);
        duties_.hand_over.settle();
        if (duties_.hand_over.is_ending()) return 0;
        if (now < next) continue;
        duties_.each_second();
        next = now + 1s;
    }
}

/// For a signal, a command, or the time.
void MainLoop::wait(Time until) const {
    const Time now = std::chrono::steady_clock::now();
    auto rest = std::max<std::chrono::nanoseconds>(until - now, 0ns);
    if (duties_.commands.is_waiting()) rest = std::min<std::chrono::nanoseconds>(rest, kWhileWaiting);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(rest);
    const timespec time{seconds.count(), (rest - seconds).count()};
    std::array<pollfd, 2> sources{{{signals_.get(), POLLIN, 0}, {duties_.commands.descriptor(), POLLIN, 0}}};
    ::ppoll(sources.data(), sources.size(), &time, nullptr);
}

int MainLoop::pending_signal() const {
    signalfd_siginfo signal{};
    if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) return 0;
    return static_cast<int>(signal.ssi_signo);
}

}  // namespace sluis
