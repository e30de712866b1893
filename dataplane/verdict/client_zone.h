// Whom a packet is about: the station on the inside, as zones know it.
#pragma once

#include "dataplane/interface/zone_table.h"
#include "dataplane/packet/packet.h"

namespace sluis {

/// The client of a packet: its source when it came from inside, else its destination. `pairs` are Generation::pairs().
inline ZoneQuery client_of(const Packet& packet, const LinkPairs& pairs) noexcept {
    constexpr std::size_t kDestinationMac = 0, kSourceMac = 6;
    const bool from_inside = packet.ingress() == Side::inside;
    ZoneQuery query;
    query.pair = pairs[packet.frame->link];
    if (packet.vlan_count != 0) {
        query.outer_vlan = packet.vlan[0];
        query.inner_vlan = packet.vlan[packet.vlan_count - 1u];
    }
    query.ipv6 = packet.endpoints.ipv6;
    query.device = device_number(packet.frame->data + (from_inside ? kSourceMac : kDestinationMac));
    query.client = from_inside ? packet.endpoints.source.address : packet.endpoints.destination.address;
    return query;
}

}  // namespace sluis
