#include "dataplane/port/device_presence.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "dataplane/port/kernel_interface.h"

namespace sluis {
namespace {

using Status = tl::expected<void, std::string>;

std::string pci_path(const std::string& address) { return "/sys/bus/pci/devices/" + address; }

Status check_interface(const DeviceName& device, std::string_view key) {
    const auto name = device.argument(key);
    if (!name) return {};
    if (const auto found = find_interface(*name); !found) return tl::unexpected(device.text() + ": " + found.error());
    return {};
}

Status check_readable(const DeviceName& device, std::string_view key) {
    const auto path = device.argument(key);
    if (!path || ::access(path->c_str(), R_OK) == 0) return {};
    return tl::unexpected(device.text() + ": cannot read " + *path + ": " + std::strerror(errno) +
                          "; name a file that exists");
}

}  // namespace

Status check_presence(const DeviceName& device) {
    if (device.kind == DeviceKind::pci && ::access(pci_path(device.name).c_str(), F_OK) != 0)
        return tl::unexpected(absent_pci(device.name));
    if (device.driven_by("net_af_packet") || device.driven_by("eth_af_packet")) {
        if (!device.argument("iface"))
            return tl::unexpected(device.text() + ": names no interface; write " + device.name + ",iface=NAME");
        return check_interface(device, "iface");
    }
    if (device.driven_by("net_af_xdp")) return check_interface(device, "iface");
    // A capture's driver may be called by any suffix: net_pcap_inside.
    if (device.name.rfind("net_pcap", 0) == 0)
        return check_readable(device, "rx_pcap")
            .and_then([&] { return check_interface(device, "rx_iface"); })
            .and_then([&] { return check_interface(device, "iface"); });
    return {};
}

std::string absent_pci(const std::string& address) {
    const std::string path = pci_path(address);
    if (::access(path.c_str(), F_OK) != 0) return "there is no PCI device " + address + "; see lspci -D";
    std::array<char, 256> driver{};
    const ssize_t length = ::readlink((path + "/driver").c_str(), driver.data(), driver.size() - 1);
    const std::string bound = length > 0 ? std::string(std::strrchr(driver.data(), '/') + 1) : "no driver";
    return "PCI device " + address + " is bound to " + bound +
           ", and no DPDK driver took it; bind it by dpdk-devbind.py --bind=vfio-pci " + address +
           ", and see that this user may open /dev/vfio";
}

}  // namespace sluis
