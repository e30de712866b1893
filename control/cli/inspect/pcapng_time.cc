#include <algorithm>
#include <limits>

#include "control/cli/inspect/pcapng_reader.h"
#include "dataplane/interface/limits.h"

namespace sluis {
namespace {

constexpr std::uint8_t kBinary = 0x80;

constexpr std::uint64_t power_of_ten(unsigned exponent) noexcept {
    std::uint64_t value = 1;
    while (exponent-- > 0) value *= 10;
    return value;
}

struct SplitTime {
    std::uint64_t seconds;
    std::uint64_t nanoseconds;
};

SplitTime split_binary(std::uint64_t units, unsigned exponent) noexcept {
    const std::uint64_t fraction = units & ((std::uint64_t{1} << exponent) - 1);
    const unsigned kept = std::min(exponent, 30u);  // so that the product fits; 2^-30 s is under a nanosecond
    return {units >> exponent, ((fraction >> (exponent - kept)) * kSecond) >> kept};
}

SplitTime split_decimal(std::uint64_t units, unsigned exponent) noexcept {
    const std::uint64_t per_second = power_of_ten(exponent);
    const std::uint64_t fraction = units % per_second;
    return {units / per_second,
            exponent <= 9 ? fraction * power_of_ten(9 - exponent) : fraction / power_of_ten(exponent - 9)};
}

}  // namespace

bool is_time_resolution(std::uint8_t resolution) noexcept {
    return (resolution & kBinary) != 0 ? (resolution & ~kBinary) <= 63 : resolution <= 19;
}

Nanoseconds pcapng_time(std::uint64_t units, std::uint8_t resolution, std::int64_t offset_seconds) noexcept {
    const unsigned exponent = resolution & 0x7fu;
    SplitTime time = (resolution & kBinary) != 0 ? split_binary(units, exponent) : split_decimal(units, exponent);
    constexpr Nanoseconds kLast = std::numeric_limits<Nanoseconds>::max();
    const bool later = offset_seconds >= 0;
    const std::uint64_t offset = later ? static_cast<std::uint64_t>(offset_seconds)
                                       : std::uint64_t{0} - static_cast<std::uint64_t>(offset_seconds);
    if (!later && offset > time.seconds) return 0;
    if (later && offset > kLast - time.seconds) return kLast;
    time.seconds = later ? time.seconds + offset : time.seconds - offset;
    if (time.seconds >= kLast / kSecond) return kLast;
    return time.seconds * kSecond + time.nanoseconds;
}

}  // namespace sluis
