#include "control/history/calendar.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace sluis {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

/// Beyond it a year has five digits, or a sign.
constexpr std::int64_t kLastDay = 2932896;  // 9999-12-31

year_month_day civil(std::int64_t day) {
    const auto kept = day < 0 ? 0 : day > kLastDay ? kLastDay : day;
    return year_month_day(sys_days(days(static_cast<int>(kept))));
}

std::optional<int> number(std::string_view digits) {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.front() == '-') return std::nullopt;
    return value;
}

}  // namespace

std::int64_t day_at(std::int64_t time, const TimeZone* zone) {
    return period_of(time + (zone == nullptr ? 0 : zone->offset_at(time)), kSecondsOfDay);
}

std::int64_t begin_of_day(std::int64_t day, const TimeZone* zone) {
    const std::int64_t begin = day * kSecondsOfDay;
    if (zone == nullptr) return begin;
    const year_month_day date = civil(day);
    LocalTime local;
    local.year = int{date.year()};
    local.month = static_cast<std::uint8_t>(unsigned{date.month()});
    local.day = static_cast<std::uint8_t>(unsigned{date.day()});
    return zone->moment_of(local).time;
}

std::string date_text(std::int64_t day) { return fmt::format("{}-{:02}", month_text(day), unsigned{civil(day).day()}); }

std::string month_text(std::int64_t day) {
    const year_month_day date = civil(day);
    return fmt::format("{:04}-{:02}", int{date.year()}, unsigned{date.month()});
}

std::optional<std::int64_t> parse_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = number(text.substr(0, 4)), month = number(text.substr(5, 2)), day = number(text.substr(8, 2));
    if (!year || !month || !day || *year < 1970) return std::nullopt;
    const year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                              std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    return sys_days(date).time_since_epoch().count();
}

}  // namespace sluis
