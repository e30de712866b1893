#include "control/events/socket_target.h"

#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace sluis {
namespace {

constexpr CollectorConnection::Patience kPatience{1000};

}  // namespace

bool SocketTarget::connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    errno = ENAMETOOLONG;
    if (path_.size() < sizeof address.sun_path) {
        path_.copy(address.sun_path, path_.size());
        const auto* generic = reinterpret_cast<const sockaddr*>(&address);
        is_stream_ = false;
        if (connection_.connect(generic, sizeof address, SOCK_DGRAM, kPatience)) return true;
        is_stream_ = errno == EPROTOTYPE;
        if (is_stream_ && connection_.connect(generic, sizeof address, SOCK_STREAM, kPatience)) return true;
    }
    problem_ = path_ + ": " + std::strerror(errno);
    return false;
}

/// A datagram's receiver that has gone is found by sending.
void SocketTarget::look() {
    if (is_stream_) connection_.look();
}

SinkTarget::Delivery SocketTarget::deliver(const EventLine& line) {
    look();
    if (!connection_.is_open() && !connect()) return Delivery::later;
    switch (connection_.send(is_stream_ ? line.json + "\n" : line.json, kPatience)) {
        case CollectorConnection::Sent::all:
            return Delivery::done;
        case CollectorConnection::Sent::none:
            problem_ = path_ + ": the collector takes nothing";
            return Delivery::later;
        case CollectorConnection::Sent::broken:
            break;
    }
    if (errno == EMSGSIZE) return Delivery::never;
    problem_ = path_ + ": " + std::strerror(errno);
    return Delivery::later;
}

}  // namespace sluis
