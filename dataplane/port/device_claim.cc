#include "dataplane/port/device_claim.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

#include "dataplane/interface/device_name.h"

namespace sluis {
namespace {

constexpr std::string_view kPrefix = "sluis-dataplane/";

/// The interface or PCI address that a port takes for itself.
std::optional<std::string> device_of(const DeviceName& port) {
    if (port.kind == DeviceKind::pci) return port.name;
    if (port.kind != DeviceKind::vdev) return std::nullopt;
    return port.argument("iface");
}

}  // namespace

tl::expected<DeviceClaim, std::string> DeviceClaim::take(const Config& config) {
    DeviceClaim claim;
    for (const PairConfig& pair : config.pairs)
        for (const std::string& port : {pair.inside, pair.outside}) {
            const auto device = device_of(*parse_device_name(port));
            if (!device) continue;
            if (const auto added = claim.add(*device); !added)
                return tl::unexpected("pair " + pair.name + ": " + added.error());
        }
    return claim;
}

tl::expected<void, std::string> DeviceClaim::add(const std::string& device) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = std::string(kPrefix) + device;  // behind a zero byte, which makes it abstract
    const std::size_t length = name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return tl::unexpected("cannot claim " + device + ": " + std::strerror(errno));
    sockets_.push_back(socket);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0) return {};
    if (errno == EADDRINUSE)
        return tl::unexpected(device +
                              " is a port of another sluis-dataplane already; stop that one first (ss -xap | grep " +
                              std::string(kPrefix) + " tells its pid)");
    return tl::unexpected("cannot claim " + device + ": " + std::strerror(errno));
}

DeviceClaim::~DeviceClaim() {
    for (const int socket : sockets_) ::close(socket);
}

}  // namespace sluis
