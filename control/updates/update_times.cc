#include "control/updates/update_times.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <system_error>

namespace sluis {
namespace {

std::int64_t share(std::int64_t whole, double part) {
    return static_cast<std::int64_t>(static_cast<double>(whole) * part);
}

std::optional<int> two_digits(std::string_view text, int limit) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_right = text.size() == 2 && text[0] >= '0' && error == std::errc{} && end == text.data() + 2;
    return is_right && number < limit ? std::optional(number) : std::nullopt;
}

/// "02:00"
std::optional<int> minute_of_day(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    const auto hour = two_digits(text.substr(0, 2), 24), minute = two_digits(text.substr(3), 60);
    if (!hour || !minute) return std::nullopt;
    return *hour * 60 + *minute;
}

}  // namespace

std::int64_t back_off(std::uint32_t failures, double random) {
    if (failures == 0) return 0;
    const std::uint32_t doublings = std::min<std::uint32_t>(failures - 1, 16);
    const std::int64_t longest = std::min(kBackOffFirst << doublings, kBackOffLongest);
    return longest / 2 + share(longest - longest / 2, random);
}

std::int64_t spread_interval(std::uint32_t every, double random) {
    return std::max<std::int64_t>(1, share(every, 0.8 + 0.4 * random));
}

std::int64_t first_delay(std::uint32_t every, double random) {
    return share(std::min<std::int64_t>(every, kFirstCheckWithin), random);
}

bool InstallWindow::contains(int minute) const {
    if (begin == end) return true;
    return begin < end ? minute >= begin && minute < end : minute >= begin || minute < end;
}

std::optional<InstallWindow> parse_install_window(std::string_view text) {
    if (text.empty()) return InstallWindow{};
    if (text.size() != 11 || text[5] != '-') return std::nullopt;
    const auto begin = minute_of_day(text.substr(0, 5)), end = minute_of_day(text.substr(6));
    if (!begin || !end || *begin == *end) return std::nullopt;
    return InstallWindow{*begin, *end};
}

int local_minute(std::int64_t time) {
    const auto seconds = static_cast<std::time_t>(time);
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    return parts.tm_hour * 60 + parts.tm_min;
}

}  // namespace sluis
