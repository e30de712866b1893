// What /metrics says of events: how many there were, and how many got where.
#pragma once

#include "control/api/services.h"
#include "control/observability/metrics_text.h"

namespace sluis {

void write_event_metrics(MetricsText& text, const Services& services);

}  // namespace sluis
