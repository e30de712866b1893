// What /metrics says of the policy, and of its way to the dataplane. Zones and categories come from the policy and the
// rules; no label holds a name that is looked up, or a client.
#pragma once

#include "control/delivery/delivery.h"
#include "control/observability/metrics_text.h"

namespace sluis {

void write_policy_metrics(MetricsText& text, const DeliveryView& view);

}  // namespace sluis
