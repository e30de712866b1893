// SHA-256's compression function (FIPS 180-4, section 6.2.2), for several independent hashes at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluis {

using Sha256State = std::array<std::uint32_t, 8>;
using Sha256Block = std::array<std::byte, 64>;

/// One step of one hash.
struct Sha256Step {
    Sha256State* state;
    const Sha256Block* block;
};

namespace sha256 {

/// Compresses each step's block into its state. A round waits for the one before it, so that x86-64's SHA extensions
/// take hardly longer for two hashes than for one; without them Nettle's function does one after the other, by ARMv8's
/// instructions where there are some. Steps are of different hashes.
void compress(std::span<const Sha256Step> steps) noexcept;
/// The same without the processor's own instructions, for tests and for who has none.
void compress_by_library(const Sha256Step& step) noexcept;

}  // namespace sha256

}  // namespace sluis
