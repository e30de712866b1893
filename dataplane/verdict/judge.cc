#include "dataplane/verdict/judge.h"

#include <algorithm>

namespace sluis {
namespace {

void place(Finding& finding, const Packet& packet) noexcept {
    finding.endpoints = packet.endpoints;
    finding.vlan = packet.vlan;
    finding.vlan_count = packet.vlan_count;
}

/// Whether a subject was refused for an earlier name of the burst. One that a later frame's conflict blocked was not:
/// the frame with the name has still to be dropped.
template <typename Subject, typename State>
bool is_over(const Subject& subject, State blocked, std::uint32_t action) noexcept {
    return subject.state == blocked && subject.blocked_at <= action;
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
        if (burst.announcement(name).nameless && reason_for(burst.announcement(name), match) == Reason::none) continue;
        if (const Reason reason = reason_for(burst.announcement(name), match); reason != Reason::none) {
            ++counters_.names_blocked[protocol];
            refuse(burst, name, reason, now);
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

Reason Judge::reason_for(const Announcement& about, const Match& match) const noexcept {
    if (match.enforced != kNoRule) return Reason::rule;
    if (about.encrypted_dns && policy_->encrypted_dns) return Reason::encrypted_dns;
    return about.nameless && policy_->require_server_name ? Reason::no_server_name : Reason::none;
}

/// The action whose packet completed the name's message is dropped, and answered.
void Judge::refuse(Burst& burst, std::uint32_t name, Reason reason, Nanoseconds now) noexcept {
    const Announcement& about = burst.announcement(name);
    Action& action = burst[about.action];
    switch (about.subject) {
        case Subject::datagram:
            if (action.kind == ActionKind::drop) return;
            action.drop(reason, Refusal::dns_answer);
            ++counters_.blocks[static_cast<std::size_t>(reason)];
            break;
        case Subject::tcp_flow:
            if (is_over(tcp_.flow(about.slot), FlowState::blocked, about.action)) return;
            tcp_.block(about.slot, reason, now);
            tcp_.flow(about.slot).blocked_at = about.action;
            action.drop(reason, about.protocol == Protocol::dns ? Refusal::dns_tcp_answer : Refusal::reset_both);
            break;
        case Subject::quic_connection:
            if (is_over(quic_.connection(about.slot), QuicState::blocked, about.action)) return;
            quic_.block(about.slot, reason, now);
            quic_.connection(about.slot).blocked_at = about.action;
            action.slot = about.slot;
            action.drop(reason, Refusal::quic_close);
            break;
    }
    action.refused_name = name;
}

/// What came before the frame that was refused, in the same burst, goes on as if that had come later.
void Judge::resolve(Burst& burst, Action& action) noexcept {
    const std::uint32_t index = burst.index_of(action);
    switch (action.subject) {
        case Subject::datagram:
            return;
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
    if (const std::uint32_t id = match.enforced != kNoRule ? match.enforced : match.monitored; id != kNoRule) {
        const Rule rule = rules.rule(id);
        finding.rule = rule.name;
        finding.category = rules.categories()[rule.category].name;
    }
    finding.reason = reason_for(about, match);
    if (finding.reason != Reason::none) finding.verdict = Verdict::block;
    observer_->on_finding(finding);
}

void Judge::report_drop(const Action& action, Nanoseconds now) noexcept {
    const bool named = action.reason == Reason::rule || action.reason == Reason::encrypted_dns ||
                       action.reason == Reason::no_server_name;
    if (observer_ == nullptr || named || action.reason == Reason::flow_blocked) return;
    const ReasonKind kind = info(action.reason).kind;
    if (kind == ReasonKind::progress || kind == ReasonKind::invalid || kind == ReasonKind::resource) return;
    Finding finding;
    finding.time = now;
    finding.protocol = action.protocol;
    finding.verdict = Verdict::block;
    finding.reason = action.reason;
    place(finding, action.packet);
    if (action.reason == Reason::address_rule) addresses_.name_rule(action.packet, finding);
    observer_->on_finding(finding);
}

}  // namespace sluis
