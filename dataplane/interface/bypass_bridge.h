// The kernel's bridge that joins a pair's ports while no dataplane forwards: sluis-guard makes it, and a dataplane
// takes its ports out of it before they receive, whether sluis-guard is there or not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "dataplane/interface/config.h"
#include "dataplane/interface/route_socket.h"

namespace sluis {

/// The interface of the kernel that a port is: by a packet socket, or a PCI device whose driver is the kernel's.
/// Nothing where the kernel has none, as with vfio.
std::optional<std::string> kernel_interface_of(const std::string& port);

/// Whether an interface of this name is such a bridge.
bool is_bypass_bridge(std::string_view name) noexcept;

class BypassBridge {
public:
    using Status = tl::expected<void, std::string>;
    enum class State { parted, joined };

    /// Nothing when one of the ports is no interface of the kernel.
    static std::optional<BypassBridge> of(const PairConfig& pair);

    /// As the kernel has it now. `joined`: both ports are in a bridge of ours, and all three are up.
    State state(RouteSocket& kernel) const;
    /// Whether the kernel makes such a bridge; leaves nothing.
    Status try_out(RouteSocket& kernel) const;
    /// Frames cross when this returns without an error; what was half done by somebody who was killed is finished.
    /// Fails where a port is in somebody else's bridge, which stays as it is.
    Status join(RouteSocket& kernel) const;
    /// No frame crosses by our bridge when this returns without an error. The bridge itself stays, without ports.
    Status part(RouteSocket& kernel) const;
    /// Takes away a bridge without ports.
    void remove(RouteSocket& kernel) const;

private:
    BypassBridge(std::string inside, std::string outside) : inside_(std::move(inside)), outside_(std::move(outside)) {}
    struct Ports {
        KernelLink inside, outside;
        std::string bridge;  ///< its name, whether it is there or not
    };
    tl::expected<Ports, std::string> look(RouteSocket& kernel) const;
    static Status check_free(const Ports& ports);

    std::string inside_, outside_;
};

/// Parts all pairs of a configuration from bridges that were made for them. The error is one line.
tl::expected<void, std::string> part_from_bypass(const Config& config);

}  // namespace sluis
