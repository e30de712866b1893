// What sluis-control itself has to say in /metrics: its rules, alarms and requests.
#pragma once

#include "control/api/services.h"
#include "control/observability/metrics_text.h"

namespace sluis {

void write_control_metrics(MetricsText& text, const Services& services);

}  // namespace sluis
