// The store's state as the audit record and the record of probations have it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "control/bundle/store_state.pb.h"
#include "control/probation/health.h"
#include "control/probation/probation_record.h"

namespace sluis {

nlohmann::ordered_json audit_state(const wire::StoreState& state);

/// How the probation of `before`'s current bundle ended, now.
EndedProbation ended_probation(const wire::StoreState& before, const HealthFinding& how);

}  // namespace sluis
