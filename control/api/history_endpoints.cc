#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/bundle/bundle_clock.h"
#include "control/delivery/delivery.h"
#include "control/events/event_service.h"
#include "control/history/calendar.h"
#include "control/history/history.h"
#include "control/report/evaluation.h"

namespace sluis {
namespace {

/// Days of an answer when nobody says which: the last 30.
constexpr std::int64_t kDaysShown = 30;
/// Days that a report is about at the most: more than are kept.
constexpr std::int64_t kDaysLimit = 3660;
/// Rows of one answer.
constexpr std::size_t kRowLimit = 20000;

/// Whose days are asked for; lives as long as the view.
struct Days {
    std::shared_ptr<const DeliveryView> view;
    const TimeZone* zone = nullptr;
    std::int64_t first = 0, last = 0;  ///< both included
};

tl::expected<std::int64_t, Problem> read_day(const RequestHead& head, const char* name, std::int64_t otherwise) {
    const std::string* text = head.parameter(name);
    if (text == nullptr) return otherwise;
    const auto day = parse_date(*text);
    if (!day) return tl::unexpected(Problem{400, "write a day such as 2026-03-27", name});
    return *day;
}

tl::expected<Days, Problem> read_days(const Request& request, const Services& services) {
    Days days{services.delivery.view()};
    if (days.view->policy != nullptr && days.view->policy->policy.time_zone)
        days.zone = &*days.view->policy->policy.time_zone;
    const auto last = read_day(request.head, "to", day_at(services.history.now(), days.zone));
    if (!last) return tl::unexpected(last.error());
    const auto first = read_day(request.head, "from", *last - (kDaysShown - 1));
    if (!first) return tl::unexpected(first.error());
    if (*first > *last) return tl::unexpected(Problem{400, "this day is after the last one, to", "from"});
    if (*last - *first >= kDaysLimit) return tl::unexpected(Problem{400, "ask for ten years at the most", "from"});
    days.first = *first;
    days.last = *last;
    return days;
}

Response no_history(const std::string& why) { return refusal({503, "there is no history: " + why, ""}); }

std::string hour_text(std::int64_t hour) { return format_time(hour * kSecondsOfHour); }
std::string minute_text(std::int64_t minute) { return format_time(minute * kSecondsOfMinute); }

/// Rows of counts, by what a period is called.
using Rows = std::map<std::pair<std::string, RefusalKey>, RefusalCount>;

Rows rows_of(const PeriodCounts& counts, std::string (*name)(std::int64_t period)) {
    Rows rows;
    for (const auto& [place, count] : counts) rows[{name(place.first), place.second}] += count;
    return rows;
}

void fill(api::History& to, const Rows& rows) {
    for (const auto& [place, count] : rows) {
        api::HistoryRow& row = *to.add_rows();
        row.set_period(place.first);
        row.set_zone(place.second.zone);
        row.set_category(place.second.category);
        row.set_protocol(place.second.protocol);
        row.set_refused(count.refused);
        row.set_would_refuse(count.would_refuse);
    }
}

struct Period {
    std::string_view name;
    bool is_hours;
    std::string (*text)(std::int64_t period);
};
constexpr std::array<Period, 3> kPeriods{
    {{"hour", true, hour_text}, {"day", false, date_text}, {"month", false, month_text}}};

Response answer_minutes(const Request& request, const Services& services) {
    for (const char* name : {"from", "to"})
        if (request.head.parameter(name) != nullptr)
            return refusal({400, "minutes are those of the last hour: leave this out", name});
    api::History history;
    history.set_by("minute");
    history.set_since(services.started);
    fill(history, rows_of(services.history.minutes(), minute_text));
    return reply(request, history);
}

Response answer_days(const Request& request, const Services& services, const Period& period) {
    const auto days = read_days(request, services);
    if (!days) return refusal(days.error());
    auto reader = services.history.read();
    if (!reader) return no_history(reader.error());
    const auto since = reader->since();
    if (!since) return no_history(since.error().message);
    const auto counts = period.is_hours
                            ? reader->hours(period_of(begin_of_day(days->first, days->zone), kSecondsOfHour),
                                            period_of(begin_of_day(days->last + 1, days->zone) - 1, kSecondsOfHour))
                            : reader->days(days->first, days->last);
    if (!counts) return no_history(counts.error().message);
    const Rows rows = rows_of(*counts, period.text);
    if (rows.size() > kRowLimit)
        return refusal({400, "that is too much for one answer: ask for fewer days, or by longer periods", "by"});
    api::History history;
    history.set_by(std::string(period.name));
    history.set_from(date_text(days->first));
    history.set_to(date_text(days->last));
    if (days->zone != nullptr) history.set_time_zone(days->zone->name());
    history.set_since(*since);
    fill(history, rows);
    return reply(request, history);
}

std::string box_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

Response get_history(Request& request, Services& services) {
    const std::string* by = request.head.parameter("by");
    const std::string wanted = by == nullptr ? "day" : *by;
    if (wanted == "minute") return answer_minutes(request, services);
    const auto period =
        std::find_if(kPeriods.begin(), kPeriods.end(), [&](const Period& each) { return each.name == wanted; });
    if (period == kPeriods.end()) return refusal({400, "write minute, hour, day or month", "by"});
    return answer_days(request, services, *period);
}

Response get_report(Request& request, Services& services) {
    const auto days = read_days(request, services);
    if (!days) return refusal(days.error());
    auto reader = services.history.read();
    if (!reader) return no_history(reader.error());
    const EvaluationFrame frame{box_name(), days->first, days->last, services.history.now(), days->zone};
    const auto evaluation = evaluate(*reader, services.events.presence().days(), frame);
    if (!evaluation) return no_history(evaluation.error());
    if (request.media_type == kCsv) return reply_text(kCsv, evaluation_csv(*evaluation));
    if (request.media_type != kHtml) return reply(request, *evaluation);
    Response response = reply_text(kHtml, evaluation_html(*evaluation));
    response.content_policy = evaluation_page_policy();
    return response;
}

Response get_caller(Request& request, Services&) {
    api::Caller caller;
    caller.set_name(request.caller.name);
    caller.set_role(request.caller.role == Role::admin ? "admin" : "read");
    return reply(request, caller);
}

}  // namespace sluis
