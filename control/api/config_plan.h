// What another text of the configuration file would change: for whom, and whether frames are lost by it.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "control/api/api.pb.h"
#include "control/api/control_config.h"
#include "control/api/problem.h"

namespace sluis {

/// Checks the text as both programs do at their start, and compares it with what they run by: sluis-control by
/// `running`, sluis-dataplane by what it says itself, where it answers within `seconds`. A text that is wrong is a
/// problem with status 422, whose field is the key.
tl::expected<api::ConfigPlan, Problem> plan_configuration(const std::string& text, const std::string& path,
                                                          const ControlConfig& running, int seconds);

/// Whether sluis-control has to start again to run by `next`.
bool changes_control(const ControlConfig& running, const ControlConfig& next);

}  // namespace sluis
