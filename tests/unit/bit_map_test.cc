// BitMap against a vector of bools.
#include "dataplane/flow/bit_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace sluis {
namespace {

std::uint32_t next(const std::vector<bool>& model, std::uint32_t begin, std::uint32_t end, bool value) {
    while (begin < end && model[begin] != value) ++begin;
    return begin;
}

TEST(BitMap, DoesWhatAVectorOfBoolsDoes) {
    constexpr std::uint32_t kSize = 5 * 64;
    std::mt19937 random(3);
    std::vector<std::uint64_t> words(kSize / 64);
    BitMap map(words.data());
    std::vector<bool> model(kSize);
    for (int step = 0; step < 50000; ++step) {
        const std::uint32_t begin = random() % kSize, end = begin + random() % (kSize - begin + 1);
        switch (random() % 8) {
            case 0:
                map.shift_down(begin, kSize);
                std::copy(model.begin() + begin, model.end(), model.begin());
                std::fill(model.end() - begin, model.end(), false);
                break;
            case 1:
                if (random() % 8 != 0) break;
                map.clear(kSize);
                std::fill(model.begin(), model.end(), false);
                break;
            default: {
                const std::uint32_t stop = std::min(end, begin + static_cast<std::uint32_t>(random() % 70));
                map.set(begin, stop);
                std::fill(model.begin() + begin, model.begin() + stop, true);
            }
        }
        for (const auto& [from, to] : {std::pair{begin, end}, std::pair{0u, kSize}}) {
            ASSERT_EQ(map.next_set(from, to), next(model, from, to, true)) << step;
            ASSERT_EQ(map.next_clear(from, to), next(model, from, to, false)) << step;
        }
    }
}

TEST(BitMap, AShiftOfAPartLeavesNothingBehind) {
    std::vector<std::uint64_t> words(4);
    BitMap map(words.data());
    map.set(100, 130);
    map.shift_down(90, 130);
    EXPECT_EQ(map.next_set(0, 256), 10u);
    EXPECT_EQ(map.next_clear(10, 256), 40u);
    EXPECT_EQ(map.next_set(40, 256), 256u);
}

}  // namespace
}  // namespace sluis
