// Local time, as a policy writes it, and the moments that it means.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

typedef struct _GTimeZone GTimeZone;

namespace sluis {

/// A date and a time of day in the proleptic Gregorian calendar, without a zone.
struct LocalTime {
    std::int32_t year = 1970;
    std::uint8_t month = 1, day = 1;
    std::uint8_t hour = 0, minute = 0, second = 0;
};

/// Seconds from 1970-01-01T00:00:00 to `local`, as if it were UTC.
std::int64_t seconds_of(const LocalTime& local);

/// What clocks show around a moment.
enum class LocalTimeKind {
    once,
    twice,  ///< clocks are put back over it: the first of two is meant
    never,  ///< clocks are put forward over it: the moment when they are is meant
};

struct Moment {
    std::int64_t time = 0;  ///< seconds since 1970-01-01 UTC
    LocalTimeKind kind = LocalTimeKind::once;
};

/// A zone of the IANA time zone database, by GLib: it reads the system's files, knows the rules beyond their last
/// listed change, and touches no state of the process (libc's zone is the environment's, for all threads at once).
class TimeZone {
public:
    /// "Europe/Brussels", "UTC". The error says what is wrong and what to write.
    static tl::expected<TimeZone, std::string> find(const std::string& name);

    const std::string& name() const noexcept { return name_; }
    /// Seconds that local time is ahead of UTC.
    std::int64_t offset_at(std::int64_t time) const;
    Moment moment_of(const LocalTime& local) const;
    /// "2023-03-27T00:00:00+02:00" (RFC 3339); "@TIME" outside of the years 0 to 9999.
    std::string show(std::int64_t time) const;

private:
    struct Release {
        void operator()(GTimeZone* zone) const noexcept;
    };
    TimeZone(std::string name, GTimeZone* zone) : name_(std::move(name)), zone_(zone, Release()) {}

    std::string name_;
    std::shared_ptr<GTimeZone> zone_;
};

}  // namespace sluis
