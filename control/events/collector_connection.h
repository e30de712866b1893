// A connection to a collector that only takes: bounded in time, whatever the other side does.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "control/events/collector_tls.h"
#include "dataplane/interface/file_descriptor.h"

namespace sluis {

class CollectorConnection {
public:
    using Patience = std::chrono::milliseconds;

    /// Connects a socket of `type`. False, with errno, when that fails or takes longer than `patience`.
    bool connect(const sockaddr* address, socklen_t size, int type, Patience patience);
    bool is_open() const { return socket_.valid(); }
    /// Over a connection that is open. Without an answer of TLS by then, it is closed.
    tl::expected<void, std::string> begin_tls(const CollectorTlsConfig& config, Patience patience);
    void close();
    /// Closes it when the other side has: what were written then would be lost. Throws away what came in.
    void look();

    enum class Sent {
        all,
        none,    ///< the collector takes nothing now; the connection stays. Never over TLS
        broken,  ///< the connection is over: errno says why. A part may have arrived
    };
    Sent send(std::string_view bytes, Patience patience);

private:
    FileDescriptor socket_;
    std::unique_ptr<CollectorTls> tls_;  ///< null: as it is
};

}  // namespace sluis
