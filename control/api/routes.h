// The table of routes.
#pragma once

#include <span>

#include "control/api/router.h"

namespace sluis {

std::span<const Route> api_routes();

}  // namespace sluis
