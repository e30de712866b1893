#include "control/events/collector_connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <utility>

#include "control/events/socket_wait.h"

namespace sluis {
namespace {

using Clock = std::chrono::steady_clock;

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
    close();
    socket_ = FileDescriptor(::socket(address->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_.valid()) return false;
    bool connected = ::connect(socket_.get(), address, size) == 0;
    if (!connected && errno == EINPROGRESS && wait_for_socket(socket_.get(), POLLOUT, Clock::now() + patience)) {
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

tl::expected<void, std::string> CollectorConnection::begin_tls(const CollectorTlsConfig& config, Patience patience) {
    auto begun = CollectorTls::begin(config, socket_.get(), Clock::now() + patience);
    if (!begun) {
        close();
        return tl::unexpected(begun.error());
    }
    tls_ = std::move(*begun);
    return {};
}

void CollectorConnection::close() {
    tls_.reset();
    socket_.reset();
}

void CollectorConnection::look() {
    if (tls_ != nullptr) {
        if (!tls_->look()) close();
        return;
    }
    std::array<char, 4096> thrown_away;
    for (int reads = 0; reads < kLookReads && socket_.valid(); ++reads) {
        const ssize_t count = ::recv(socket_.get(), thrown_away.data(), thrown_away.size(), MSG_DONTWAIT);
        if (count > 0 || (count < 0 && errno == EINTR)) continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        socket_.reset();
    }
}

CollectorConnection::Sent CollectorConnection::send(std::string_view bytes, Patience patience) {
    const std::size_t whole = bytes.size();
    const auto until = Clock::now() + patience;
    if (tls_ != nullptr) {
        errno = ECONNRESET;
        if (tls_->write(bytes, until)) return Sent::all;
        const int error = errno;
        close();
        errno = error;
        return Sent::broken;
    }
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
            continue;
        }
        if (errno == EINTR) continue;
        const bool full = errno == EAGAIN || errno == EWOULDBLOCK;
        if (full && wait_for_socket(socket_.get(), POLLOUT, until)) continue;
        if (full && bytes.size() == whole) return Sent::none;
        const int error = errno;
        socket_.reset();
        errno = error;
        return Sent::broken;
    }
    return Sent::all;
}

}  // namespace sluis
