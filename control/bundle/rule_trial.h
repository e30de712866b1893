// The trial of a bundle's rules: compile them, load the result, and see whether it does what is promised.
#pragma once

#include "control/bundle/trial.pb.h"

namespace sluis {

/// Runs in sluis-rule-trial, under its limits; takes whatever memory and time the rules take. The reply has code 0 and
/// the compiled set, or a code of the 800s or 900s and one line for people.
wire::TrialReply try_rules(const wire::TrialRequest& request);

}  // namespace sluis
