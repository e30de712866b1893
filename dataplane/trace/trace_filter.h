// Which frames a trace is about.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dataplane/match/address_prefix.h"
#include "dataplane/packet/packet.h"

namespace sluis {

/// Frames have to meet all that is set, in either direction. The client is the end inside. A fragment has no port, but
/// its datagram's first one, where that is read.
struct TraceFilter {
    std::optional<AddressPrefix> client, server;
    std::optional<AddressPrefix> host;  ///< either end
    std::uint16_t port = 0;             ///< either end's; 0: any
    std::uint8_t protocol = 0;          ///< IP protocol number; 0: any
    std::optional<std::uint16_t> vlan;  ///< ID of any tag of the frame; 0: it has no tag

    /// `is_ip`: the packet has addresses. Without, a frame meets no condition on what is in IP.
    bool takes(const Packet& packet, bool is_ip) const noexcept;
};

}  // namespace sluis
