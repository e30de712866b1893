// sluis-control as a function, so that a test can run it by another clock.
#pragma once

#include "control/delivery/delivery.h"

namespace sluis {

/// All of the program. `time`: by which the policy is judged. Returns the exit status.
int run_control(int argc, char** argv, const PolicyTime& time);

}  // namespace sluis
