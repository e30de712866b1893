// How many different things were seen, without knowing which: a HyperLogLog sketch, with the estimator of O. Ertl, "New
// cardinality estimation algorithms for HyperLogLog sketches" (2017), which needs no tables of corrections.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluis {

class HyperLogLog {
public:
    static constexpr unsigned kPrecision = 12;
    static constexpr std::size_t kRegisters = std::size_t{1} << kPrecision;
    /// The standard error of an estimate: 1.04 / sqrt(kRegisters). A handful of things is counted to the one, but
    /// for two that share a register: once in a hundred times for eight.
    static constexpr double kStandardError = 0.01625;

    /// `hash`: 64 bits that depend on the thing alone, evenly spread.
    void add(std::uint64_t hash) noexcept;
    double estimate() const noexcept;

private:
    std::array<std::uint8_t, kRegisters> registers_{};  ///< the longest run of zeros seen, plus one
};

}  // namespace sluis
