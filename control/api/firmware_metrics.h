// What /metrics says of the firmware: of each slot, whether the boot loader may start it, and alarms.
#pragma once

#include <vector>

#include "control/api/api.pb.h"
#include "control/observability/metrics_text.h"

namespace sluis {

/// What somebody should know of the slots: one on trial, or one that is no way back. Empty while one is written.
std::vector<api::Alarm> firmware_alarms(const api::Firmware& firmware);

void write_firmware_metrics(MetricsText& text, const api::Firmware& firmware);

}  // namespace sluis
