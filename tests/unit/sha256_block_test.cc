// SHA-256's compression: the processor's instructions, side by side, against the library's, and against the standard.
#include "dataplane/protocol/crypto/sha256_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

namespace sluis {
namespace {

constexpr Sha256State kInitialState{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// FIPS 180-4's example of one block: "abc", its end's mark, and its length in bits.
TEST(Sha256Compress, KnownAnswer) {
    Sha256Block block{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}, std::byte{0x80}};
    block.back() = std::byte{24};
    constexpr Sha256State kDigest{0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
                                  0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};
    for (const std::size_t count : {std::size_t{1}, std::size_t{2}}) {
        std::array<Sha256State, 2> states{kInitialState, kInitialState};
        const std::array steps{Sha256Step{&states[0], &block}, Sha256Step{&states[1], &block}};
        sha256::compress(std::span(steps).first(count));
        EXPECT_EQ(states[0], kDigest);
        EXPECT_EQ(states[1], count == 2 ? kDigest : kInitialState);
    }
}

// Any state, any block, and as many steps as there may be, odd and even.
TEST(Sha256Compress, EveryStepIsAsByTheLibrary) {
    std::mt19937 random(1);
    for (std::size_t count = 0; count <= 7; ++count) {
        std::vector<Sha256State> states(count);
        std::vector<Sha256Block> blocks(count);
        for (Sha256State& state : states) std::generate(state.begin(), state.end(), std::ref(random));
        for (Sha256Block& block : blocks)
            std::generate(block.begin(), block.end(), [&] { return static_cast<std::byte>(random()); });
        std::vector<Sha256State> expected = states;
        std::vector<Sha256Step> steps;
        for (std::size_t i = 0; i < count; ++i) {
            sha256::compress_by_library({&expected[i], &blocks[i]});
            steps.push_back({&states[i], &blocks[i]});
        }
        sha256::compress(steps);
        EXPECT_EQ(states, expected) << count;
    }
}

}  // namespace
}  // namespace sluis
