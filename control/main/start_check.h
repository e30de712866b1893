// What a start of sluis-control would fail on, found without changing anything.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "control/api/control_config.h"

namespace sluis {

/// Groups, the runtime directory, the store, addresses and certificates. What another sluis-control holds is no error:
/// it may be the one whose next configuration this is. The error is one line.
tl::expected<void, std::string> check_start(const ControlConfig& config);

}  // namespace sluis
