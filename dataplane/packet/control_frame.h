// Frames by which switches and routers keep a network together. When not all frames can be sent, these go first: a
// neighbour that misses a few of them takes the path for broken, and then nothing crosses it.
#pragma once

#include "dataplane/packet/bytes.h"

namespace sluis {

/// Whether a frame is one of them, within at most two VLAN tags: whatever goes to the group addresses that bridges keep
/// to themselves (IEEE 802.1Q, 8.6.3: LACP, STP, LLDP, 802.1X, CFM, and IS-IS), Cisco's (CDP, PVST+), IS-IS's own;
/// OSPF, PIM, EIGRP and VRRP by their IP protocols; BFD, HSRP, GLBP, RIP and LDP by the UDP port that they go to.
/// Fragments are not.
///
/// BGP is none of them: TCP repeats what is lost within its hold time, and a port proves nothing. Nor are ARP and
/// Neighbour Discovery: any host sends them, in any number, and again when no answer comes.
bool is_control_frame(Bytes frame) noexcept;

}  // namespace sluis
