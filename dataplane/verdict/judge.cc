#include "dataplane/verdict/judge.h"

#include <algorithm>

namespace sluis {
namespace {

void place(Finding& finding, const Packet& packet) noexcept {
    finding.endpoints = packet.endpoints;
    finding.vlan = packet.vlan;
    finding.vlan_count = packet.vlan_count;
}

}  // namespace

void Judge::judge(Burst& burst, const RuleScanner& scanner, const PipelinePolicy& policy, Nanoseconds now) noexcept {
    rules_ = &scanner.rules();
    policy_ = &policy;
    std::fill_n(matches_.begin(), burst.names.size(), Match{});
    scanner.scan(burst.names, *this);
    for (std::uint32_t name = 0; name < burst.names.size(); ++name) {
        const auto protocol = static_cast<std::size_t>(burst.announcement(name).protocol);
        const Match& match = matches_[name];
        if (match.enforced != kNoRule) {
            ++counters_.names_blocked[protocol];
            refuse(burst, name, now);
        } else {
            ++(match.monitored != kNoRule ? counters_.names_monitored : counters_.names_allowed)[protocol];
        }
        if (observer_ != nullptr) report_name(burst, name, *rules_, now);
    }
}

void Judge::on_match(std::uint32_t name_index, std::uint32_t rule_id) noexcept {
    const std::uint16_t category = rules_->rule(rule_id).category;
    const bool enforced = category < policy_->enforced.size() && policy_->enforced[category];
    std::uint32_t& best = enforced ? matches_[name_index].enforced : matches_[name_index].monitored;
    best = std::min(best, rule_id);
}

/// The action whose packet completed the name's message is dropped, and answered.
void Judge::refuse(Burst& burst, std::uint32_t name, Nanoseconds now) noexcept {
    const Announcement& about = burst.announcement(name);
    Action& action = burst[about.action];
    switch (about.subject) {
        case Subject::datagram:
            if (action.kind == ActionKind::drop) return;
            action.drop(Reason::rule, Refusal::dns_answer);
            ++counters_.blocks[static_cast<std::size_t>(Reason::rule)];
            break;
        case Subject::tcp_flow:
            if (tcp_.flow(about.slot).state == FlowState::blocked) return;
            tcp_.block(about.slot, Reason::rule, now);
            tcp_.flow(about.slot).blocked_at = about.action;
            action.drop(Reason::rule,
                        about.protocol == Protocol::dns ? Refusal::dns_tcp_answer : Refusal::reset_both);
            break;
        case Subject::quic_connection:
            if (quic_.connection(about.slot).state == QuicState::blocked) return;
            quic_.block(about.slot, Reason::rule, now);
            quic_.connection(about.slot).blocked_at = about.action;
            action.slot = about.slot;
            action.drop(Reason::rule, Refusal::quic_close);
            break;
    }
    action.refused_name = name;
}

/// What came before the frame that was refused, in the same burst, goes on as if that had come later.
void Judge::resolve(Burst& burst, Action& action) noexcept {
    const std::uint32_t index = burst.index_of(action);
    switch (action.subject) {
        case Subject::datagram: return;
        case Subject::tcp_flow: {
            const TcpFlow& flow = tcp_.flow(action.slot);
            if (flow.state == FlowState::blocked && index > flow.blocked_at) action.drop(Reason::flow_blocked);
            return;
        }
        case Subject::quic_connection: {
            const QuicConnection& connection = quic_.connection(action.slot);
            if (connection.state == QuicState::blocked && index > connection.blocked_at)
                action.drop(Reason::flow_blocked);
            return;
        }
    }
}

void Judge::report_name(Burst& burst, std::uint32_t name, const RuleSet& rules, Nanoseconds now) noexcept {
    const Announcement& about = burst.announcement(name);
    const Match& match = matches_[name];
    Finding finding;
    finding.time = now;
    finding.protocol = about.protocol;
    finding.name = burst.names.name(name);
    place(finding, burst[about.action].packet);
    if (const std::uint32_t id = std::min(match.enforced, kNoRule); id != kNoRule || match.monitored != kNoRule) {
        const Rule rule = rules.rule(id != kNoRule ? id : match.monitored);
        finding.rule = rule.name;
        finding.category = rules.categories()[rule.category].name;
    }
    if (match.enforced != kNoRule) {
        finding.verdict = Verdict::block;
        finding.reason = Reason::rule;
    }
    observer_->on_finding(finding);
}

void Judge::report_drop(const Action& action, Nanoseconds now) noexcept {
    if (observer_ == nullptr || action.reason == Reason::rule || action.reason == Reason::flow_blocked) return;
    const ReasonKind kind = info(action.reason).kind;
    if (kind == ReasonKind::invalid || kind == ReasonKind::resource) return;
    Finding finding;
    finding.time = now;
    finding.protocol = action.protocol;
    finding.verdict = Verdict::block;
    finding.reason = action.reason;
    place(finding, action.packet);
    observer_->on_finding(finding);
}

}  // namespace sluis
