// Days as numbers and as people write them, in the proleptic Gregorian calendar.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/policy/time_zone.h"

namespace sluis {

inline constexpr std::int64_t kSecondsOfDay = 86400, kSecondsOfHour = 3600, kSecondsOfMinute = 60;

/// `value / size`, towards minus infinity: which day, hour or minute a time is in.
constexpr std::int64_t period_of(std::int64_t value, std::int64_t size) {
    return value / size - (value % size < 0 ? 1 : 0);
}

/// The local day of a moment, counted from 1970-01-01. Null: UTC's.
std::int64_t day_at(std::int64_t time, const TimeZone* zone);
/// The moment when a local day begins. Null: UTC's.
std::int64_t begin_of_day(std::int64_t day, const TimeZone* zone);

/// "2026-03-27"
std::string date_text(std::int64_t day);
/// "2026-03"
std::string month_text(std::int64_t day);
/// None for what is no date of the years 1970 to 9999.
std::optional<std::int64_t> parse_date(std::string_view text);

}  // namespace sluis
