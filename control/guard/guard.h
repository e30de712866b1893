// Who notices that no dataplane forwards, and has frames cross or not, as each pair's policy says. It needs no other
// program to be alive, and keeps nothing that the kernel does not know: killed at any moment, the next one goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "control/guard/dataplane_watch.h"
#include "control/guard/guard_state.h"
#include "control/guard/liveness.h"
#include "control/guard/pair_guard.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/service_manager.h"

namespace sluis {

class Guard {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// `board_method`: see board_bypass().
    static tl::expected<Guard, std::string> make(Config config, std::string board_method);

    /// One look, and what follows from it. For every kLookEvery, and at once when `process` ends.
    static constexpr std::chrono::milliseconds kLookEvery{10};
    void look(Time now);
    int process() const noexcept { return watch_.process(); }
    /// No look follows.
    void leave();

    /// What would become of one pair without a dataplane.
    struct Outlook {
        std::string text;        ///< one line
        bool is_as_policy_says;  ///< or frames would cross, or not, against what on_failure says
    };
    std::vector<Outlook> describe();
    /// The service manager's line.
    std::string summary() const;

private:
    Guard(Config config, DataplaneWatch watch, std::string board_method);
    void make_pairs();
    void look_at_files();
    void end_hung_process();
    void stand_in(bool without_lock);
    void stand_back(bool settled);
    bool is_settled(DataplaneState state, Time now);
    FailPolicy policy(std::size_t pair, std::int64_t now) const;
    void tell(const GuardedPair& said);
    void write_state();

    Config config_;
    std::string board_method_;
    DataplaneWatch watch_;
    Liveness liveness_;
    std::vector<PairGuard> pairs_;  ///< as config_.pairs
    GuardState state_;
    std::optional<DataplaneState> seen_;
    std::optional<Time> well_since_;  ///< the dataplane, without a break
    PassageCause cause_ = PassageCause::absent;
    Time next_files_{};
    bool due_ = true;  ///< pairs are to be looked at, whether something happened or not
    std::string config_mark_, said_trouble_;
};

}  // namespace sluis
