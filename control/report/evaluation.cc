#include "control/report/evaluation.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "control/history/calendar.h"
#include "dataplane/interface/version.h"

namespace sluis {
namespace {

void fill(api::EvaluationCount& to, const std::string& period, const RefusalKey& key, const RefusalCount& count) {
    to.set_period(period);
    to.set_zone(key.zone);
    to.set_category(key.category);
    to.set_protocol(key.protocol);
    to.set_refused(count.refused);
    to.set_would_refuse(count.would_refuse);
}

void add_counts(api::Evaluation& to, const PeriodCounts& days, const EvaluationFrame& frame) {
    std::map<std::pair<std::string, RefusalKey>, RefusalCount> months;
    std::map<std::string, RefusalCount> protocols;
    std::map<std::int64_t, RefusalCount> sums;
    RefusalCount all;
    for (const auto& [place, count] : days) {
        const auto& [day, key] = place;
        months[{month_text(day), {key.zone, key.category, ""}}] += count;
        protocols[key.protocol] += count;
        sums[day] += count;
        all += count;
    }
    for (const auto& [place, count] : months) fill(*to.add_months(), place.first, place.second, count);
    // Days without any are there, too: a plot has a place for each.
    for (std::int64_t day = frame.first_day; day <= frame.last_day; ++day)
        fill(*to.add_days(), date_text(day), {}, sums[day]);
    for (const auto& [protocol, count] : protocols) fill(*to.add_protocols(), "", {"", "", protocol}, count);
    to.set_refused(all.refused);
    to.set_would_refuse(all.would_refuse);
}

void add_devices(api::Evaluation& to, const std::vector<PresenceDay>& presence) {
    std::map<std::tuple<std::string, std::string, std::string>, api::EvaluationDevices> months;
    for (const PresenceDay& day : presence) {
        if (day.date < to.from() || day.date > to.to()) continue;
        for (const PresenceNumber& number : day.numbers) {
            const std::string month = day.date.substr(0, 7);
            api::EvaluationDevices& devices = months[{month, number.zone, number.category}];
            devices.set_month(month);
            devices.set_zone(number.zone);
            devices.set_category(number.category);
            devices.set_days(devices.days() + 1);
            devices.set_devices(std::max(devices.devices(), number.devices));
            devices.set_at_most(std::max(devices.at_most(), number.at_most));
        }
    }
    for (auto& [key, devices] : months) *to.add_devices() = std::move(devices);
}

void fill(api::EvaluationRuleset& to, const Lasting<RulesetRecord>& from) {
    to.set_since(from.change.since);
    to.set_until(from.until);
    to.set_in_force(from.change.origin);
    to.set_sequence(from.change.sequence);
    to.set_sha256(from.change.sha256);
}

void fill(api::EvaluationPhase& to, const Lasting<PhaseRecord>& from) {
    to.set_since(from.change.since);
    to.set_until(from.until);
    to.set_sha256(from.change.sha256);
    to.set_modes(from.change.modes);
}

void fill(api::EvaluationOutage& to, const Outage& from) {
    to.set_what(from.condition.what);
    to.set_subject(from.condition.subject);
    to.set_detail(from.condition.detail);
    to.set_began(from.began);
    to.set_ended(from.ended);
}

}  // namespace

tl::expected<api::Evaluation, std::string> evaluate(HistoryReader& history, const std::vector<PresenceDay>& presence,
                                                    const EvaluationFrame& frame) {
    const std::int64_t from = begin_of_day(frame.first_day, frame.zone);
    const std::int64_t until = begin_of_day(frame.last_day + 1, frame.zone);
    const auto since = history.since();
    if (!since) return tl::unexpected(since.error().message);
    const auto days = history.days(frame.first_day, frame.last_day);
    if (!days) return tl::unexpected(days.error().message);
    const auto rulesets = history.rulesets(from, until);
    if (!rulesets) return tl::unexpected(rulesets.error().message);
    const auto phases = history.phases(from, until);
    if (!phases) return tl::unexpected(phases.error().message);
    const auto outages = history.outages(from, until);
    if (!outages) return tl::unexpected(outages.error().message);

    api::Evaluation evaluation;
    evaluation.set_box(frame.box);
    evaluation.set_version(kVersion);
    evaluation.set_from(date_text(frame.first_day));
    evaluation.set_to(date_text(frame.last_day));
    if (frame.zone != nullptr) evaluation.set_time_zone(frame.zone->name());
    evaluation.set_made(frame.now);
    evaluation.set_since(*since);
    add_counts(evaluation, *days, frame);
    add_devices(evaluation, presence);
    for (const auto& each : *rulesets) fill(*evaluation.add_rulesets(), each);
    for (const auto& each : *phases) fill(*evaluation.add_phases(), each);
    for (const Outage& each : *outages) fill(*evaluation.add_outages(), each);
    return evaluation;
}

}  // namespace sluis
