// Waiting for a socket that does not block, for a bounded time.
#pragma once

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace sluis {

/// Reads of one look at a collector, which has nothing to say: one that talks without an end keeps nobody.
inline constexpr int kLookReads = 16;

/// Whether a socket is ready for one of `events` (POLLIN, POLLOUT) before `until`. False with errno ETIMEDOUT.
inline bool wait_for_socket(int socket, short events, std::chrono::steady_clock::time_point until) {
    for (;;) {
        const auto rest = until - std::chrono::steady_clock::now();
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(rest).count();
        // Whoever is ready each time, for a byte, has no more time than others.
        if (left <= 0) break;
        pollfd wanted{socket, events, 0};
        const int ready = ::poll(&wanted, 1, static_cast<int>(std::min<decltype(left)>(left, 60'000)));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) break;
    }
    errno = ETIMEDOUT;
    return false;
}

}  // namespace sluis
