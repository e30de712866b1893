// What is remembered of forgotten flows, for how long, and who goes when there is no room.
#include "dataplane/flow/forgotten_hellos.h"

#include <gtest/gtest.h>

namespace sluis {
namespace {

constexpr Nanoseconds kNow = 1'679'900'400 * kSecond;
/// All of one set of a table of four entries, with a tag each.
constexpr std::uint64_t hash_of(std::uint64_t tag) { return tag << 32 | 5; }

TEST(ForgottenHellos, AreFoundUntilTheirTimeIsOver) {
    ForgottenHellos table(100);
    EXPECT_EQ(table.find(hash_of(1), kNow), nullptr);
    EXPECT_TRUE(table.remember(hash_of(1), 1, 4711, kNow + 10 * kSecond, kNow));
    for (const Nanoseconds now : {kNow, kNow + 10 * kSecond}) {
        const ForgottenHello* found = table.find(hash_of(1), now);
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->client_next, 4711u);
        EXPECT_EQ(found->client, 1);
        EXPECT_EQ(table.find(hash_of(2), now), nullptr);
    }
    EXPECT_EQ(table.find(hash_of(1), kNow + 12 * kSecond), nullptr);
    EXPECT_EQ(table.find(hash_of(1), kNow), nullptr) << "given up";
}

TEST(ForgottenHellos, AreErasedAndReplaced) {
    ForgottenHellos table(100);
    table.remember(hash_of(1), 0, 1, kNow + kSecond, kNow);
    table.remember(hash_of(1), 0, 2, kNow + 9 * kSecond, kNow);
    ASSERT_NE(table.find(hash_of(1), kNow), nullptr);
    EXPECT_EQ(table.find(hash_of(1), kNow)->client_next, 2u);
    table.erase(hash_of(2));
    EXPECT_NE(table.find(hash_of(1), kNow), nullptr);
    table.erase(hash_of(1));
    EXPECT_EQ(table.find(hash_of(1), kNow), nullptr);
    table.erase(hash_of(1));
    for (std::uint64_t tag = 0; tag < 4; ++tag)
        EXPECT_TRUE(table.remember(hash_of(tag), 0, 1, kNow + kSecond, kNow)) << "all four entries are free";
}

TEST(ForgottenHellos, AFullSetLosesTheOneThatIsOverFirst) {
    ForgottenHellos table(4);
    for (std::uint64_t tag = 0; tag < 4; ++tag)
        EXPECT_TRUE(table.remember(hash_of(tag), 0, 1, kNow + (20 + tag) * kSecond, kNow));
    EXPECT_FALSE(table.remember(hash_of(4), 0, 1, kNow + 60 * kSecond, kNow));
    EXPECT_EQ(table.find(hash_of(0), kNow), nullptr);
    for (std::uint64_t tag = 1; tag < 5; ++tag) EXPECT_NE(table.find(hash_of(tag), kNow), nullptr) << tag;
    EXPECT_TRUE(table.remember(hash_of(5), 0, 1, kNow + 90 * kSecond, kNow + 30 * kSecond)) << "others are over";
}

}  // namespace
}  // namespace sluis
