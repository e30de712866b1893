#include "dataplane/port/device_presence.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <ios>
#include <string_view>
#include <vector>

#include "dataplane/interface/edit_distance.h"
#include "dataplane/port/kernel_interface.h"

namespace sluis {
namespace {

using Status = tl::expected<void, std::string>;

std::string pci_path(const std::string& address) { return "/sys/bus/pci/devices/" + address; }

Status check_interface(const DeviceName& device, std::string_view key, bool may_be_down = false) {
    const auto name = device.argument(key);
    if (!name) return {};
    if (const auto found = find_interface(*name, may_be_down); !found)
        return tl::unexpected(device.text() + ": " + found.error());
    return {};
}

Status check_readable(const DeviceName& device, std::string_view key) {
    const auto path = device.argument(key);
    if (!path || ::access(path->c_str(), R_OK) == 0) return {};
    return tl::unexpected(device.text() + ": cannot read " + *path + ": " + std::strerror(errno) +
                          "; name a file that exists");
}

/// The kernel's driver of a PCI device; empty: none.
std::string pci_driver(const std::string& address) {
    std::array<char, 256> link{};
    const ssize_t length = ::readlink((pci_path(address) + "/driver").c_str(), link.data(), link.size() - 1);
    return length > 0 ? std::string(std::strrchr(link.data(), '/') + 1) : "";
}

std::string how_to_bind(const std::string& address) { return "dpdk-devbind.py --bind=vfio-pci " + address; }

/// Drivers that hand a device to a process, and those whose devices DPDK shares with the kernel.
bool leaves_room_for_dpdk(const std::string& driver) {
    constexpr std::array<std::string_view, 6> kKnown{"igb_uio",   "uio_pci_generic", "uio_hv_generic",
                                                     "mlx4_core", "mlx5_core",       "mana"};
    return driver.empty() || driver.rfind("vfio", 0) == 0 ||
           std::find(kKnown.begin(), kKnown.end(), driver) != kKnown.end();
}

/// PCI's base class of network controllers.
constexpr std::uint32_t kNetworkClass = 0x02;

Status check_pci(const std::string& address) {
    if (::access(pci_path(address).c_str(), F_OK) != 0) return tl::unexpected(absent_pci(address));
    std::uint32_t code = 0;  // base class, subclass, programming interface
    if (std::ifstream(pci_path(address) + "/class") >> std::hex >> code && code >> 16 != kNetworkClass)
        return tl::unexpected("PCI device " + address +
                              " is no network device; lspci -D (package pciutils) lists them");
    if (const std::string driver = pci_driver(address); !leaves_room_for_dpdk(driver))
        return tl::unexpected("PCI device " + address + " is the kernel's, by its driver " + driver +
                              "; take it from there by " + how_to_bind(address));
    return {};
}

/// The names of virtual devices' drivers, which DPDK loads only when it starts. A device is called by one, with
/// anything behind it; "eth_" is the older form of "net_".
constexpr std::array<std::string_view, 18> kVirtualDrivers{
    "net_af_packet", "net_af_xdp", "net_bonding", "net_bond",        "net_failsafe", "net_kni",
    "net_memif",     "net_mvneta", "net_mvpp2",   "net_null",        "net_pcap",     "net_ring",
    "net_softnic",   "net_tap",    "net_tun",     "net_vdev_netvsc", "net_vhost",    "net_virtio_user"};

Status check_virtual(const DeviceName& device) {
    const std::string name = "net_" + device.name.substr(4);
    const auto drives = [&](std::string_view driver) { return name.rfind(driver, 0) == 0; };
    if (std::any_of(kVirtualDrivers.begin(), kVirtualDrivers.end(), drives)) return {};
    const std::vector<std::string_view> known(kVirtualDrivers.begin(), kVirtualDrivers.end());
    const std::string word = name.substr(0, name.find_last_not_of("0123456789") + 1);
    return tl::unexpected(device.text() + ": DPDK has no virtual device \"" + word + "\"" + hint(word, known));
}

}  // namespace

Status check_presence(const DeviceName& device, bool may_be_down) {
    if (device.kind == DeviceKind::pci) return check_pci(device.name);
    if (device.kind == DeviceKind::vdev)
        if (const Status known = check_virtual(device); !known) return known;
    if (device.driven_by("net_af_packet") || device.driven_by("eth_af_packet")) {
        if (!device.argument("iface"))
            return tl::unexpected(device.text() + ": names no interface; write " + device.name + ",iface=NAME");
        return check_interface(device, "iface", may_be_down);
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
    if (::access(pci_path(address).c_str(), F_OK) != 0)
        return "there is no PCI device " + address + "; lspci -D (package pciutils) lists them";
    const std::string driver = pci_driver(address);
    return "PCI device " + address + " is bound to " + (driver.empty() ? "no driver" : driver) +
           ", and no DPDK driver took it; bind it by " + how_to_bind(address) +
           ", and see that this user may open /dev/vfio";
}

}  // namespace sluis
