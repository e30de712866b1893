// IP addresses and the directed pair of endpoints that a packet names.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "dataplane/packet/bytes.h"

namespace sluis {

/// IPv4 (first four bytes, the rest zero) or IPv6, network byte order.
struct IpAddress {
    std::array<std::byte, 16> bytes{};
    friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Seen from the packet: who sent it, to whom.
struct Endpoints {
    Endpoint source;
    Endpoint destination;
    bool ipv6 = false;

    bool involve(std::uint16_t port) const noexcept { return source.port == port || destination.port == port; }
};

}  // namespace sluis
