// Traces, as the main thread begins and ends them: one at a time, bounded in frames, bytes and time. Workers take one
// up, and let go of it, between two bursts; its memory goes when the last worker has (RCU).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/command_server.h"
#include "dataplane/generation_exchange.h"
#include "dataplane/interface/trace_file.h"
#include "dataplane/trace/frame_tracer.h"

namespace sluis {

class Worker;

/// Where a worker looks for its part of a trace at each burst; nullptr: there is none.
using TraceSlot = std::atomic<FrameTracer*>;

class Tracing final : public TraceHandler {
public:
    Tracing(std::vector<std::string> pair_of_worker, GenerationExchange& generations)
        : pair_of_worker_(std::move(pair_of_worker)), generations_(generations) {}

    const TraceSlot& slot(std::size_t worker) const noexcept { return slots_[worker]; }
    /// What the workers work with, in their order. REQUIRES: it outlives this.
    void use(const std::vector<std::unique_ptr<Worker>>& workers);

    TraceAnswer begin_trace(const command::Trace& wanted, Time now) override;
    void stop_trace() override;
    bool is_tracing() const override { return trace_ != nullptr; }
    void advance(Time now) override;

private:
    struct Trace {
        explicit Trace(TraceFile made) : file(std::move(made)) {}
        TraceFile file;
        TraceOrder order;
        std::vector<std::unique_ptr<FrameTracer>> tracers;
        Time deadline{};
        TraceEnd end = TraceEnd::running;
        std::uint64_t token = 0;  ///< of the grace period after the end
    };
    void end(TraceEnd why);

    std::vector<std::string> pair_of_worker_;
    GenerationExchange& generations_;
    std::vector<Worker*> workers_;
    std::unique_ptr<Trace> trace_;
    std::array<TraceSlot, kMaxCountersBlocks> slots_{};
};

}  // namespace sluis
