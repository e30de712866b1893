#include "dataplane/tracing.h"

#include <algorithm>

#include "dataplane/port/log.h"
#include "dataplane/trace_command.h"
#include "dataplane/worker.h"

namespace sluis {
namespace {

/// Beside the frame itself: its record, an event, and what the box answers.
constexpr std::uint64_t kBeside = 2 * sizeof(TraceRecord) + sizeof(Event) + 256;
/// A lane has room for some frames with much beside them.
constexpr std::uint64_t kLaneLeast = 65536;

TraceHandler::TraceAnswer refusal(command::Code code, std::string message) {
    TraceHandler::TraceAnswer answer;
    answer.reply.set_code(code);
    answer.reply.set_message(std::move(message));
    return answer;
}

std::uint64_t lane_size(const command::Trace& wanted, std::size_t lanes) {
    const std::uint64_t size = wanted.frames() * (kBeside + 2 * std::uint64_t{wanted.snap()}) + kLaneLeast;
    return std::min(size, kTraceMemoryLimit / lanes) & ~std::uint64_t{63};
}

}  // namespace

void Tracing::use(const std::vector<std::unique_ptr<Worker>>& workers) {
    workers_.clear();
    for (const auto& worker : workers) workers_.push_back(worker.get());
}

TraceHandler::TraceAnswer Tracing::begin_trace(const command::Trace& wanted, Time now) {
    advance(now);
    if (trace_ != nullptr) return refusal(command::BUSY, "another trace is on; try again when it has ended");
    const auto filter = read_trace_filter(wanted);
    if (!filter || !is_bounded(wanted))
        return refusal(command::MALFORMED, "the trace's filter or bounds are none; use the sluisctl that came with it");
    const auto& pairs = pair_of_worker_;
    if (!wanted.pair().empty() && std::find(pairs.begin(), pairs.end(), wanted.pair()) == pairs.end())
        return refusal(command::MALFORMED, "there is no pair of that name; sluisctl dataplane state lists them");
    auto file = TraceFile::create(pairs, lane_size(wanted, pairs.size()), wanted.snap());
    if (!file) return refusal(command::NO_MEMORY, file.error());
    trace_ = std::make_unique<Trace>(std::move(*file));
    Trace& trace = *trace_;
    trace.order.filter = *filter;
    trace.order.snap = wanted.snap();
    trace.order.payload = wanted.payload();
    trace.order.frames = wanted.frames();
    trace.deadline = now + std::chrono::seconds(wanted.seconds());
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        Worker& worker = *workers_[i];
        trace.file.lane(i).epoch = worker.clock().epoch();
        trace.tracers.push_back(
            std::make_unique<FrameTracer>(worker.traced_by(trace.file.lane(i), trace.file.records(i)), trace.order));
        if (wanted.pair().empty() || wanted.pair() == pairs[i])
            slots_[i].store(trace.tracers.back().get(), std::memory_order_release);
    }
    log(LogLevel::info, {{"event", "trace_begun"}, {"frames", std::to_string(wanted.frames())}});
    TraceAnswer answer;
    answer.reply.set_code(command::OK);
    answer.memory = trace.file.descriptor();
    return answer;
}

void Tracing::stop_trace() {
    if (trace_ != nullptr && trace_->end == TraceEnd::running) end(TraceEnd::stopped);
}

void Tracing::end(TraceEnd why) {
    trace_->end = why;
    for (TraceSlot& slot : slots_) slot.store(nullptr, std::memory_order_release);
    trace_->token = generations_.begin_grace();
}

void Tracing::advance(Time now) {
    if (trace_ == nullptr) return;
    if (trace_->end == TraceEnd::running) {
        if (trace_->order.frames.load(std::memory_order_relaxed) <= 0)
            end(TraceEnd::frames);
        else if (now >= trace_->deadline)
            end(TraceEnd::time);
        return;
    }
    if (!generations_.is_over(trace_->token)) return;
    __atomic_store_n(&trace_->file.header().end, static_cast<std::uint32_t>(trace_->end), __ATOMIC_RELEASE);
    log(LogLevel::info,
        {{"event", "trace_ended"}, {"why", std::string(kTraceEndNames[static_cast<std::size_t>(trace_->end)])}});
    trace_.reset();
}

}  // namespace sluis
