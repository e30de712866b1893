// What is read and tested before the first port is opened; --check does this much and no more.
#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "dataplane/generation.h"
#include "dataplane/interface/config.h"

namespace sluis {

/// The rules in force, and what is done with them.
struct Rules {
    std::shared_ptr<const RuleSet> set;
    PipelinePolicy policy;
    std::shared_ptr<const ZoneImage> zones;  ///< empty: `policy` holds for everybody
};

/// Loads the set that lies on disk, and the zone table where there is one that goes with it; one that does not is
/// logged, and left: a box forwards with the policy of its configuration rather than not at all. The policy borrows
/// from `config`, which has to outlive it.
tl::expected<Rules, std::string> load_rules(const Config& config);

/// Whether the ports are there, as far as can be told without opening them, memory for all that is kept and for frames,
/// and a place for the runtime directory. `running`: what this process runs by, whose memory is free again by the start
/// that is meant; null before the start.
tl::expected<void, std::string> check_machine(const Config& config, const Config* running = nullptr);

/// What would be done, in a few lines for people; and, each behind "but", what may yet hinder a start: a dataplane that
/// runs already, what this user may not do, what DPDK alone can tell.
std::string describe(const Config& config, const Rules& rules);

}  // namespace sluis
