// What a service tells who started it, by the protocol of sd_notify(3): datagrams of lines to the socket that
// NOTIFY_SOCKET names. Without that variable nothing is told.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "dataplane/interface/file_descriptor.h"

namespace sluis {

class ServiceManager {
public:
    /// One that is told nothing.
    ServiceManager() = default;
    /// Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that no child speaks for its
    /// parent. Call it before the first thread. A socket that cannot be had is none: nobody is there to be told.
    static ServiceManager from_environment();
    /// Puts there again what was taken, for a program that is executed in this one's place and keeps its process id.
    void give_back() const;

    bool is_there() const noexcept { return socket_.valid(); }
    /// The longest time between two calls of `feed`; zero: nobody waits for them.
    std::chrono::microseconds watchdog() const noexcept { return watchdog_; }

    // What cannot be sent at once is left: a manager that does not read holds nobody up.
    void ready() { send("READY=1"); }
    void stopping() { send("STOPPING=1"); }
    void feed();
    /// One line for people, in `systemctl status`. Sent when it is another one than the last.
    void status(std::string_view line);

private:
    bool send(std::string_view message) const;

    std::string name_;       ///< of the socket
    FileDescriptor socket_;  ///< connected
    std::chrono::microseconds watchdog_{0};
    std::string status_;
};

}  // namespace sluis
