#include "dataplane/verdict/judge.h"

#include <algorithm>
#include <cstring>

#include "dataplane/verdict/client_zone.h"

namespace sluis {
namespace {

/// Whether a subject was refused for an earlier name of the burst. One that a later frame's conflict blocked was not:
/// the frame with the name has still to be dropped.
template <typename Subject, typename State>
bool is_over(const Subject& subject, State blocked, std::uint32_t action) noexcept {
    return subject.state == blocked && subject.blocked_at <= action;
}

}  // namespace

void Judge::use(const Generation& generation, std::size_t worker) noexcept {
    generation_ = &generation;
    scanner_ = &generation.scanner(worker);
    pairs_ = &generation.pairs(worker);
    worker_ = worker;
}

/// Looked up for names that matched something only: most match nothing.
std::size_t Judge::zone_of(std::uint32_t name) noexcept {
    std::uint32_t& zone = matches_[name].zone;
    if (zone == kNoZone) {
        const Packet& packet = (*burst_)[burst_->announcement(name).action].packet;
        zone = static_cast<std::uint32_t>(generation_->zone_of(client_of(packet, *pairs_)));
    }
    return zone;
}

void Judge::on_match(std::uint32_t name_index, std::uint32_t rule_id) noexcept {
    const std::uint16_t category = generation_->rules().rule(rule_id).category;
    Match& match = matches_[name_index];
    const auto keep_first = [rule_id](std::uint32_t& best) { best = std::min(best, rule_id); };
    if (generation_->allows(category)) return keep_first(match.allowed);
    switch (generation_->mode(zone_of(name_index), category)) {
        case ZoneMode::enforce:
            return keep_first(match.enforced);
        case ZoneMode::monitor:
            return keep_first(match.monitored);
        case ZoneMode::off:
            return;
    }
}

Judge::Judgement Judge::by_rule(std::uint32_t rule, Reason reason, bool monitored) const noexcept {
    return {reason, monitored, rule, generation_->rules().rule(rule).category};
}

/// What is enforced, unless the pair is on monitor.
Judge::Judgement Judge::refusal(Reason reason, std::uint32_t rule, std::uint16_t category) noexcept {
    if (!only_monitor_) return {reason, false, rule, category};
    ++counters_.would_block[static_cast<std::size_t>(reason)];
    return {Reason::none, true, rule, category};
}

/// An allowed name passes whatever else matches; then what is enforced comes before what is monitored.
[[gnu::always_inline]] inline Judge::Judgement Judge::judge_name(std::uint32_t name) noexcept {
    const Announcement& about = burst_->announcement(name);
    const Match& match = matches_[name];
    if (match.allowed != kNoRule) return by_rule(match.allowed, Reason::none, false);
    if (match.enforced != kNoRule && !asks_notice_page(about))
        return refusal(Reason::rule, match.enforced, generation_->rules().rule(match.enforced).category);
    const std::uint16_t encrypted = generation_->encrypted_dns();
    const bool protocol_counts = about.encrypted_dns && encrypted != Generation::kNoCategory;
    const ZoneMode mode = protocol_counts ? generation_->mode(zone_of(name), encrypted) : ZoneMode::off;
    if (mode == ZoneMode::enforce) return refusal(Reason::encrypted_dns, kNoRule, encrypted);
    if (about.nameless && generation_->policy().require_server_name)
        return refusal(Reason::no_server_name, kNoRule, Generation::kNoCategory);
    if (match.monitored != kNoRule) return by_rule(match.monitored, Reason::none, true);
    return mode == ZoneMode::monitor ? Judgement{Reason::none, true, kNoRule, encrypted} : Judgement{};
}

/// A sinkholed client asks the notice page's address for the very name that was refused.
bool Judge::asks_notice_page(const Announcement& about) const noexcept {
    const DnsRefusal& dns = generation_->policy().dns;
    if (about.protocol != Protocol::http || dns.mode != DnsRefusalMode::sinkhole) return false;
    const Endpoints& ends = (*burst_)[about.action].packet.endpoints;
    const auto leads_to = [&](const auto& page) {
        return page && std::equal(page->begin(), page->end(), ends.destination.address.bytes.begin());
    };
    return ends.ipv6 ? leads_to(dns.sinkhole_ipv6) : leads_to(dns.sinkhole_ipv4);
}

Refusal Judge::tcp_refusal(Protocol protocol) const noexcept {
    const PipelinePolicy& policy = generation_->policy();
    if (protocol == Protocol::dns) return Refusal::dns_tcp_answer;
    if (protocol == Protocol::tls && policy.tls_alert) return Refusal::tls_alert;
    return protocol == Protocol::http && !policy.http_redirect.empty() ? Refusal::http_redirect : Refusal::reset_both;
}

[[gnu::always_inline]] inline void Judge::count(const Judgement& judgement, std::uint32_t name) noexcept {
    const auto protocol = static_cast<std::size_t>(burst_->announcement(name).protocol);
    const bool blocked = judgement.reason != Reason::none;
    ++(blocked               ? counters_.names_blocked
       : judgement.monitored ? counters_.names_monitored
                             : counters_.names_allowed)[protocol];
    if (judgement.category == Generation::kNoCategory || !(blocked || judgement.monitored)) return;
    LiveZoneCounts& counts = blocked ? counters_.zone_blocked : counters_.zone_monitored;
    ++counts[generation_->zone_slot(zone_of(name))][generation_->category_slot(judgement.category)][protocol];
}

/// A flow or connection keeps who judged it last.
void Judge::stamp(const Announcement& about) noexcept {
    const auto number = static_cast<std::uint32_t>(generation_->number());
    if (about.subject == Subject::tcp_flow) tcp_.flow(about.slot).generation = number;
    if (about.subject == Subject::quic_connection) quic_.connection(about.slot).generation = number;
}

void Judge::judge(Burst& burst, Nanoseconds now) noexcept {
    burst_ = &burst;
    std::fill_n(matches_.begin(), burst.names.size(), Match{});
    scanner_->scan(burst.names, *this);
    for (std::uint32_t name = 0; name < burst.names.size(); ++name) {
        const Announcement& about = burst.announcement(name);
        const Judgement judgement = judge_name(name);
        if (about.nameless && judgement.reason == Reason::none && !(only_monitor_ && judgement.monitored)) continue;
        count(judgement, name);
        stamp(about);
        const bool by_category = judgement.category != Generation::kNoCategory;
        if (judgement.monitored && by_category && about.subject != Subject::datagram)
            monitored_.remember(burst[about.action].packet, judgement.category, now);
        if (judgement.reason != Reason::none) refuse(burst, name, judgement.reason, now);
        if (observer_ == nullptr) continue;
        const bool remarkable = judgement.reason != Reason::none || judgement.monitored;
        if (remarkable || observer_->takes_allowed()) report_name(burst, name, judgement, now);
    }
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
            action.drop(reason, tcp_refusal(about.protocol));
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
    action.refused_zone = static_cast<std::uint8_t>(zone_of(name));
}

/// What came before the frame that was refused, in the same burst, goes on as if that had come later.
void Judge::resolve_refused(Burst& burst, Action& action) noexcept {
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

/// Where the packet came from, and whose it is.
void Judge::place(Finding& finding, const Packet& packet) const noexcept {
    finding.pair = generation_->pair_name(worker_, packet.frame->link);
    finding.endpoints = packet.endpoints;
    finding.vlan = packet.vlan;
    finding.vlan_count = packet.vlan_count;
    finding.transport = packet.protocol;
    finding.ingress = packet.ingress();
    std::memcpy(finding.destination_mac.data(), packet.frame->data, finding.destination_mac.size());
    std::memcpy(finding.source_mac.data(), packet.frame->data + 6, finding.source_mac.size());
}

void Judge::report_name(Burst& burst, std::uint32_t name, const Judgement& judgement, Nanoseconds now) noexcept {
    const Announcement& about = burst.announcement(name);
    Finding finding;
    finding.time = now;
    finding.protocol = about.protocol;
    finding.name = burst.names.name(name);
    finding.generation = generation_->number();
    place(finding, burst[about.action].packet);
    if (judgement.rule != kNoRule) finding.rule = generation_->rules().rule(judgement.rule).name;
    if (judgement.category != Generation::kNoCategory)
        finding.category = generation_->category_name(judgement.category);
    if (matches_[name].zone != kNoZone) finding.zone = generation_->zone_name(matches_[name].zone);
    finding.monitored = judgement.monitored;
    finding.reason = judgement.reason;
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
    finding.generation = generation_->number();
    place(finding, action.packet);
    if (only_monitor_) finding.verdict = Verdict::allow, finding.monitored = true;
    if (action.reason == Reason::address_rule) addresses_.name_rule(action.packet, finding);
    observer_->on_finding(finding);
}

}  // namespace sluis
