// The modes of all port pairs: what the keeper says goes to the workers, into the counters and to who asks. The pairs
// of a set are run alike.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/interface/command.pb.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/set_layout.h"
#include "dataplane/mode_keeper.h"
#include "dataplane/mode_switch.h"

namespace sluis {

/// For the main thread, but for the switches.
class PairModes {
public:
    /// REQUIRES: the counters outlive this.
    PairModes(const Config& config, CountersFile& counters);

    /// What the workers of a set look at.
    ModeSwitch& of(std::size_t set) noexcept { return *switches_[set]; }

    /// Nothing when it is on its way: then `settled` tells when every worker has taken it up.
    std::optional<command::Reply> set(const command::SetMode& wanted);
    /// What another text of the configuration says.
    void configure(const Config& config);
    bool settled() const noexcept;
    void describe(command::State& to) const;
    /// Ends what has an end. Call about once a second.
    void look();

private:
    /// The set that is called so, or has the pair that is.
    const SetLayout* find(const std::string& name) const;
    std::size_t set_of(std::size_t pair) const noexcept;
    /// How the pair is run: as the first one of its set, whatever was kept for each.
    const ModeState& state(std::size_t pair) const { return keeper_.state(sets_[set_of(pair)].pairs.front()); }
    void publish();

    CountersFile& counters_;
    ModeKeeper keeper_;
    std::vector<SetLayout> sets_;
    std::vector<std::unique_ptr<ModeSwitch>> switches_;  ///< as `sets_`
    std::vector<ModeState> published_;
    std::string said_;  ///< the trouble that was logged last
};

}  // namespace sluis
