// The box as history is shown it: what the dataplane has counted, what is in force, and what is not as it should be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "control/api/api.pb.h"
#include "control/api/services.h"
#include "control/history/history_tracker.h"
#include "dataplane/interface/counters_file.h"

namespace sluis {

class BoxSampler {
public:
    explicit BoxSampler(std::string runtime_directory);

    /// `clock`: seconds since 1970-01-01 UTC. While it is not set, the policy's time holds.
    BoxSample look(const Services& services, const api::Status& status, std::int64_t clock);

private:
    void look_at_counters(BoxSample& sample);

    std::string runtime_directory_;
    std::string boot_;                      ///< what tells this boot of the machine from others
    std::optional<CountersView> counters_;  ///< kept open: what a dataplane counted last is read after its end, too
};

}  // namespace sluis
