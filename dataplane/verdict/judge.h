// From names to verdicts: one scan for a burst, and what follows for flows, connections and datagrams.
#pragma once

#include "dataplane/burst.h"
#include "dataplane/flow/quic_tracker.h"
#include "dataplane/flow/tcp_tracker.h"
#include "dataplane/interface/counters.h"
#include "dataplane/interface/pipeline_policy.h"
#include "dataplane/match/rule_set.h"
#include "dataplane/verdict/address_gate.h"

namespace sluis {

class Judge final : MatchVisitor {
public:
    Judge(WorkerCounters& counters, TcpTracker& tcp, QuicTracker& quic, const AddressGate& addresses,
          FindingObserver* observer) noexcept
        : counters_(counters), tcp_(tcp), quic_(quic), addresses_(addresses), observer_(observer) {}

    /// Matches all names of the burst, blocks what is refused, and reports every name.
    void judge(Burst& burst, const RuleScanner& scanner, const PipelinePolicy& policy, Nanoseconds now) noexcept;
    /// Turns an action that awaits its subject's verdict into a drop, if it was refused.
    void resolve(Burst& burst, Action& action) noexcept;
    /// Reports a block that has no name: a conflict, a limit, a message that cannot be read.
    void report_drop(const Action& action, Nanoseconds now) noexcept;

private:
    static constexpr std::uint32_t kNoRule = 0xffff'ffff;
    struct Match {
        std::uint32_t enforced = kNoRule;   ///< the first rule of a category that is enforced
        std::uint32_t monitored = kNoRule;  ///< the first of one that is not
    };

    void on_match(std::uint32_t name_index, std::uint32_t rule_id) noexcept override;
    /// Why a name is refused; `none` when it is not.
    Reason reason_for(const Announcement& about, const Match& match) const noexcept;
    void refuse(Burst& burst, std::uint32_t name, Reason reason, Nanoseconds now) noexcept;
    void report_name(Burst& burst, std::uint32_t name, const RuleSet& rules, Nanoseconds now) noexcept;

    WorkerCounters& counters_;
    TcpTracker& tcp_;
    QuicTracker& quic_;
    const AddressGate& addresses_;
    FindingObserver* observer_;
    const RuleSet* rules_ = nullptr;
    const PipelinePolicy* policy_ = nullptr;
    std::array<Match, NameBatch::kMaxNames> matches_;
};

}  // namespace sluis
