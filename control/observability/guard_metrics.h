// What sluis-guard says of itself, as metrics: what becomes of each pair's frames, and how often the dataplane left it.
#pragma once

#include <optional>

#include "control/guard/guard_state.h"
#include "control/observability/metrics_text.h"

namespace sluis {

/// `state`: nothing where no sluis-guard ever was.
void write_guard_metrics(MetricsText& text, const std::optional<GuardState>& state);

}  // namespace sluis
