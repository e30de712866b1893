// What a box has after installations, confirmations, roll-backs and damage.
#include "control/bundle/bundle_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "control/bundle/hexadecimal.h"
#include "control/bundle/store_state.h"
#include "tests/unit/bundle_harness.h"

namespace sluis {
namespace {

namespace fs = std::filesystem;
using test::code_of;
using test::kNow;
using test::signed_bundle;
using test::signed_key_set;
using test::TestStore;

std::string in_force(const BundleStore& store, std::int64_t now = kNow) {
    const BootOutcome boot = store.boot(now, false);
    return std::string(origin_name(boot.origin)) + " " + std::to_string(boot.bundle.content.sequence());
}
std::string in_force(TestStore& store) { return in_force(store.open()); }

std::vector<std::string> alarms(const BundleStore& store, std::int64_t now = kNow) {
    std::vector<std::string> names;
    for (const StoreAlarm& alarm : store.boot(now, false).alarms) names.emplace_back(alarm.name);
    return names;
}

void damage(const std::string& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(40);
    file.put('\x55');
    file.put('\xaa');
}

std::string current_path(TestStore& store) { return fs::canonical(store.options.directory + "/current").string(); }

TEST(BundleStore, GoesFromFactoryToConfirmed) {
    TestStore store;
    EXPECT_EQ(in_force(store), "factory 1");
    EXPECT_EQ(store.confirm(), BundleCode::not_pending);
    EXPECT_EQ(store.install(1), BundleCode::sequence_equal) << "the factory's own";
    ASSERT_EQ(store.install(2), BundleCode::ok);
    EXPECT_EQ(in_force(store), "current 2");
    EXPECT_TRUE(store.open().state().pending());
    EXPECT_EQ(store.install(3), BundleCode::already_pending);
    EXPECT_EQ(store.confirm(), BundleCode::ok);
    EXPECT_FALSE(store.open().state().pending());
    EXPECT_EQ(store.confirm(), BundleCode::not_pending);
    EXPECT_EQ(store.install(2), BundleCode::sequence_equal);
    EXPECT_EQ(store.install(3), BundleCode::ok);
    EXPECT_EQ(in_force(store), "current 3");
    EXPECT_EQ(store.open().state().previous().sequence(), 2U);
}

TEST(BundleStore, RollsBackToWhatWasThereBefore) {
    TestStore store;
    EXPECT_EQ(store.roll_back(), BundleCode::no_fallback);
    store.install(2);
    EXPECT_EQ(store.roll_back(), BundleCode::ok);
    EXPECT_EQ(in_force(store), "factory 1");
    store.install(3);
    store.confirm();
    store.install(4);
    EXPECT_EQ(store.roll_back(), BundleCode::ok);
    EXPECT_EQ(in_force(store), "current 3");
    const auto state = store.open().state();
    EXPECT_FALSE(state.pending() || state.has_previous());
    EXPECT_EQ(state.installed_sequence(), 3U);
    EXPECT_EQ(state.rolled_back_sha256().size(), 32U);
    EXPECT_EQ(store.install(4), BundleCode::ok) << "after a repair of the box, say";
}

TEST(BundleStore, RaisesTheFloorWithConfirmationOnly) {
    const auto floor_of = [](std::uint64_t min) { return [min](wire::RuleBundle& b) { b.set_min_sequence(min); }; };
    TestStore store;
    store.install(5, floor_of(5));
    EXPECT_EQ(store.open().state().floor(), 0U);
    store.confirm();
    EXPECT_EQ(store.open().state().floor(), 5U);
    EXPECT_EQ(store.roll_back(), BundleCode::no_fallback) << "the factory's is below the floor";
    EXPECT_EQ(in_force(store), "current 5");
    // Never above the fallback that is kept: it follows when that one has gone.
    store.install(8, floor_of(7));
    store.confirm();
    EXPECT_EQ(store.open().state().floor(), 5U);
    EXPECT_EQ(store.open().state().wanted_floor(), 7U);
    EXPECT_EQ(store.roll_back(), BundleCode::ok);
    EXPECT_EQ(in_force(store), "current 5");
    store.install(9, floor_of(0));
    store.confirm();
    store.install(10, floor_of(0));
    store.confirm();
    EXPECT_EQ(store.open().state().floor(), 7U);
    EXPECT_EQ(store.open().state().wanted_floor(), 7U);
}

TEST(BundleStore, StartsWithTheNextBestOfDamagedBundles) {
    TestStore store;
    store.install(2);
    store.confirm();
    store.install(3);
    store.confirm();
    damage(current_path(store));
    EXPECT_EQ(in_force(store), "previous 2");
    EXPECT_THAT(alarms(store.open()), testing::Contains("bundle_unusable"));
    // What is installed now has the one in force as its fallback, not the damaged one.
    EXPECT_EQ(store.install(4), BundleCode::ok);
    EXPECT_EQ(store.open().state().previous().sequence(), 2U);
    damage(current_path(store));
    damage(fs::canonical(store.options.directory + "/previous").string());
    EXPECT_EQ(in_force(store), "factory 1");
    damage(store.options.factory_bundle);
    EXPECT_EQ(in_force(store), "none 0");
    EXPECT_THAT(alarms(store.open()), testing::Contains("no_rules"));
}

TEST(BundleStore, StartsWithoutItsState) {
    const auto raise = [](wire::RuleBundle& b) { b.set_min_sequence(2); };
    for (const bool removed : {true, false}) {
        TestStore store;
        store.install(2, raise);
        store.confirm();
        store.install(3, raise);
        store.confirm();
        const std::string path = store.options.directory + "/state";
        removed ? void(fs::remove(path)) : damage(path);
        const auto look = BundleStore::open_to_look(store.options);
        ASSERT_TRUE(look);
        EXPECT_EQ(in_force(*look), "current 3");
        EXPECT_THAT(alarms(*look), testing::Contains("state_rebuilt"));
        EXPECT_EQ(in_force(store), "current 3");
        EXPECT_EQ(store.open().state().floor(), 2U);
        EXPECT_EQ(store.install(3), BundleCode::sequence_equal);
        EXPECT_EQ(store.install(4), BundleCode::ok);
    }
}

TEST(BundleStore, KeepsExpiredRulesInForce) {
    TestStore store;
    store.install(2);
    store.confirm();
    EXPECT_THAT(alarms(store.open()), testing::ElementsAre("development_keys"));
    for (const std::int64_t now : {kNow + 1000, std::int64_t{4'102'444'800}, std::int64_t{0}}) {
        EXPECT_EQ(in_force(store.open(), now), "current 2") << now;
        EXPECT_EQ(store.open().boot(now, true).origin, RuleOrigin::current) << now;
    }
    EXPECT_THAT(alarms(store.open(), kNow + 1000), testing::Contains("bundle_expired"));
    EXPECT_THAT(alarms(store.open(), 4'102'444'800), testing::Contains("keys_expired"));
    constexpr std::int64_t kKeysExpire = kNow + test::kKeysLast;
    EXPECT_THAT(alarms(store.open(), kKeysExpire - kKeysExpireSoon - 1),
                testing::Not(testing::Contains("keys_expire_soon")));
    EXPECT_THAT(alarms(store.open(), kKeysExpire - kKeysExpireSoon), testing::Contains("keys_expire_soon"));
    EXPECT_THAT(alarms(store.open(), kKeysExpire), testing::Not(testing::Contains("keys_expire_soon")));
    EXPECT_THAT(alarms(store.open(), 0),
                testing::AllOf(testing::Contains("clock_not_set"), testing::Not(testing::Contains("bundle_expired"))));
}

TEST(BundleStore, HasOneWriter) {
    TestStore store;
    const BundleStore first = store.open();
    EXPECT_EQ(code_of(BundleStore::open(store.options)), BundleCode::store_locked);
    EXPECT_TRUE(BundleStore::open_to_look(store.options));
}

TEST(BundleStore, LeavesNothingBehind) {
    TestStore store;
    for (std::uint64_t sequence = 2; sequence < 6; ++sequence) {
        store.install(sequence);
        store.confirm();
    }
    test::write_file(store.options.directory + "/state.abcdef", "half");
    test::write_file(store.options.directory + "/store/x.bundle.abcdef", "half");
    test::write_file(store.options.directory + "/keys/2.keyset.abcdef", "half");
    test::write_file(store.options.directory + "/compiled", "not ours");
    store.open();
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(store.options.directory))
        if (!entry.is_directory()) files.push_back(entry.path().filename().string());
    EXPECT_THAT(files, testing::UnorderedElementsAre("lock", "state", "current", "previous", "compiled",
                                                     testing::EndsWith(".bundle"), testing::EndsWith(".bundle")));
}

TEST(BundleStore, MissesAKeySetThatItHadTrusted) {
    TestStore store;
    const std::string second = signed_key_set(2);
    ASSERT_EQ(code_of(store.open().install_keys({&second, 1}, kNow, false)), BundleCode::ok);
    store.install(2);
    store.confirm();
    fs::remove(store.options.directory + "/keys/2.keyset");
    EXPECT_EQ(in_force(store), "current 2");
    EXPECT_THAT(alarms(store.open()), testing::Contains("keys_lost"));
    EXPECT_EQ(store.install(3), BundleCode::key_set_missing);
    ASSERT_EQ(code_of(store.open().install_keys({&second, 1}, kNow, false)), BundleCode::ok);
    EXPECT_EQ(store.install(3), BundleCode::ok);
    fs::remove(store.options.factory_keys);
    EXPECT_EQ(code_of(BundleStore::open(store.options)), BundleCode::key_set_missing);
}

TEST(BundleStore, ForgetsAFloorThatAKeySetTakesBack) {
    TestStore store;
    store.install(900, [](wire::RuleBundle& b) { b.set_min_sequence(900); });
    store.confirm();
    const std::string reset = signed_key_set(2, [](wire::KeySet& set) { set.set_sequence_floor_reset(5); });
    ASSERT_EQ(code_of(store.open().install_keys({&reset, 1}, kNow, false)), BundleCode::ok);
    EXPECT_EQ(store.open().state().floor(), 5U);
    EXPECT_EQ(store.install(4), BundleCode::sequence_equal);
    EXPECT_EQ(store.install(5), BundleCode::ok);
    EXPECT_EQ(store.roll_back(), BundleCode::ok);
    EXPECT_EQ(in_force(store), "current 900");
    EXPECT_EQ(store.install(6), BundleCode::ok) << "the roll-back brought the sequence back";
}

/// A reset that was made before does not let old bundles in when the state is lost.
TEST(BundleStore, MakesNoFloorResetTwice) {
    TestStore store;
    const std::string reset = signed_key_set(2, [](wire::KeySet& set) { set.set_sequence_floor_reset(5); });
    ASSERT_EQ(code_of(store.open().install_keys({&reset, 1}, kNow, false)), BundleCode::ok);
    for (const std::uint64_t sequence : {20, 30}) {
        ASSERT_EQ(store.install(sequence, [](wire::RuleBundle& b) { b.set_min_sequence(20); }), BundleCode::ok);
        ASSERT_EQ(store.confirm(), BundleCode::ok);
    }
    fs::remove(store.options.directory + "/state");
    EXPECT_EQ(store.install(6), BundleCode::sequence_lower);
    EXPECT_EQ(store.open().state().floor(), 20U);
}

/// What cannot be read may be right: it is not replaced by a guess.
TEST(BundleStore, LeavesAStateAloneThatItCannotRead) {
    TestStore store;
    store.install(2, [](wire::RuleBundle& b) { b.set_min_sequence(2); });
    store.confirm();
    const std::string path = store.options.directory + "/state";
    fs::rename(path, path + "-away");
    fs::create_symlink("nowhere", path);
    EXPECT_EQ(code_of(BundleStore::open(store.options)), BundleCode::store_unusable);
    {
        auto boot = BundleStore::open_to_boot(store.options);
        ASSERT_TRUE(boot);
        EXPECT_EQ(in_force(*boot), "current 2");
        EXPECT_THAT(alarms(*boot), testing::IsSupersetOf({"store_unusable", "state_rebuilt"}));
        EXPECT_EQ(code_of(boot->roll_back()), BundleCode::store_unusable);
    }
    EXPECT_TRUE(fs::is_symlink(path));
    fs::rename(path + "-away", path);
    EXPECT_EQ(store.open().state().floor(), 2U);
}

/// Without the keys that it was signed with, nobody can say that the fallback is none.
TEST(BundleStore, DropsNoFallbackForWantOfAKeySet) {
    TestStore store;
    const std::string second =
        signed_key_set(2, [](wire::KeySet& set) { set.set_rule_keys(0, test::test_key(2).public_key().spki()); });
    ASSERT_EQ(code_of(store.open().install_keys({&second, 1}, kNow, false)), BundleCode::ok);
    for (const std::uint64_t sequence : {2, 3}) {
        const std::string file = test::sign(write_message(test::bundle(sequence)), {2});
        ASSERT_EQ(code_of(store.open().install(file, kNow, false)), BundleCode::ok);
        ASSERT_EQ(store.confirm(), BundleCode::ok);
    }
    const std::string path = store.options.directory + "/keys/2.keyset";
    fs::remove(path);
    EXPECT_EQ(store.roll_back(), BundleCode::key_set_missing);
    test::write_file(path, second);
    EXPECT_EQ(store.roll_back(), BundleCode::ok);
    EXPECT_EQ(in_force(store), "current 2");
}

/// Opening a store that is as it should be writes nothing: not on a full disk, and not a thousand times a day.
TEST(BundleStore, WritesItsStateOnlyWhenThatChanges) {
    TestStore store;
    store.install(2);
    store.confirm();
    const std::string path = store.options.directory + "/state";
    const auto written = fs::last_write_time(path);
    const auto node = [&] {
        struct stat status {};
        ::stat(path.c_str(), &status);
        return status.st_ino;
    };
    const auto before = node();
    test::write_file(store.options.directory + "/store/x.bundle.abcdef", "left by a writer that was killed");
    store.open();
    EXPECT_EQ(fs::last_write_time(path), written);
    EXPECT_EQ(node(), before);
    EXPECT_FALSE(fs::exists(store.options.directory + "/store/x.bundle.abcdef"));
}

TEST(StoreState, IsReadAsWritten) {
    wire::StoreState state;
    state.set_format(kStoreStateFormat);
    state.mutable_current()->set_sha256(std::string(32, 'x'));
    state.mutable_newest_note()->set_bundle_sha256(std::string(32, 'y'));
    state.set_floor(7);
    const std::string file = write_store_state(state);
    const auto read = read_store_state(file);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->floor(), 7U);
    EXPECT_FALSE(read_store_state(""));
    EXPECT_FALSE(read_store_state(file + "x"));
    for (std::size_t i = 0; i < file.size(); ++i) {
        std::string changed = file;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(read_store_state(changed)) << "byte " << i;
        EXPECT_FALSE(read_store_state(file.substr(0, i))) << "first " << i;
    }
}

}  // namespace
}  // namespace sluis
