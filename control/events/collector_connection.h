// A connection to a collector that only takes: bounded in time, whatever the other side does.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string_view>

#include "dataplane/interface/file_descriptor.h"

namespace sluis {

class CollectorConnection {
public:
    using Patience = std::chrono::milliseconds;

    /// Connects a socket of `type`. False, with errno, when that fails or takes longer than `patience`.
    bool connect(const sockaddr* address, socklen_t size, int type, Patience patience);
    bool is_open() const { return socket_.valid(); }
    void close() { socket_.reset(); }
    /// Closes it when the other side has: what were written then would be lost. Throws away what came in.
    void look();

    enum class Sent {
        all,
        none,    ///< the collector takes nothing now; the connection stays
        broken,  ///< the connection is over: errno says why. A part may have arrived
    };
    Sent send(std::string_view bytes, Patience patience);

private:
    FileDescriptor socket_;
};

}  // namespace sluis
