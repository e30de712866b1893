#include "dataplane/port/port.h"

#include "dataplane/port/ethdev_port.h"
#include "dataplane/port/packet_socket_port.h"

namespace sluis {

tl::expected<std::unique_ptr<Port>, std::string> open_port(const DeviceName& device, const PortRequest& request) {
    if (device.driven_by("net_af_packet") || device.driven_by("eth_af_packet"))
        return open_packet_socket_port(device, request);
    return open_ethdev_port(device, request);
}

}  // namespace sluis
