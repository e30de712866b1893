// One dataplane a device: what keeps two of them, each with a runtime directory of its own, from bridging the same
// port.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/config.h"

namespace sluis {

/// Holds an abstract Unix socket name for each kernel interface and PCI address of a configuration. Such names belong
/// to a network namespace, as interfaces do, and go with the process, however that ends.
class DeviceClaim {
public:
    /// Fails, with one line for people, when another process holds one. Ports that are neither are not claimed.
    static tl::expected<DeviceClaim, std::string> take(const Config& config);
    DeviceClaim(DeviceClaim&& other) noexcept = default;
    DeviceClaim& operator=(DeviceClaim&&) = delete;
    ~DeviceClaim();

private:
    DeviceClaim() = default;
    tl::expected<void, std::string> add(const std::string& device);
    std::vector<int> sockets_;
};

}  // namespace sluis
