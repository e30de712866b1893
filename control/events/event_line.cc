#include "control/events/event_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace sluis {

std::optional<EventKind> find_event_kind(std::string_view name) {
    const auto found = std::find(kEventKindNames.begin(), kEventKindNames.end(), name);
    if (found == kEventKindNames.end()) return std::nullopt;
    return static_cast<EventKind>(found - kEventKindNames.begin());
}

std::int64_t event_time_now() {
    std::timespec now{};
    std::timespec_get(&now, TIME_UTC);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string event_timestamp(std::int64_t nanoseconds) {
    constexpr std::int64_t kEarliest = 0, kLatest = 253'402'300'799;  // years of four digits
    const auto seconds = static_cast<std::time_t>(std::clamp(nanoseconds / 1'000'000'000, kEarliest, kLatest));
    const std::int64_t microseconds = nanoseconds < 0 ? 0 : nanoseconds / 1000 % 1'000'000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+00:00", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, microseconds);
}

}  // namespace sluis
