// The modes of all port pairs: what the keeper says goes to the workers, into the counters and to who asks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/interface/command.pb.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/mode_keeper.h"
#include "dataplane/mode_switch.h"

namespace sluis {

/// For the main thread, but for the switches.
class PairModes {
public:
    /// REQUIRES: the counters outlive this.
    PairModes(const Config& config, CountersFile& counters);

    /// What the workers of a pair look at.
    ModeSwitch& of(std::size_t pair) noexcept { return *switches_[pair]; }

    /// Nothing when it is on its way: then `settled` tells when every worker has taken it up.
    std::optional<command::Reply> set(const command::SetMode& wanted);
    /// What another text of the configuration says.
    void configure(const Config& config);
    bool settled() const noexcept;
    void describe(command::State& state) const;
    /// Ends what has an end. Call about once a second.
    void look();

private:
    void publish();

    CountersFile& counters_;
    ModeKeeper keeper_;
    std::vector<std::unique_ptr<ModeSwitch>> switches_;
    std::vector<ModeState> published_;
    std::string said_;  ///< the trouble that was logged last
};

}  // namespace sluis
