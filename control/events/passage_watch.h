// What sluis-guard did with pairs: what it says now against what it said before.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "control/guard/guard_state.h"

namespace sluis {

class PassageWatch {
public:
    using Tell = std::function<void(const GuardedPair& before, const GuardedPair& after)>;
    /// Tells each change, also one that was over before this look: a dataplane is back within a second. Of several such
    /// the last one; `failures` has their number. A pair that was not seen before is only remembered.
    void see(const std::vector<GuardedPair>& pairs, const Tell& tell);

private:
    std::map<std::string, GuardedPair> known_;  ///< by the pair's name; a configuration has 64 at the most
};

/// The member `audit` of a change's event.
nlohmann::ordered_json describe_passage_change(const GuardedPair& before, const GuardedPair& after);

}  // namespace sluis
