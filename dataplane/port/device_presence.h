// Whether a device is there at all, before anything is opened.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "dataplane/interface/device_name.h"

namespace sluis {

/// Fails, with one line for people, when the device or the file that it reads is seen to be missing or unfit: a PCI
/// address, an interface of the kernel, a capture. Of other devices nothing can be told before they are made. Needs no
/// privilege and changes nothing. `may_be_down`: an interface may, since the box governs that.
tl::expected<void, std::string> check_presence(const DeviceName& device, bool may_be_down = false);

/// Why the EAL has no such PCI device, and what to do.
std::string absent_pci(const std::string& address);

}  // namespace sluis
