// What is asked for over the command socket: rules and zones to judge frames by, another mode of a pair, another
// configuration. Checked, loaded and put in place by the main thread, taken up by every worker between two bursts.
#pragma once

#include <chrono>
#include <memory>

#include "dataplane/command_server.h"
#include "dataplane/generation_exchange.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/pair_modes.h"

namespace sluis {

class HandOver final : public CommandHandler {
public:
    /// How long an offer's answer waits for workers to take it up. They take milliseconds.
    static constexpr std::chrono::seconds kSwapTime{2};

    /// REQUIRES: all of it outlives this.
    HandOver(const Config& config, GenerationExchange& generations, CountersFile& counters, PairModes& modes)
        : config_(std::shared_ptr<void>(), &config), generations_(generations), counters_(counters), modes_(modes) {}

    command::State state() override;
    std::optional<command::Reply> offer(const command::Offer& offer, std::vector<FileDescriptor> descriptors) override;
    std::optional<command::Reply> set_mode(const command::SetMode& wanted) override;
    std::optional<command::Reply> configure(const command::Configure& request, FileDescriptor text) override;
    command::Reply end() override;
    std::optional<command::Reply> outcome() override;
    /// Whether somebody asked for the process's end.
    bool is_ending() const { return ending_; }
    /// Frees what no worker uses any more, whoever waits for it. Call now and then.
    void settle();

private:
    command::Reply ok();
    std::optional<command::Reply> put_in_place(Generation::Parts parts);
    std::optional<command::Reply> take_up(std::shared_ptr<const Config> next, bool judges_otherwise);

    std::shared_ptr<const Config> config_;  ///< what the process runs by
    GenerationExchange& generations_;
    CountersFile& counters_;
    PairModes& modes_;
    bool ending_ = false;
    const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point swapped_{};
    bool named_ = true;  ///< the counters name the generation in force
};

}  // namespace sluis
