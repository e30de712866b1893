#include "control/events/collector_connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sluis {
namespace {

using Clock = std::chrono::steady_clock;

/// Whether a socket can be written to before `until`.
bool wait_until_writable(int socket, Clock::time_point until) {
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
        pollfd wanted{socket, POLLOUT, 0};
        const int ready = ::poll(&wanted, 1, static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000)));
        if (ready > 0) return true;
        if (ready < 0 && errno == EINTR) continue;
        errno = ETIMEDOUT;
        return false;
    }
}

/// A collector that has vanished without a word is found out within about a minute.
void notice_silence(int socket) {
    constexpr int kOn = 1, kIdleSeconds = 30;
    constexpr unsigned kUnansweredMilliseconds = 30'000;
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &kOn, sizeof kOn);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &kIdleSeconds, sizeof kIdleSeconds);
    ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnansweredMilliseconds, sizeof kUnansweredMilliseconds);
}

}  // namespace

bool CollectorConnection::connect(const sockaddr* address, socklen_t size, int type, Patience patience) {
    socket_ = FileDescriptor(::socket(address->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_.valid()) return false;
    bool connected = ::connect(socket_.get(), address, size) == 0;
    if (!connected && errno == EINPROGRESS && wait_until_writable(socket_.get(), Clock::now() + patience)) {
        int error = 0;
        socklen_t length = sizeof error;
        ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
        connected = error == 0;
        errno = error;
    }
    if (!connected) {
        const int error = errno;
        socket_.reset();
        errno = error;
        return false;
    }
    if (address->sa_family != AF_UNIX) notice_silence(socket_.get());
    return true;
}

void CollectorConnection::look() {
    std::array<char, 4096> thrown_away;
    while (socket_.valid()) {
        const ssize_t count = ::recv(socket_.get(), thrown_away.data(), thrown_away.size(), MSG_DONTWAIT);
        if (count > 0 || (count < 0 && errno == EINTR)) continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        socket_.reset();
    }
}

CollectorConnection::Sent CollectorConnection::send(std::string_view bytes, Patience patience) {
    const std::size_t whole = bytes.size();
    const auto until = Clock::now() + patience;
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
            continue;
        }
        if (errno == EINTR) continue;
        const bool full = errno == EAGAIN || errno == EWOULDBLOCK;
        if (full && wait_until_writable(socket_.get(), until)) continue;
        if (full && bytes.size() == whole) return Sent::none;
        const int error = errno;
        socket_.reset();
        errno = error;
        return Sent::broken;
    }
    return Sent::all;
}

}  // namespace sluis
