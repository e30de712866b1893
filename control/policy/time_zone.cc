#include "control/policy/time_zone.h"

#include <fmt/format.h>
#include <glib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace sluis {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kEarliest = -62'167'219'200;  // the year 0
constexpr std::int64_t kLatest = 253'402'300'799;    // the end of the year 9999

/// GLib takes a path, too, and the environment's zone for no name.
bool may_be_zone(std::string_view name) {
    constexpr std::string_view kMay = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    return !name.empty() && name.size() <= 64 && name.find_first_not_of(kMay) == name.npos && name.front() >= 'A';
}

}  // namespace

std::int64_t seconds_of(const LocalTime& local) {
    const std::chrono::year_month_day date{std::chrono::year(local.year), std::chrono::month(local.month),
                                           std::chrono::day(local.day)};
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    return days * kDay + (std::int64_t{local.hour} * 60 + local.minute) * 60 + local.second;
}

void TimeZone::Release::operator()(GTimeZone* zone) const noexcept { g_time_zone_unref(zone); }

tl::expected<TimeZone, std::string> TimeZone::find(const std::string& name) {
    GTimeZone* const zone = may_be_zone(name) ? g_time_zone_new_identifier(name.c_str()) : nullptr;
    if (zone == nullptr)
        return tl::unexpected("\"" + name +
                              "\" is no time zone here; write one of the IANA database such as \"Europe/Brussels\" "
                              "(the package tzdata has them)");
    return TimeZone(name, zone);
}

std::int64_t TimeZone::offset_at(std::int64_t time) const {
    const int interval = g_time_zone_find_interval(zone_.get(), G_TIME_TYPE_UNIVERSAL, time);
    return g_time_zone_get_offset(zone_.get(), interval);
}

Moment TimeZone::moment_of(const LocalTime& local) const {
    const std::int64_t shown = seconds_of(local);
    // No zone has two changes within two days, nor is a day or more away from UTC.
    const std::int64_t before = offset_at(shown - kDay);
    const std::int64_t after = offset_at(shown + kDay);
    const std::int64_t first = shown - std::max(before, after);
    const std::int64_t last = shown - std::min(before, after);
    const bool first_is = first + offset_at(first) == shown;
    const bool last_is = last + offset_at(last) == shown;
    if (first_is) return {first, last_is && first != last ? LocalTimeKind::twice : LocalTimeKind::once};
    if (last_is) return {last, LocalTimeKind::once};
    // Clocks jump over it, between `first` and `last`: find the first second with the new offset.
    std::int64_t old = first, changed = last;
    while (changed - old > 1) {
        const std::int64_t middle = old + (changed - old) / 2;
        (offset_at(middle) == after ? changed : old) = middle;
    }
    return {changed, LocalTimeKind::never};
}

std::string TimeZone::show(std::int64_t time) const {
    if (time < kEarliest + kDay || time > kLatest - kDay) return fmt::format("@{}", time);
    const std::int64_t offset = offset_at(time);
    const std::chrono::sys_seconds local{std::chrono::seconds(time + offset)};
    const auto day = std::chrono::floor<std::chrono::days>(local);
    const std::chrono::year_month_day date(day);
    const std::int64_t second = (local - day).count();
    const std::int64_t minutes = std::abs(offset) / 60;
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{:02}:{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), second / 3600,
                       second / 60 % 60, second % 60, offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

}  // namespace sluis
