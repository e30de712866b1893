// A port that is a network interface of the kernel, by a packet socket: what `net_af_packet0,iface=eth1` names.
//
// DPDK's own net_af_packet driver is no transparent bridge, which is why these few lines stand in its place. It asks
// the kernel to put IPv4 fragments together (PACKET_FANOUT_FLAG_DEFRAG); it writes every outer tag back as 0x8100 that
// the kernel took off, an 802.1ad one too; it passes frames on that the ring cut short; it drops frames that are too
// long for a slot and reports them as sent; and what the kernel did not take at once waits for the next burst.
#pragma once

#include "dataplane/port/port.h"

namespace sluis {

/// Arguments: iface (required), framecnt (slots of each ring), qdisc_bypass (1 by default). qpairs must be 1. blocksz
/// and framesz are taken and not used: slots are as long as the interface's frames.
tl::expected<std::unique_ptr<Port>, std::string> open_packet_socket_port(const DeviceName& device,
                                                                         const PortRequest& request);

}  // namespace sluis
