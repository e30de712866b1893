#include "control/events/hyper_log_log.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace sluis {
namespace {

/// The bits of a hash that are left for runs of zeros.
constexpr unsigned kRunBits = 64 - HyperLogLog::kPrecision;
constexpr double kSize = HyperLogLog::kRegisters;
/// When every register is at its end, which no number of things that fits 64 bits brings about.
constexpr double kMost = 1e18;

/// Ertl's sigma: what registers that are still zero contribute.
double sigma(double x) {
    if (x >= 1) return std::numeric_limits<double>::infinity();
    double power = 1, sum = x, before = -1;
    while (sum != before) {
        x *= x;
        before = sum;
        sum += x * power;
        power += power;
    }
    return sum;
}

/// Ertl's tau: what registers at their end contribute.
double tau(double x) {
    if (x <= 0 || x >= 1) return 0;
    double power = 1, sum = 1 - x, before = -1;
    while (sum != before) {
        x = std::sqrt(x);
        before = sum;
        power *= 0.5;
        sum -= (1 - x) * (1 - x) * power;
    }
    return sum / 3;
}

}  // namespace

void HyperLogLog::add(std::uint64_t hash) noexcept {
    const std::uint64_t rest = hash << kPrecision;
    const auto run = std::min(static_cast<unsigned>(std::countl_zero(rest)), kRunBits) + 1;
    std::uint8_t& longest = registers_[hash >> kRunBits];
    longest = std::max(longest, static_cast<std::uint8_t>(run));
}

double HyperLogLog::estimate() const noexcept {
    std::array<double, kRunBits + 2> count{};
    for (const std::uint8_t each : registers_) ++count[each];
    double z = kSize * tau(1 - count[kRunBits + 1] / kSize);
    for (unsigned value = kRunBits; value >= 1; --value) z = 0.5 * (z + count[value]);
    z += kSize * sigma(count[0] / kSize);
    const double alpha = 0.5 / std::log(2.0);
    return std::min(alpha * kSize * kSize / z, kMost);
}

}  // namespace sluis
