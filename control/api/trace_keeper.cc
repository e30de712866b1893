#include "control/api/trace_keeper.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "control/api/log.h"
#include "control/bundle/bundle_clock.h"
#include "control/dataplane_link/dataplane_link.h"
#include "control/trace/trace_collector.h"
#include "dataplane/interface/version.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

/// Between two looks at what workers have written.
constexpr std::chrono::milliseconds kLookEvery{20};
/// Records that are taken at a look: the others wait, so that who asks does not.
constexpr std::size_t kRecordsAtOnce = 2048;

}  // namespace

TraceKeeper::TraceKeeper(std::string runtime_directory, const AuditLog& audit)
    : runtime_(std::move(runtime_directory)), audit_(audit), collector_(std::make_unique<TraceCollector>()) {}

TraceKeeper::~TraceKeeper() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
        asked_ = {};
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

std::optional<api::Trace> TraceKeeper::begin(const command::Trace& wanted, AuditRecord record, std::string filter) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return !kept_ || !forgotten_; });
    if (kept_) return std::nullopt;
    if (thread_.joinable()) thread_.join();  // it does nothing any more
    const std::uint64_t id = trace_.id() + 1;
    trace_ = {};
    trace_.set_id(id);
    trace_.set_state("running");
    trace_.set_started(system_time());
    asked_ = Clock::now();
    kept_ = true;
    forgotten_ = false;
    stop_ = false;
    thread_ = std::thread(
        [this, wanted, record = std::move(record), filter = std::move(filter)] { run(wanted, record, filter); });
    return trace_;
}

std::optional<api::Trace> TraceKeeper::find(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    if (!is_known(id)) return std::nullopt;
    asked_ = Clock::now();
    trace_.set_frames(collector_->frames());
    trace_.set_bytes(collector_->capture().size());
    return trace_;
}

std::optional<std::string> TraceKeeper::piece(std::uint64_t id, std::uint64_t from) {
    const std::lock_guard lock(mutex_);
    if (!is_known(id)) return std::nullopt;
    asked_ = Clock::now();
    const std::string& capture = collector_->capture();
    return from >= capture.size() ? std::string() : capture.substr(from, kPieceLimit);
}

bool TraceKeeper::stop(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    if (!is_known(id)) return false;
    forgotten_ = trace_.state() != "running";
    stop_ = true;
    wake_.notify_all();
    return true;
}

/// Whether somebody has asked for it of late, after a while in which others may use what the lock protects.
bool TraceKeeper::is_wanted(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds wait) {
    wake_.wait_for(lock, wait);
    return Clock::now() - asked_ < kLease;
}

void TraceKeeper::run(const command::Trace& wanted, const AuditRecord& record, const std::string& filter) {
    json asked = json::parse(filter, nullptr, false);
    const auto begun = audit_.write(AuditStage::begun, record, json::object(), asked);
    const auto collected = begun ? collect(wanted) : tl::unexpected(begun.error());
    std::unique_lock lock(mutex_);
    asked["frames_taken"] = collector_->frames();
    AuditRecord ended = record;
    ended.outcome = collected ? trace_.end() : collected.error();
    lock.unlock();
    if (begun) {
        const auto stage = collected ? AuditStage::done : AuditStage::failed;
        const auto written = audit_.write(stage, ended, json::object(), asked);
        if (!written) log_event(LogPriority::warning, "audit_failed", {{"why", written.error()}});
    }
    lock.lock();
    trace_.set_state(collected ? "done" : "failed");
    if (!collected) trace_.set_message(collected.error());
    while (is_wanted(lock, kLookEvery) && !forgotten_) continue;
    collector_->clear();
    kept_ = false;
    wake_.notify_all();
}

/// The trace ends with the link.
tl::expected<void, std::string> TraceKeeper::collect(const command::Trace& wanted) {
    auto link = DataplaneLink::connect(runtime_);
    if (!link) return tl::unexpected(link.error().message);
    auto memory = link->trace(wanted);
    if (!memory) return tl::unexpected(memory.error().message);
    auto reader = TraceReader::open(std::move(*memory));
    if (!reader) return tl::unexpected(reader.error());
    std::unique_lock lock(mutex_);
    collector_->begin(*reader, std::string("sluis ") + kVersion, "each frame's comment says what the box decided");
    for (;;) {
        // In this order: what was written before the end is there to take.
        const bool is_alive = link->is_alive();
        TraceEnd end = reader->end();
        const bool is_all = collector_->take(*reader, kRecordsAtOnce) == 0;
        trace_.set_lost(reader->lost() + collector_->lost());
        if (!is_wanted(lock, kLookEvery) || stop_) end = end == TraceEnd::running ? TraceEnd::stopped : end;
        if (!is_all) continue;
        if (end == TraceEnd::running && is_alive) continue;
        if (end == TraceEnd::running)
            return tl::unexpected<std::string>("the dataplane ended in the middle of the trace");
        trace_.set_end(std::string(kTraceEndNames[static_cast<std::size_t>(end) % kTraceEndNames.size()]));
        return {};
    }
}

}  // namespace sluis
