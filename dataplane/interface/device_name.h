// What a port is called: a PCI address, a virtual device ("vdev") with its arguments, or a device of another bus.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace sluis {

enum class DeviceKind { pci, vdev, bus };

/// One DPDK device argument string ("devargs"), taken apart.
struct DeviceName {
    DeviceKind kind = DeviceKind::vdev;
    std::string name;       ///< "0000:01:00.0" (always with its domain), "net_af_packet0", "dpni.1"
    std::string arguments;  ///< what follows the first comma, as it is

    /// The value of an argument: "eth1" for "iface" in "iface=eth1,qpairs=1"; nothing when it is absent.
    std::optional<std::string> argument(std::string_view key) const;
    /// Whether the device is made by this driver: "net_af_packet0" by "net_af_packet".
    bool driven_by(std::string_view driver) const noexcept;
    /// As the EAL reads it.
    std::string text() const { return arguments.empty() ? name : name + "," + arguments; }
};

/// Takes a name apart. Looks at the syntax alone; the error says what a name looks like.
tl::expected<DeviceName, std::string> parse_device_name(std::string_view text);

}  // namespace sluis
