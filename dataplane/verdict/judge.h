// From names to verdicts: one scan for a burst, and what follows for flows, connections and datagrams.
#pragma once

#include "dataplane/burst.h"
#include "dataplane/flow/quic_tracker.h"
#include "dataplane/flow/tcp_tracker.h"
#include "dataplane/generation.h"
#include "dataplane/interface/counters.h"
#include "dataplane/match/rule_set.h"
#include "dataplane/verdict/address_gate.h"
#include "dataplane/verdict/monitored_flows.h"

namespace sluis {

class Judge final : MatchVisitor {
public:
    Judge(LiveCounters& counters, TcpTracker& tcp, QuicTracker& quic, const AddressGate& addresses,
          MonitoredFlows& monitored, FindingObserver* observer) noexcept
        : counters_(counters),
          tcp_(tcp),
          quic_(quic),
          addresses_(addresses),
          monitored_(monitored),
          observer_(observer) {}

    /// From here on judges as this worker of the generation. REQUIRES: it outlives its use.
    void use(const Generation& generation, std::size_t worker) noexcept;
    /// Whether names that are enforced are only monitored, and reported so: the pair is on monitor.
    void only_monitor(bool only) noexcept { only_monitor_ = only; }
    /// From here on reports to `observer`; may be nullptr. REQUIRES: it outlives its use.
    void attach(FindingObserver* observer) noexcept { observer_ = observer; }
    /// The number of the generation in use.
    std::uint64_t generation() const noexcept { return generation_->number(); }
    /// Matches all names of the burst, blocks what is refused, and reports every name.
    void judge(Burst& burst, Nanoseconds now) noexcept;
    /// Turns an action that awaits its subject's verdict into a drop, if it was refused.
    void resolve(Burst& burst, Action& action) noexcept {
        const bool undecided =
            action.subject == Subject::tcp_flow && tcp_.flow(action.slot).state == FlowState::undecided;
        if (!undecided) resolve_refused(burst, action);
    }
    /// Reports a block that has no name: a conflict, a limit, a message that cannot be read.
    void report_drop(const Action& action, Nanoseconds now) noexcept;

private:
    static constexpr std::uint32_t kNoRule = 0xffff'ffff;
    static constexpr std::uint32_t kNoZone = 0xffff'ffff;
    /// What matched a name, for its client's zone: the first rule of each kind of category.
    struct Match {
        std::uint32_t zone = kNoZone;  ///< looked up once something asks for it
        std::uint32_t allowed = kNoRule;
        std::uint32_t enforced = kNoRule;
        std::uint32_t monitored = kNoRule;
    };
    struct Judgement {
        Reason reason = Reason::none;  ///< why the name is refused
        bool monitored = false;        ///< it would be, were its category enforced
        std::uint32_t rule = kNoRule;
        std::uint16_t category = Generation::kNoCategory;
    };

    void on_match(std::uint32_t name_index, std::uint32_t rule_id) noexcept override;
    void resolve_refused(Burst& burst, Action& action) noexcept;
    std::size_t zone_of(std::uint32_t name) noexcept;
    Judgement judge_name(std::uint32_t name) noexcept;
    Judgement by_rule(std::uint32_t rule, Reason reason, bool monitored) const noexcept;
    Judgement refusal(Reason reason, std::uint32_t rule, std::uint16_t category) noexcept;
    bool asks_notice_page(const Announcement& about) const noexcept;
    Refusal tcp_refusal(Protocol protocol) const noexcept;
    void count(const Judgement& judgement, std::uint32_t name) noexcept;
    void stamp(const Announcement& about) noexcept;
    void place(Finding& finding, const Packet& packet) const noexcept;
    void refuse(Burst& burst, std::uint32_t name, Reason reason, Nanoseconds now) noexcept;
    void report_name(Burst& burst, std::uint32_t name, const Judgement& judgement, Nanoseconds now) noexcept;

    LiveCounters& counters_;
    TcpTracker& tcp_;
    QuicTracker& quic_;
    const AddressGate& addresses_;
    MonitoredFlows& monitored_;
    FindingObserver* observer_;
    const Generation* generation_ = nullptr;
    const RuleScanner* scanner_ = nullptr;
    const LinkPairs* pairs_ = nullptr;  ///< the generation's
    std::size_t worker_ = 0;            ///< who asks it
    Burst* burst_ = nullptr;            ///< the one that is judged
    bool only_monitor_ = false;
    std::array<Match, NameBatch::kMaxNames> matches_;
};

}  // namespace sluis
