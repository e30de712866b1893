// A network interface of the kernel: what a port has to know of it, and what must be switched off on it.
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

#include "dataplane/interface/counters.h"

namespace sluis {

struct KernelInterface {
    std::string name;
    int index = 0;
    std::uint32_t mtu = 0;  ///< bytes of payload
    std::string mac;
};

/// Looks an interface up. Fails, with one line for people, when it is absent, not Ethernet, or down and may not be.
tl::expected<KernelInterface, std::string> find_interface(const std::string& name, bool may_be_down = false);

/// The kernel's bridge that the interface is a port of; empty: none.
std::string bridge_of(const std::string& name);

/// Whether the interface of this index (its name may change) has a carrier, and exists.
LinkState link_state(int index);

/// Sets an interface's own flag (ip link set dev … up, or down): its peer loses the carrier, or has it again. False
/// when the kernel refuses; it may need CAP_NET_ADMIN.
bool set_interface_up(int index, bool up);

/// Stops the kernel from joining received TCP segments into longer ones (GRO, LRO), which no other port could send.
/// True when something was on.
bool stop_joining_segments(const std::string& name);

}  // namespace sluis
