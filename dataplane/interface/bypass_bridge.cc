#include "dataplane/interface/bypass_bridge.h"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "dataplane/interface/device_name.h"

namespace sluis {
namespace {

constexpr std::string_view kPrefix = "sluisbr";

/// By the index, which no other interface has, and which fits a name whatever the port's own is.
std::string bridge_name(int inside) { return std::string(kPrefix) + std::to_string(inside); }

std::string name_of(int index) {
    std::array<char, IF_NAMESIZE> name{};
    return ::if_indextoname(static_cast<unsigned>(index), name.data()) == nullptr ? "" : name.data();
}

bool is_ours(int master) { return master != 0 && is_bypass_bridge(name_of(master)); }

/// The one interface below a PCI device; of several ports of one device none is known.
std::optional<std::string> interface_below(const std::string& address) {
    std::error_code none;
    std::optional<std::string> found;
    const std::filesystem::directory_iterator folder("/sys/bus/pci/devices/" + address + "/net", none);
    for (const auto& entry : folder) {
        if (found) return std::nullopt;
        found = entry.path().filename().string();
    }
    return found;
}

}  // namespace

bool is_bypass_bridge(std::string_view name) noexcept {
    if (!name.starts_with(kPrefix)) return false;
    const std::string_view index = name.substr(kPrefix.size());
    return !index.empty() && std::all_of(index.begin(), index.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::string> kernel_interface_of(const std::string& port) {
    const auto device = parse_device_name(port);
    if (!device) return std::nullopt;
    if (device->kind == DeviceKind::pci) return interface_below(device->name);
    if (!device->driven_by("net_af_packet") && !device->driven_by("eth_af_packet")) return std::nullopt;
    return device->argument("iface");
}

std::optional<BypassBridge> BypassBridge::of(const PairConfig& pair) {
    auto inside = kernel_interface_of(pair.inside), outside = kernel_interface_of(pair.outside);
    if (!inside || !outside) return std::nullopt;
    return BypassBridge(std::move(*inside), std::move(*outside));
}

tl::expected<BypassBridge::Ports, std::string> BypassBridge::look(RouteSocket& kernel) const {
    const auto inside = kernel.find(inside_), outside = kernel.find(outside_);
    if (!inside || !outside)
        return tl::unexpected("there is no interface " + (inside ? outside_ : inside_) + " that could be bridged");
    return Ports{*inside, *outside, bridge_name(inside->index)};
}

/// Whether no bridge of somebody else has one of the ports.
BypassBridge::Status BypassBridge::check_free(const Ports& ports) {
    for (const KernelLink* port : {&ports.inside, &ports.outside})
        if (port->master != 0 && !is_ours(port->master))
            return tl::unexpected("interface " + name_of(port->index) + " is a port of " + name_of(port->master) +
                                  " already; take it out of there: ip link set dev " + name_of(port->index) +
                                  " nomaster");
    return {};
}

BypassBridge::State BypassBridge::state(RouteSocket& kernel) const {
    const auto ports = look(kernel);
    if (!ports || ports->inside.master == 0 || ports->inside.master != ports->outside.master) return State::parted;
    if (!ports->inside.up || !ports->outside.up) return State::parted;
    const auto bridge = kernel.find(ports->inside.master);
    return bridge && bridge->up && is_ours(bridge->index) ? State::joined : State::parted;
}

BypassBridge::Status BypassBridge::try_out(RouteSocket& kernel) const {
    const auto ports = look(kernel);
    if (!ports) return tl::unexpected(ports.error());
    if (const auto free = check_free(*ports); !free) return free;
    if (kernel.find(ports->bridge)) return {};
    return kernel.make_bridge(ports->bridge).map([&] { remove(kernel); });
}

BypassBridge::Status BypassBridge::join(RouteSocket& kernel) const {
    const auto ports = look(kernel);
    if (!ports) return tl::unexpected(ports.error());
    if (const auto free = check_free(*ports); !free) return free;
    if (const auto made = kernel.make_bridge(ports->bridge); !made) return made;
    const auto bridge = kernel.find(ports->bridge);
    if (!bridge || !bridge->is_bridge)
        return tl::unexpected(ports->bridge + " is there, and is no bridge; give that interface another name");
    kernel.keep_silent(bridge->index);
    for (const KernelLink* port : {&ports->inside, &ports->outside}) {
        if (port->master != bridge->index)
            if (const auto joined = kernel.set_master(port->index, bridge->index); !joined) return joined;
        if (const auto open = kernel.make_port_transparent(port->index); !open) return open;
        // A dataplane that has one port follow the other's link may have been killed while it held this one down.
        if (!port->up)
            if (const auto up = kernel.set_up(port->index); !up) return up;
    }
    return kernel.set_up(bridge->index);
}

BypassBridge::Status BypassBridge::part(RouteSocket& kernel) const {
    const auto ports = look(kernel);
    if (!ports) return {};  // what is not there joins nothing
    for (const KernelLink* port : {&ports->inside, &ports->outside})
        if (is_ours(port->master))
            if (const auto parted = kernel.set_master(port->index, 0); !parted) return parted;
    return {};
}

void BypassBridge::remove(RouteSocket& kernel) const {
    const auto ports = look(kernel);
    if (!ports) return;
    const auto bridge = kernel.find(ports->bridge);
    if (!bridge || ports->inside.master == bridge->index || ports->outside.master == bridge->index) return;
    [[maybe_unused]] const auto removed = kernel.remove(bridge->index);
}

tl::expected<void, std::string> part_from_bypass(const Config& config) {
    std::optional<RouteSocket> kernel;
    for (const PairConfig& pair : config.pairs) {
        const auto bridge = BypassBridge::of(pair);
        if (!bridge) continue;
        if (!kernel) {
            auto opened = RouteSocket::open();
            if (!opened) return tl::unexpected(opened.error());
            kernel = std::move(*opened);
        }
        if (const auto parted = bridge->part(*kernel); !parted)
            return tl::unexpected("pair " + pair.name + ": " + parted.error());
    }
    return {};
}

}  // namespace sluis
