// What a box starts with when its store is in trouble: rules, and an alarm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "control/bundle/bundle_store.h"
#include "control/bundle/hexadecimal.h"
#include "tests/unit/bundle_harness.h"

namespace sluis {
namespace {

namespace fs = std::filesystem;
using test::code_of;
using test::kNow;
using test::signed_key_set;
using test::TestStore;
using testing::Contains;
using testing::Not;

constexpr std::chrono::milliseconds kPatience{100};

struct Started {
    std::string in_force;
    std::vector<std::string> alarms;
    wire::StoreState state;
};

Started start(const TestStore& store, bool with_trial = false) {
    const auto opened = BundleStore::open_to_boot(store.options, kPatience);
    if (!opened) return {describe(opened.error()), {}, {}};
    const BootOutcome boot = opened->boot(kNow, with_trial);
    Started started{std::string(origin_name(boot.origin)) + " " + std::to_string(boot.bundle.content.sequence()),
                    {},
                    opened->state()};
    for (const StoreAlarm& alarm : boot.alarms) started.alarms.emplace_back(alarm.name);
    return started;
}

/// Bundles 2 and 3, confirmed.
void fill(TestStore& store) {
    for (const std::uint64_t sequence : {2, 3}) {
        ASSERT_EQ(store.install(sequence, [](auto& bundle) { bundle.set_min_sequence(2); }), BundleCode::ok);
        ASSERT_EQ(store.confirm(), BundleCode::ok);
    }
}

TEST(BundleBoot, GivesRulesWhateverTheStoreIs) {
    struct Row {
        const char* what;
        std::function<void(const std::string& store)> spoil;
        const char* in_force;
        const char* alarm;
    };
    const auto become_folder = [](const std::string& name) {
        return [name](const std::string& store) {
            fs::remove(store + "/" + name);
            fs::create_directory(store + "/" + name);
        };
    };
    const Row rows[] = {
        {"nothing wrong", [](const std::string&) {}, "current 3", "development_keys"},
        {"lock is a folder", become_folder("lock"), "current 3", "store_unusable"},
        {"state is a folder", become_folder("state"), "current 3", "store_unusable"},
        {"store is a file",
         [](const std::string& store) {
             fs::remove_all(store);
             test::write_file(store, "x");
         },
         "factory 1", "store_unusable"},
        {"bundles are a file",
         [](const std::string& store) {
             fs::remove_all(store + "/store");
             test::write_file(store + "/store", "x");
         },
         "factory 1", "bundle_unusable"},
        {"store is not there", [](const std::string& store) { fs::remove_all(store); }, "factory 1",
         "development_keys"},
    };
    for (const Row& row : rows) {
        TestStore store;
        fill(store);
        row.spoil(store.options.directory);
        const Started started = start(store);
        EXPECT_EQ(started.in_force, row.in_force) << row.what;
        EXPECT_THAT(started.alarms, Contains(row.alarm)) << row.what;
    }
    TestStore nowhere;
    nowhere.options.directory = nowhere.folder / "missing/store";
    EXPECT_EQ(start(nowhere).in_force, "factory 1");
    EXPECT_THAT(start(nowhere).alarms, Contains("store_unusable"));
}

TEST(BundleBoot, WaitsForTheLockAndThenGoesOn) {
    TestStore store;
    fill(store);
    {
        const BundleStore writer = store.open();
        const auto begin = std::chrono::steady_clock::now();
        const Started started = start(store);
        EXPECT_GE(std::chrono::steady_clock::now() - begin, kPatience);
        EXPECT_EQ(started.in_force, "current 3");
        EXPECT_THAT(started.alarms, Contains("store_locked"));
    }
    auto writer = std::make_unique<BundleStore>(store.open());
    std::thread release([&] {
        std::this_thread::sleep_for(kPatience / 4);
        writer.reset();
    });
    const auto opened = BundleStore::open_to_boot(store.options, std::chrono::seconds(20));
    release.join();
    ASSERT_TRUE(opened);
    for (const StoreAlarm& alarm : opened->boot(kNow, false).alarms) EXPECT_NE(alarm.name, "store_locked");
}

/// Rules that were installed stay in force on a box that has become slow.
TEST(BundleBoot, DoesNotJudgeTheTimeAgain) {
    TestStore store;
    const auto tight = [](wire::RuleBundle& bundle) { bundle.mutable_limits()->set_compile_ms(1); };
    EXPECT_EQ(store.install(2, [](auto& bundle) { bundle.mutable_limits()->set_compile_ms(60'000); }), BundleCode::ok);
    EXPECT_EQ(store.confirm(), BundleCode::ok);
    EXPECT_EQ(start(store, true).in_force, "current 2");
    EXPECT_EQ(store.install(3, tight), BundleCode::trial_time);
    test::write_file(store.options.factory_bundle, test::signed_bundle(1, tight));
    ASSERT_EQ(store.roll_back(), BundleCode::ok);
    EXPECT_EQ(start(store, true).in_force, "factory 1");
}

TEST(BundleBoot, RemembersAWithdrawal) {
    TestStore store;
    fill(store);
    const std::string digest = store.open().state().current().sha256();
    const std::string path = store.options.directory + "/store/" + to_hex(digest) + ".bundle";
    ASSERT_TRUE(fs::exists(path));
    const std::string second = signed_key_set(2, [&](wire::KeySet& set) { set.add_revoked_bundles(digest); });
    ASSERT_EQ(code_of(store.open().install_keys({&second, 1}, kNow, false)), BundleCode::ok);
    EXPECT_FALSE(fs::exists(path));
    EXPECT_EQ(start(store).in_force, "previous 2");
    fs::remove(store.options.directory + "/keys/2.keyset");
    EXPECT_EQ(start(store).in_force, "previous 2");
    test::write_file(path, test::signed_bundle(3));  // by whoever finds it in a backup
    EXPECT_EQ(start(store).in_force, "previous 2");
    EXPECT_FALSE(fs::exists(path));
    fs::remove(store.options.directory + "/state");
    EXPECT_NE(start(store).in_force, "current 3");
    EXPECT_THAT(start(store).alarms, Not(Contains("no_rules")));
}

TEST(BundleBoot, EndsTheProbationOfWhatIsWithdrawn) {
    TestStore store;
    ASSERT_EQ(store.install(900, [](auto& bundle) { bundle.set_min_sequence(900); }), BundleCode::ok);
    const std::string digest = store.open().state().current().sha256();
    const std::string second = signed_key_set(2, [&](wire::KeySet& set) {
        set.add_revoked_bundles(digest);
        set.set_sequence_floor_reset(2);
    });
    ASSERT_EQ(code_of(store.open().install_keys({&second, 1}, kNow, false)), BundleCode::ok);
    EXPECT_EQ(store.confirm(), BundleCode::not_pending) << "its floor must not count";
    EXPECT_EQ(store.install(2), BundleCode::ok);
    EXPECT_EQ(start(store).in_force, "current 2");
}

TEST(BundleBoot, NamesTheKeySetThatWithdraws) {
    TestStore store;
    fill(store);
    const std::string digest = store.open().state().current().sha256();
    const std::string sets[] = {
        signed_key_set(2, [](wire::KeySet& set) { set.set_rule_keys(0, test::test_key(2).public_key().spki()); }),
        signed_key_set(3, [&](wire::KeySet& set) {
            set.set_rule_keys(0, test::test_key(2).public_key().spki());
            set.add_revoked_bundles(digest);
        })};
    fs::create_directories(store.options.directory + "/keys");
    test::write_file(store.options.directory + "/keys/2.keyset", sets[0]);
    test::write_file(store.options.directory + "/keys/3.keyset", sets[1]);
    // Without a state, so that it is the bundle's own check that answers.
    fs::remove(store.options.directory + "/state");
    EXPECT_EQ(start(store).in_force, "previous 2") << "what is withdrawn is not found again";
    test::write_file(store.options.factory_bundle, test::signed_bundle(1));
    const std::string factory_digest = [&] {
        const auto envelope = read_envelope(as_bytes(test::signed_bundle(1)), 1 << 20);
        const Sha256 sha = payload_digest(*envelope);
        return std::string(sha.begin(), sha.end());
    }();
    const std::string fourth = signed_key_set(4, [&](wire::KeySet& set) {
        set.set_rule_keys(0, test::test_key(2).public_key().spki());
        set.add_revoked_bundles(factory_digest);
    });
    ASSERT_EQ(code_of(store.open().install_keys({&fourth, 1}, kNow, false)), BundleCode::ok);
    fs::remove_all(store.options.directory + "/store");
    bool named = false;
    for (const StoreAlarm& alarm : store.open().boot(kNow, false).alarms)
        named = named || alarm.message.find("key set 4 withdraws") != std::string::npos;
    EXPECT_TRUE(named);
}

TEST(BundleBoot, FindsBundlesWithoutStateAndLinks) {
    TestStore store;
    fill(store);
    for (const char* name : {"state", "current", "previous"}) fs::remove(store.options.directory + "/" + name);
    const Started started = start(store);
    EXPECT_EQ(started.in_force, "current 3");
    EXPECT_THAT(started.alarms, Contains("state_rebuilt"));
    EXPECT_TRUE(started.state.pending());
    EXPECT_EQ(started.state.floor(), 2U);
    EXPECT_EQ(started.state.installed_sequence(), 3U);
    EXPECT_EQ(store.install(3), BundleCode::already_pending);
    EXPECT_EQ(store.confirm(), BundleCode::ok);
    EXPECT_EQ(start(store).in_force, "current 3");
    EXPECT_EQ(store.roll_back(), BundleCode::ok);
    EXPECT_EQ(start(store).in_force, "current 2");
}

TEST(BundleBoot, FollowsTheLinkThatIsLeft) {
    for (const bool lost_current : {true, false}) {
        TestStore store;
        fill(store);
        fs::remove(store.options.directory + "/state");
        fs::remove(store.options.directory + (lost_current ? "/current" : "/previous"));
        const Started started = start(store);
        EXPECT_EQ(started.in_force, "current 3");
        EXPECT_EQ(started.state.previous().sequence(), 2U);
        EXPECT_EQ(started.state.pending(), lost_current);
    }
}

}  // namespace
}  // namespace sluis
