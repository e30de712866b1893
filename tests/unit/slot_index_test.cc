// SlotIndex against the standard library's multimap, and SlotPool.
#include "dataplane/flow/slot_index.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <unordered_map>

namespace sluis {
namespace {

TEST(SlotIndex, HoldsAsManyAsItWasMadeFor) {
    for (const std::uint32_t capacity : {1u, 7u, 24u, 25u, 1000u}) {
        SlotIndex index(capacity);
        for (std::uint32_t i = 0; i < capacity; ++i)
            index.insert(42, i);  // all in one bucket, and all in those behind it
        for (std::uint32_t i = 0; i < capacity; ++i)
            EXPECT_EQ(index.find(42, [&](std::uint32_t slot) { return slot == i; }), i);
        EXPECT_EQ(index.find(std::uint64_t{43} << 32, [](std::uint32_t) { return true; }), SlotIndex::kNone);
    }
}

/// Few hashes, so that buckets spill; whole words of hash, so that tags differ in one bucket; and all of them.
class SlotIndexModel : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SlotIndexModel, FindsWhatAMapFinds) {
    constexpr std::uint32_t kCapacity = 200;
    std::mt19937_64 random(GetParam());
    SlotIndex index(kCapacity);
    std::unordered_multimap<std::uint64_t, std::uint32_t> model;
    std::vector<std::uint32_t> free(kCapacity);
    for (std::uint32_t i = 0; i < kCapacity; ++i) free[i] = i;

    for (int step = 0; step < 20000; ++step) {
        const std::uint64_t hash = random() & GetParam();
        if (random() % 2 == 0 && !free.empty()) {
            index.insert(hash, free.back());
            model.emplace(hash, free.back());
            free.pop_back();
        } else if (!model.empty()) {
            const auto victim = std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size()));
            index.erase(victim->first, victim->second);
            free.push_back(victim->second);
            model.erase(victim);
        }
        // All slots under a hash are offered, each once; others only where tags are alike.
        std::multiset<std::uint32_t> offered, expected;
        index.find(hash, [&](std::uint32_t slot) { return offered.insert(slot), false; });
        const auto [begin, end] = model.equal_range(hash);
        for (auto at = begin; at != end; ++at) expected.insert(at->second);
        if (GetParam() == ~std::uint64_t{0}) ASSERT_EQ(offered, expected) << step;
        for (std::uint32_t slot : expected) ASSERT_EQ(offered.count(slot), 1u) << step;
    }
}
INSTANTIATE_TEST_SUITE_P(Hashes, SlotIndexModel,
                         testing::Values(0x3, 0xff, 0x1'0000'0003, ~std::uint64_t{0}, 0xffff'ffff'0000'0000));

TEST(SlotPool, GivesEverySlotOnceUntilItIsBack) {
    SlotPool<int> pool(3);
    std::set<std::uint32_t> taken{pool.take(), pool.take(), pool.take()};
    EXPECT_EQ(taken, (std::set<std::uint32_t>{0, 1, 2}));
    EXPECT_EQ(pool.take(), SlotPool<int>::kNone);
    EXPECT_EQ(pool.used(), 3u);
    pool.give_back(1);
    EXPECT_EQ(pool.take(), 1u);
}

}  // namespace
}  // namespace sluis
