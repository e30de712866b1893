// Whether the box's clock can be believed, which is all that a bundle asks of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluis {

/// Seconds since 1970-01-01 UTC, by the system's clock.
std::int64_t system_time();

/// The day that this program was built on, at its beginning; no true clock shows an earlier time.
std::int64_t build_time();

/// Whether the clock was set: it shows no time before build_time().
inline bool is_clock_set(std::int64_t now) { return now >= build_time(); }

/// "2027-03-27T08:00:00Z"
std::string format_time(std::int64_t time);

/// Reads "2027-03-27" (its beginning), "2027-03-27T08:00:00Z", or seconds since 1970 as "@1806134400".
std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace sluis
