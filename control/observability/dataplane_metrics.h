// The dataplane's counts as metrics. No label holds a domain or an address: their values come from the configuration
// (pairs) and from lists in the sources (reasons, protocols).
#pragma once

#include "control/observability/metrics_text.h"
#include "control/observability/observatory.h"
#include "dataplane/interface/config.h"

namespace sluis {

/// `config`: what the sizes of tables and pools are taken from.
void write_dataplane_metrics(MetricsText& text, const Observatory& observatory, const Config& config,
                             Observatory::Clock::time_point now);

}  // namespace sluis
