// What is offered over the command socket becomes what frames are judged by: checked, loaded and put in place by the
// main thread, taken up by every worker between two bursts.
#pragma once

#include <chrono>

#include "dataplane/command_server.h"
#include "dataplane/generation_exchange.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/counters_file.h"

namespace sluis {

class HandOver final : public CommandHandler {
public:
    /// How long an offer's answer waits for workers to take it up. They take milliseconds.
    static constexpr std::chrono::seconds kSwapTime{2};

    /// REQUIRES: all of it outlives this.
    HandOver(const Config& config, GenerationExchange& generations, CountersFile& counters)
        : config_(config), generations_(generations), counters_(counters) {}

    command::State state() override;
    std::optional<command::Reply> offer(const command::Offer& offer, std::vector<FileDescriptor> descriptors) override;
    std::optional<command::Reply> outcome() override;
    /// Frees what no worker uses any more, whoever waits for it. Call now and then.
    void settle();

private:
    command::Reply ok();

    const Config& config_;
    GenerationExchange& generations_;
    CountersFile& counters_;
    const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point swapped_{};
    bool named_ = true;  ///< the counters name the generation in force
};

}  // namespace sluis
