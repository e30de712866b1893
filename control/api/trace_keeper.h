// The trace that is on, or that ended last: asked of the dataplane, turned into pcapng as it comes, and kept until who
// asked for it has it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <tl/expected.hpp>

#include "control/api/api.pb.h"
#include "control/api/audit_log.h"
#include "dataplane/interface/command.pb.h"

namespace sluis {

class TraceCollector;

class TraceKeeper {
public:
    /// A trace that nobody asks after for so long ends, and one that has ended is forgotten.
    static constexpr std::chrono::seconds kLease{10};
    /// Bytes of one answer.
    static constexpr std::size_t kPieceLimit = std::size_t{4} << 20;

    TraceKeeper(std::string runtime_directory, const AuditLog& audit);
    /// Ends what is on.
    ~TraceKeeper();
    TraceKeeper(const TraceKeeper&) = delete;
    TraceKeeper& operator=(const TraceKeeper&) = delete;

    /// Nothing while another one is on. `record`: who asks, and why; `filter`: as it was asked, for the audit record.
    std::optional<api::Trace> begin(const command::Trace& wanted, AuditRecord record, std::string filter);
    /// What became of it; nothing when it is another one, or forgotten. Renews the lease, as `piece` does.
    std::optional<api::Trace> find(std::uint64_t id);
    /// The capture from byte `from` on, as far as it is there; kPieceLimit bytes at most.
    std::optional<std::string> piece(std::uint64_t id, std::uint64_t from);
    /// Ends the one that is on; forgets the one that has ended. False when it is another one, or forgotten.
    bool stop(std::uint64_t id);

private:
    using Clock = std::chrono::steady_clock;
    void run(const command::Trace& wanted, const AuditRecord& record, const std::string& filter);
    tl::expected<void, std::string> collect(const command::Trace& wanted);
    bool is_wanted(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds wait);
    bool is_known(std::uint64_t id) const { return kept_ && !forgotten_ && id == trace_.id(); }

    std::string runtime_;
    const AuditLog& audit_;
    std::mutex mutex_;
    std::condition_variable wake_;
    api::Trace trace_;
    const std::unique_ptr<TraceCollector> collector_;
    Clock::time_point asked_{};
    bool kept_ = false;       ///< it is on, or its capture is there; the thread runs
    bool forgotten_ = false;  ///< whoever asks after it from now on, renews nothing
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace sluis
