// One pair: whether its frames cross while no dataplane forwards, and what is said of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "control/guard/bypass.h"
#include "control/guard/guard_state.h"
#include "dataplane/interface/config.h"

namespace sluis {

class PairGuard {
public:
    PairGuard(std::string name, std::unique_ptr<Bypass> bypass);

    const GuardedPair& said() const noexcept { return said_; }
    Bypass& bypass() noexcept { return *bypass_; }
    /// Counts on from where an earlier process of this program was.
    void count_on_from(const GuardedPair& before) noexcept;

    /// No dataplane forwards, and none may begin to before this returns (PathLock). Brings the machine to what the
    /// policy says; called again, mends what was changed meanwhile. True when there is something new to say.
    bool stand_in(FailPolicy policy, PassageCause cause, std::int64_t now);
    /// A dataplane has the way, and has been well for a while, or has not (`is_settled`). True as above.
    bool stand_back(FailPolicy policy, bool is_settled, std::int64_t now);

private:
    bool say(Passage passage, PassageCause cause, std::string trouble, std::int64_t now);

    std::unique_ptr<Bypass> bypass_;
    GuardedPair said_;
    bool has_said_ = false;
};

}  // namespace sluis
