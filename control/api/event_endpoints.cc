#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/api/event_stream.h"
#include "control/events/event_service.h"

namespace sluis {
namespace {

/// Reads "alert,drop" into `kinds`; the first word that is no type, empty when there is none.
std::string read_kinds(std::string_view list, EventStream::Kinds& kinds) {
    while (!list.empty()) {
        const std::string_view word = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), word.size() + 1));
        const auto kind = find_event_kind(word);
        if (!kind) return std::string(word.empty() ? "," : word);
        kinds[static_cast<std::size_t>(*kind)] = true;
    }
    return {};
}

Response refuse_parameter(std::string detail, std::string field) {
    return refusal({400, std::move(detail), std::move(field)});
}

void fill(api::PresenceNumber& to, const PresenceNumber& from) {
    to.set_zone(from.zone);
    to.set_category(from.category);
    to.set_devices(from.devices);
    to.set_at_most(from.at_most);
}

void fill(api::WouldBlockRow& to, const WouldBlockRow& from) {
    to.set_zone(from.zone);
    to.set_category(from.category);
    to.set_rule(from.rule);
    to.set_total(from.total());
    for (std::size_t i = 1; i < kProtocolNames.size(); ++i)
        (*to.mutable_protocols())[std::string(kProtocolNames[i])] = from.counts[i];
    to.set_first_day(from.first_day);
    to.set_last_day(from.last_day);
}

}  // namespace

Response get_events(Request& request, Services& services) {
    EventStream::Setting setting;
    setting.run = fmt::format("{:x}", services.started);
    setting.kinds.fill(request.head.parameter("types") == nullptr);
    if (const std::string* types = request.head.parameter("types"))
        if (const std::string odd = read_kinds(*types, setting.kinds); types->empty() || !odd.empty())
            return refuse_parameter("write a list of alert, drop, stats, audit, alarm, suppressed", "types");
    if (const std::string* follow = request.head.parameter("follow")) {
        if (*follow != "0" && *follow != "1") return refuse_parameter("write 0 or 1", "follow");
        setting.follow = *follow == "1";
    }
    // Who names no event gets those to come; who does not follow, all that there are.
    const std::string& last = request.head.last_event_id;
    const std::uint64_t newest = services.events.memory().newest();
    if (!last.empty())
        setting.after = std::min(EventStream::number_of(last, setting.run), newest);
    else if (setting.follow)
        setting.after = newest;
    if (services.event_streams.open >= kEventStreamLimit)
        return refusal({503, "too many clients read events; try again", ""});
    Response response;
    response.media_type = request.media_type;
    response.stream =
        std::make_unique<EventStream>(std::move(setting), services.events.memory(), services.event_streams);
    return response;
}

Response get_presence(Request& request, Services& services) {
    api::Presence presence;
    presence.set_standard_error(HyperLogLog::kStandardError);
    for (const PresenceDay& day : services.events.presence().days()) {
        api::PresenceDay& made = *presence.add_days();
        made.set_date(day.date);
        for (const PresenceNumber& each : day.numbers) fill(*made.add_numbers(), each);
    }
    return reply(request, presence);
}

Response get_would_block(Request& request, Services& services) {
    const WouldBlock& seen = services.events.would_block();
    api::WouldBlock report;
    report.set_since(seen.since());
    for (const EventPump::Worker& worker : services.events.pump_state().workers)
        report.set_events_lost(report.events_lost() + worker.lost);
    for (const WouldBlockRow& row : seen.rows()) fill(*report.add_rows(), row);
    return reply(request, report);
}

}  // namespace sluis
