// HugeArray: what its elements hold at first, and where they lie.
#include "dataplane/flow/huge_array.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace sluis {
namespace {

struct Plain {
    std::uint32_t number;
};
struct Initialised {
    std::uint32_t none = 0xffff'ffff;
    std::uint32_t count;
};

TEST(HugeArray, HoldsZeroesOrInitialisersAtFirst) {
    // More than once: the second one may get memory that the first one wrote to.
    for (int round = 0; round < 3; ++round) {
        const HugeArray<Plain> plain(1000);
        const HugeArray<Initialised> initialised(1000), any(1000, HugeArray<Initialised>::Content::any);
        for (std::size_t i = 0; i < 1000; ++i) {
            EXPECT_EQ(plain[i].number, 0u);
            EXPECT_EQ(initialised[i].none, 0xffff'ffff);
            EXPECT_EQ(initialised[i].count, 0u);
            EXPECT_EQ(any[i].none, 0xffff'ffff);
            plain[i].number = initialised[i].count = initialised[i].none = any[i].none = 7;
        }
    }
}

TEST(HugeArray, EveryByteOfAnySizeIsThere) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{8192},
                                   (std::size_t{2} << 20) + 1, (std::size_t{5} << 20) - 1}) {
        const HugeArray<std::byte> bytes(size, HugeArray<std::byte>::Content::any);
        EXPECT_EQ(size != 0 ? reinterpret_cast<std::uintptr_t>(&bytes[0]) % 64 : 0, 0u) << size;
        for (std::size_t i = 0; i < size; i += 997) bytes[i] = std::byte{1};
        if (size != 0) bytes[size - 1] = std::byte{2};
    }
}

TEST(HugeArray, AllOfItsPagesAreThereFromTheStart) {
    constexpr std::size_t kSize = std::size_t{32} << 20;
    const HugeArray<std::byte> bytes(kSize, HugeArray<std::byte>::Content::any);
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto first = (reinterpret_cast<std::uintptr_t>(&bytes[0]) + page - 1) / page * page;
    std::vector<unsigned char> resident(kSize / page - 1);
    ASSERT_EQ(mincore(reinterpret_cast<void*>(first), resident.size() * page, resident.data()), 0);
    const auto is_there = [](unsigned char bits) { return (bits & 1) != 0; };
    EXPECT_TRUE(std::all_of(resident.begin(), resident.end(), is_there));
}

// A table of one huge page that began anywhere would have none.
TEST(HugeArray, ATableOfHugePagesBeginsWithOne) {
    constexpr std::size_t kHugePage = std::size_t{2} << 20;
    for (const std::size_t size : {kHugePage, kHugePage + 1, 5 * kHugePage}) {
        const HugeArray<std::byte> bytes(size, HugeArray<std::byte>::Content::any);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&bytes[0]) % kHugePage, 0u) << size;
    }
}

TEST(HugeArray, MovesItsMemory) {
    HugeArray<Plain> from(3);
    Plain* const first = &from[0];
    from[2].number = 5;
    const HugeArray<Plain> to = std::move(from);
    EXPECT_EQ(&to[0], first);
    EXPECT_EQ(to[2].number, 5u);
}

}  // namespace
}  // namespace sluis
