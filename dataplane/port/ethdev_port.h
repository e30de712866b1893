// A port that DPDK drives.
#pragma once

#include "dataplane/port/port.h"

namespace sluis {

tl::expected<std::unique_ptr<Port>, std::string> open_ethdev_port(const DeviceName& device, const PortRequest& request);

}  // namespace sluis
