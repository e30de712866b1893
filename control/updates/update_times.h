// When a box asks, tries again and installs: spread so that a thousand boxes do not come at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluis {

/// Seconds. A mirror that fails is left alone for so long after its first failure, and for no longer than the latter.
inline constexpr std::int64_t kBackOffFirst = 60, kBackOffLongest = 4 * 3600;
/// Seconds within which a box that was started asks for the first time.
inline constexpr std::int64_t kFirstCheckWithin = 900;

// `random` is from 0 (included) to 1, evenly distributed; all times are seconds.

/// How long a mirror is left alone after so many failures in a row: doubled with each, the half of it by chance.
std::int64_t back_off(std::uint32_t failures, double random);
/// Between two checks: `every`, a fifth more or less.
std::int64_t spread_interval(std::uint32_t every, double random);
/// From the start to the first check.
std::int64_t first_delay(std::uint32_t every, double random);

/// Local hours in which rules may be installed. One that ends before it begins goes over midnight.
struct InstallWindow {
    int begin = 0;  ///< minutes since midnight, included
    int end = 0;    ///< not included; the same as `begin`: any time
    bool contains(int minute) const;
    friend bool operator==(const InstallWindow&, const InstallWindow&) = default;
};

/// Reads "02:00-05:00"; an empty text is any time.
std::optional<InstallWindow> parse_install_window(std::string_view text);

/// Minutes since midnight by the system's time zone.
int local_minute(std::int64_t time);

}  // namespace sluis
