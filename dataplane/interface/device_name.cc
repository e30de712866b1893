#include "dataplane/interface/device_name.h"

#include <regex>

namespace sluis {
namespace {

constexpr const char* kForms =
    "write a PCI address (0000:01:00.0), a vdev with its arguments (net_af_packet0,iface=eth1) or dpni.N";

bool well_formed_arguments(const std::string& arguments) {
    static const std::regex form("[A-Za-z0-9_-]+=[^,]*(,[A-Za-z0-9_-]+=[^,]*)*");
    return arguments.empty() || std::regex_match(arguments, form);
}

std::optional<DeviceKind> kind_of(const std::string& name) {
    static const std::regex pci("([0-9A-Fa-f]{4,8}:)?[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\\.[0-7]");
    static const std::regex vdev("(net|eth)_[a-z0-9_]+");
    static const std::regex bus("(fslmc:)?dpni\\.[0-9]+");
    if (std::regex_match(name, pci)) return DeviceKind::pci;
    if (std::regex_match(name, vdev)) return DeviceKind::vdev;
    if (std::regex_match(name, bus)) return DeviceKind::bus;
    return std::nullopt;
}

}  // namespace

std::optional<std::string> DeviceName::argument(std::string_view key) const {
    std::string_view rest = arguments;
    while (!rest.empty()) {
        const std::string_view item = rest.substr(0, rest.find(','));
        rest.remove_prefix(item.size() < rest.size() ? item.size() + 1 : item.size());
        const std::size_t equals = item.find('=');
        if (item.substr(0, equals) == key) return std::string(item.substr(equals + 1));
    }
    return std::nullopt;
}

bool DeviceName::driven_by(std::string_view driver) const noexcept {
    const std::string_view all = name;
    return kind == DeviceKind::vdev && all.substr(0, driver.size()) == driver &&
           all.find_first_not_of("0123456789", driver.size()) == std::string_view::npos;
}

tl::expected<DeviceName, std::string> parse_device_name(std::string_view text) {
    const std::size_t comma = text.find(',');
    DeviceName device;
    device.name = text.substr(0, comma);
    if (comma != std::string_view::npos) device.arguments = text.substr(comma + 1);
    const std::optional<DeviceKind> kind = kind_of(device.name);
    if (!kind) return tl::unexpected("\"" + device.name + "\" is no device name; " + kForms);
    if (!well_formed_arguments(device.arguments) || text.back() == ',')
        return tl::unexpected("\"" + device.arguments + "\" are no device arguments; write key=value,key=value");
    device.kind = *kind;
    constexpr std::size_t kShortAddress = 7;  // bus:device.function, without a domain
    if (*kind == DeviceKind::pci && device.name.size() == kShortAddress) device.name.insert(0, "0000:");
    return device;
}

}  // namespace sluis
