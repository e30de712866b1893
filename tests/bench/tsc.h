// The processor's time stamp counter, which runs at one rate whatever the clock does.
#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace sluis::bench {

/// Ordered behind all that comes before it in the program.
inline std::uint64_t read_tsc() noexcept {
#if defined(__x86_64__)
    unsigned processor;
    return __rdtscp(&processor);
#elif defined(__aarch64__)
    std::uint64_t count;
    asm volatile("isb; mrs %0, cntvct_el0" : "=r"(count));
    return count;
#endif
}

/// Measured once, over a twentieth of a second.
inline double tsc_hertz() {
    static const double hertz = [] {
        using Clock = std::chrono::steady_clock;
        const auto begin = Clock::now();
        const std::uint64_t from = read_tsc();
        while (Clock::now() - begin < std::chrono::milliseconds(50)) {
        }
        const std::uint64_t to = read_tsc();
        return static_cast<double>(to - from) / std::chrono::duration<double>(Clock::now() - begin).count();
    }();
    return hertz;
}

}  // namespace sluis::bench
