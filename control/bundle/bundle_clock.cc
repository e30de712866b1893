#include "control/bundle/bundle_clock.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

namespace sluis {
namespace {

constexpr std::int64_t kLatestTime = 253'402'300'799;  // the end of the year 9999, the last that has four digits

std::optional<int> digits(std::string_view text, std::size_t from, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(from, count)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

std::optional<std::int64_t> parse_seconds(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = problem == std::errc{} && end == text.data() + text.size();
    if (!whole || value < 0 || value > kLatestTime) return std::nullopt;
    return value;
}

/// Seconds from the beginning of the day to "T08:00:00Z".
std::optional<std::int64_t> parse_time_of_day(std::string_view text) {
    if (text.size() != 10 || text[0] != 'T' || text[3] != ':' || text[6] != ':' || text[9] != 'Z') return std::nullopt;
    const auto hour = digits(text, 1, 2);
    const auto minute = digits(text, 4, 2);
    const auto second = digits(text, 7, 2);
    if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    return (std::int64_t{*hour} * 60 + *minute) * 60 + *second;
}

}  // namespace

std::int64_t system_time() { return std::time(nullptr); }

std::int64_t build_time() { return SLUIS_BUILD_TIME; }

std::string format_time(std::int64_t time) {
    if (time < 0 || time > kLatestTime) return fmt::format("@{}", time);
    const auto seconds = static_cast<std::time_t>(time);
    std::tm fields{};
    ::gmtime_r(&seconds, &fields);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", fields.tm_year + 1900, fields.tm_mon + 1, fields.tm_mday,
                       fields.tm_hour, fields.tm_min, fields.tm_sec);
}

std::optional<std::int64_t> parse_time(std::string_view text) {
    if (text.starts_with('@')) return parse_seconds(text.substr(1));
    if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, 5, 2);
    const auto day = digits(text, 8, 2);
    if (!year || !month || !day || *year < 1970) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    const auto rest = text.size() == 10 ? std::optional<std::int64_t>(0) : parse_time_of_day(text.substr(10));
    if (!date.ok() || !rest) return std::nullopt;
    return std::int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * 86400 + *rest;
}

}  // namespace sluis
