// A bundle that nobody confirms in time is rolled back, by whoever opens the store next.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "control/bundle/bundle_store.h"
#include "tests/unit/bundle_harness.h"

namespace sluis {
namespace {

using test::code_of;
using test::kNow;
using test::signed_bundle;
using test::signed_key_set;
using test::TestStore;
using testing::Contains;
using testing::Not;

constexpr std::uint32_t kSeconds = 60;

BundleCode install_at(TestStore& store, std::uint64_t sequence, std::int64_t now, std::uint32_t seconds = kSeconds) {
    const auto raise = [](wire::RuleBundle& bundle) { bundle.set_min_sequence(bundle.sequence()); };
    return code_of(store.open().install(signed_bundle(sequence, raise), now, true, seconds));
}

bool expire(TestStore& store, std::int64_t now) {
    const auto expired = store.open().expire_probation(now);
    if (!expired) ADD_FAILURE() << describe(expired.error());
    return expired.value_or(false);
}

std::string in_force(TestStore& store) {
    const BootOutcome boot = store.open().boot(kNow, false);
    return std::string(origin_name(boot.origin)) + " " + std::to_string(boot.bundle.content.sequence());
}

std::vector<std::string> alarms(const BundleStore& store, std::int64_t now) {
    std::vector<std::string> names;
    for (const StoreAlarm& alarm : store.boot(now, false).alarms) names.emplace_back(alarm.name);
    return names;
}

TEST(Probation, EndsAtItsTimeAndNotBefore) {
    TestStore store;
    ASSERT_EQ(install_at(store, 2, kNow), BundleCode::ok);
    EXPECT_EQ(store.open().probation_end(), kNow + kSeconds);
    EXPECT_FALSE(expire(store, kNow + kSeconds - 1));
    EXPECT_EQ(in_force(store), "current 2");
    EXPECT_TRUE(expire(store, kNow + kSeconds));
    EXPECT_EQ(in_force(store), "factory 1");
    EXPECT_FALSE(expire(store, kNow + kSeconds)) << "there is nothing more to roll back";
    const auto state = store.open().state();
    EXPECT_EQ(state.rolled_back_sha256().size(), 32U);
    EXPECT_EQ(state.floor(), 0U) << "a floor rises with a confirmation only";
    EXPECT_FALSE(store.open().probation_end());
}

TEST(Probation, EndsWithAConfirmation) {
    TestStore store;
    ASSERT_EQ(install_at(store, 2, kNow), BundleCode::ok);
    EXPECT_EQ(store.confirm(kNow + kSeconds - 1), BundleCode::ok);
    EXPECT_FALSE(expire(store, kNow + 10 * kSeconds));
    EXPECT_EQ(in_force(store), "current 2");
    EXPECT_EQ(store.open().state().floor(), 2U);
    ASSERT_EQ(install_at(store, 3, kNow), BundleCode::ok);
    EXPECT_EQ(store.confirm(kNow + kSeconds), BundleCode::probation_over) << "too late";
    EXPECT_EQ(in_force(store), "current 2");
    EXPECT_EQ(store.open().state().floor(), 2U);
    EXPECT_EQ(store.confirm(kNow + kSeconds), BundleCode::not_pending);
}

TEST(Probation, LastsUntilSomebodyEndsItWithoutATime) {
    TestStore store;
    ASSERT_EQ(install_at(store, 2, kNow, 0), BundleCode::ok);
    EXPECT_FALSE(expire(store, kNow + 100 * std::int64_t{kProbationLimit}));
    EXPECT_EQ(store.confirm(kNow + 100 * std::int64_t{kProbationLimit}), BundleCode::ok);
}

/// A clock that was not set ends nothing, and neither does one that is put right during a probation.
TEST(Probation, CountsByAClockThatWasSet) {
    TestStore store;
    ASSERT_EQ(install_at(store, 2, 1000), BundleCode::ok);
    EXPECT_FALSE(store.open().probation_end());
    EXPECT_FALSE(expire(store, 1000 + 10 * kSeconds)) << "still not set";
    EXPECT_FALSE(expire(store, kNow)) << "set now: the time begins";
    EXPECT_EQ(store.open().probation_end(), kNow + kSeconds);
    EXPECT_FALSE(expire(store, 1000)) << "a start without a clock";
    EXPECT_FALSE(expire(store, kNow - 5 * kSeconds)) << "put back: it begins again";
    EXPECT_EQ(store.open().probation_end(), kNow - 4 * kSeconds);
    EXPECT_TRUE(expire(store, kNow - 4 * kSeconds));
}

TEST(Probation, IsOnlyShownByThoseWhoLook) {
    TestStore store;
    ASSERT_EQ(install_at(store, 2, kNow), BundleCode::ok);
    auto look = BundleStore::open_to_look(store.options);
    ASSERT_TRUE(look);
    EXPECT_THAT(alarms(*look, kNow), Not(Contains("probation_over")));
    EXPECT_FALSE(look->expire_probation(kNow + kSeconds).value());
    EXPECT_THAT(alarms(*look, kNow + kSeconds), Contains("probation_over"));
    EXPECT_EQ(in_force(store), "current 2");
}

TEST(Probation, LastsWhereThereIsNothingToGoBackTo) {
    TestStore store;
    ASSERT_EQ(install_at(store, 2, kNow), BundleCode::ok);
    ASSERT_EQ(store.confirm(), BundleCode::ok);
    // The floor is 2 now, and what is in force is lost: only the factory's 1 is left below the next one.
    std::filesystem::remove_all(store.options.directory + "/store");
    ASSERT_EQ(install_at(store, 3, kNow), BundleCode::ok);
    EXPECT_FALSE(expire(store, kNow + kSeconds));
    EXPECT_EQ(in_force(store), "current 3");
    EXPECT_THAT(alarms(store.open(), kNow + kSeconds), Contains("probation_over"));
    EXPECT_EQ(store.confirm(kNow + 2 * kSeconds), BundleCode::ok) << "late is better than without rules";
}

TEST(Probation, IsAPersonsToEndWhenTheStateIsAGuess) {
    TestStore store;
    ASSERT_EQ(install_at(store, 2, kNow), BundleCode::ok);
    for (const char* name : {"state", "current"}) std::filesystem::remove(store.options.directory + "/" + name);
    EXPECT_FALSE(expire(store, kNow + 100 * kSeconds));
    EXPECT_EQ(in_force(store), "current 2");
    EXPECT_TRUE(store.open().state().pending());
}

TEST(Probation, IsOverWhenAKeySetWithdrawsTheBundle) {
    TestStore store;
    ASSERT_EQ(install_at(store, 2, kNow), BundleCode::ok);
    const std::string digest = store.open().state().current().sha256();
    const std::string second = signed_key_set(2, [&](wire::KeySet& set) { set.add_revoked_bundles(digest); });
    ASSERT_EQ(code_of(store.open().install_keys({&second, 1}, kNow, false)), BundleCode::ok);
    EXPECT_FALSE(store.open().probation_end());
    EXPECT_EQ(store.confirm(), BundleCode::not_pending);
}

}  // namespace
}  // namespace sluis
