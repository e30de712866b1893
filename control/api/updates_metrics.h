// How pulling goes, as metrics. Mirrors are told apart by their index in the configuration, never by their names.
#pragma once

#include "control/observability/metrics_text.h"

namespace sluis {

struct UpdatesView;

/// Nothing when updates are off.
void write_updates_metrics(MetricsText& text, const UpdatesView& view);

}  // namespace sluis
