// Which port pairs changed their mode, and why: what the status says now against what it said before.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "control/api/api.pb.h"

namespace sluis {

class ModeWatch {
public:
    using Tell = std::function<void(const api::PairMode& before, const api::PairMode& after)>;
    /// Tells each pair whose mode, or its cause, is another than at the last look, but not what a command did: who
    /// commands is on record already. A pair that was not seen before is only remembered.
    void see(const std::vector<api::PairMode>& modes, const Tell& tell);

private:
    std::map<std::string, api::PairMode> known_;  ///< by the pair's name; a configuration has 64 at the most
};

/// The member `audit` of a change's event.
nlohmann::ordered_json describe_mode_change(const api::PairMode& before, const api::PairMode& after);

}  // namespace sluis
