// What the main thread does while workers move frames: it looks at the ports once a second, serves commands, and ends
// with a signal.
#pragma once

#include <signal.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "dataplane/command_server.h"
#include "dataplane/hand_over.h"
#include "dataplane/interface/file_descriptor.h"

namespace sluis {

/// SIGTERM and SIGINT wait, from before the first thread on, until a MainLoop takes them.
sigset_t ending_signals();

class MainLoop {
public:
    /// What is served; references outlive the loop.
    struct Duties {
        HandOver& hand_over;
        CommandServer& commands;
        std::function<void()> each_second;
    };
    /// REQUIRES: ending_signals() are blocked.
    static tl::expected<MainLoop, std::string> make(Duties duties);
    /// Until a signal says to end, or a command; returns the signal, or 0.
    int run();

private:
    using Time = std::chrono::steady_clock::time_point;
    MainLoop(Duties duties, FileDescriptor signals) : duties_(std::move(duties)), signals_(std::move(signals)) {}
    void wait(Time until) const;
    int pending_signal() const;

    Duties duties_;
    FileDescriptor signals_;
};

}  // namespace sluis
