#include "dataplane/trace/trace_filter.h"

#include <algorithm>

namespace sluis {
namespace {

bool holds(const std::optional<AddressPrefix>& prefix, const Endpoints& ends, const Endpoint& end) noexcept {
    return !prefix || contains(*prefix, end.address, ends.ipv6);
}

bool has_vlan(const Packet& packet, std::uint16_t vlan) noexcept {
    const auto end = packet.vlan.begin() + packet.vlan_count;
    return vlan == 0 ? packet.vlan_count == 0 : std::find(packet.vlan.begin(), end, vlan) != end;
}

}  // namespace

bool TraceFilter::takes(const Packet& packet, bool is_ip) const noexcept {
    if (vlan && !has_vlan(packet, *vlan)) return false;
    if (!is_ip) return !client && !server && !host && port == 0 && protocol == 0;
    const Endpoints& ends = packet.endpoints;
    const bool from_inside = packet.ingress() == Side::inside;
    const Endpoint& inside = from_inside ? ends.source : ends.destination;
    const Endpoint& outside = from_inside ? ends.destination : ends.source;
    return holds(client, ends, inside) && holds(server, ends, outside) &&
           (holds(host, ends, inside) || holds(host, ends, outside)) && (port == 0 || ends.involve(port)) &&
           (protocol == 0 || packet.protocol == protocol);
}

}  // namespace sluis
