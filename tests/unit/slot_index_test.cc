// SlotIndex against the standard library's multimap, SlotPool, and SourceBudget on top of both.
#include "dataplane/flow/slot_index.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <unordered_map>

#include "dataplane/flow/source_budget.h"

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

Endpoints from(std::uint8_t network, std::uint8_t host, bool ipv6) {
    Endpoints ends;
    ends.ipv6 = ipv6;
    ends.source.address.bytes[0] = std::byte{network};
    ends.source.address.bytes[ipv6 ? 15 : 3] = std::byte{host};
    return ends;
}

TEST(SourceBudget, CountsEachSourceAndKindForItself) {
    SourceBudget budget(16, 7);
    const std::uint32_t slot = budget.take(from(1, 1, false), Budget::flows, 2);
    EXPECT_NE(slot, SourceBudget::kNone);
    EXPECT_NE(budget.take(from(1, 1, false), Budget::flows, 2), SourceBudget::kNone);
    EXPECT_EQ(budget.take(from(1, 1, false), Budget::flows, 2), SourceBudget::kNone);
    EXPECT_NE(budget.take(from(1, 1, false), Budget::fragments, 2), SourceBudget::kNone);
    EXPECT_NE(budget.take(from(1, 2, false), Budget::flows, 2), SourceBudget::kNone) << "another IPv4 address";
    budget.give_back(slot, Budget::flows);
    EXPECT_NE(budget.take(from(1, 1, false), Budget::flows, 2), SourceBudget::kNone);
}

TEST(SourceBudget, TakesAnIpv6PrefixForOneSource) {
    SourceBudget budget(16, 7);
    EXPECT_NE(budget.take(from(1, 1, true), Budget::flows, 1), SourceBudget::kNone);
    EXPECT_EQ(budget.take(from(1, 2, true), Budget::flows, 1), SourceBudget::kNone) << "the same /64";
    EXPECT_NE(budget.take(from(2, 1, true), Budget::flows, 1), SourceBudget::kNone);
    EXPECT_NE(budget.take(from(1, 0, false), Budget::flows, 1), SourceBudget::kNone) << "IPv4 with the same bytes";
}

TEST(SourceBudget, LosesNoSlotToRefusals) {
    SourceBudget budget(4, 7);
    for (int round = 0; round < 100; ++round)
        EXPECT_EQ(budget.take(from(static_cast<std::uint8_t>(round), 1, false), Budget::flows, 0), SourceBudget::kNone);
    EXPECT_NE(budget.take(from(200, 1, false), Budget::flows, 1), SourceBudget::kNone);
}

}  // namespace
}  // namespace sluis
