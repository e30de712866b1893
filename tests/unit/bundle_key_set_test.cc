// Key sets: what one may hold, and which may follow another. tests/bundle/keys_test.py walks them on a box.
#include "control/bundle/key_set.h"

#include <gtest/gtest.h>

#include <functional>

#include "control/bundle/bundle_limits.h"
#include "tests/unit/bundle_harness.h"

namespace sluis {
namespace {

using test::code_of;
using test::signed_key_set;
using test::test_key;

std::string spki(std::size_t key) { return test_key(key).public_key().spki(); }

struct Row {
    const char* what;
    BundleCode code;
    std::function<void(wire::KeySet&)> change;
};

TEST(KeySet, HoldsOnlyWhatMakesSense) {
    const Row rows[] = {
        {"right", BundleCode::ok, {}},
        {"format", BundleCode::format_unknown, [](auto& set) { set.set_format(2); }},
        {"no product", BundleCode::key_set_limit, [](auto& set) { set.clear_product(); }},
        {"version 0", BundleCode::key_set_limit, [](auto& set) { set.set_version(0); }},
        {"version too high", BundleCode::key_set_limit, [](auto& set) { set.set_version(kKeySetVersionLimit + 1); }},
        {"never expires", BundleCode::key_set_limit, [](auto& set) { set.set_expires(0); }},
        {"floor too high", BundleCode::key_set_limit,
         [](auto& set) { set.set_sequence_floor_reset(kSequenceLimit + 1); }},
        {"no root key", BundleCode::key_set_limit, [](auto& set) { set.clear_root_keys(); }},
        {"no rule key", BundleCode::key_set_limit, [](auto& set) { set.clear_rule_keys(); }},
        {"key twice", BundleCode::key_repeated, [](auto& set) { set.add_rule_keys(spki(1)); }},
        {"key in two roles", BundleCode::key_repeated, [](auto& set) { set.add_freshness_keys(spki(0)); }},
        {"no key", BundleCode::key_malformed, [](auto& set) { set.add_rule_keys("key"); }},
        {"threshold 0", BundleCode::key_set_threshold, [](auto& set) { set.set_rule_threshold(0); }},
        {"threshold above", BundleCode::key_set_threshold, [](auto& set) { set.set_rule_threshold(2); }},
        {"root threshold above", BundleCode::key_set_threshold, [](auto& set) { set.set_root_threshold(2); }},
        {"digest", BundleCode::key_set_limit, [](auto& set) { set.add_revoked_bundles("x"); }},
        {"many digests", BundleCode::key_set_limit,
         [](auto& set) {
             for (std::size_t i = 0; i <= kRevokedLimit; ++i) set.add_revoked_bundles(std::string(32, 'x'));
         }},
    };
    for (const Row& row : rows)
        EXPECT_EQ(code_of(read_first_key_set(as_bytes(signed_key_set(1, row.change)))), row.code) << row.what;
    EXPECT_EQ(code_of(read_first_key_set(as_bytes(signed_key_set(1, {}, {1})))), BundleCode::key_set_successor)
        << "not signed by its own root key";
}

TEST(KeySet, FollowsOnlyItsPredecessor) {
    const KeySet first = test::first_keys();
    const Row rows[] = {
        {"right", BundleCode::ok, {}},
        {"skips one", BundleCode::key_set_version, [](auto& set) { set.set_version(3); }},
        {"the same", BundleCode::key_set_version, [](auto& set) { set.set_version(1); }},
        {"other product", BundleCode::product_wrong, [](auto& set) { set.set_product("other"); }},
        {"no development keys", BundleCode::key_set_development, [](auto& set) { set.set_development(false); }},
    };
    for (const Row& row : rows)
        EXPECT_EQ(code_of(read_next_key_set(first, as_bytes(signed_key_set(2, row.change)))), row.code) << row.what;
}

TEST(KeySet, NeedsBothThresholds) {
    const auto new_roots = [](wire::KeySet& set) {
        set.clear_root_keys();
        for (const std::size_t key : {2, 3}) set.add_root_keys(spki(key));
        set.set_root_threshold(2);
    };
    struct Signers {
        test::KeyNumbers keys;
        BundleCode code;
    };
    const Signers rows[] = {{{0, 2, 3}, BundleCode::ok},
                            {{0}, BundleCode::key_set_successor},
                            {{0, 2}, BundleCode::key_set_successor},
                            {{2, 3}, BundleCode::signature_unknown_key},
                            {{0, 1}, BundleCode::key_set_successor},
                            {{}, BundleCode::signature_count}};
    const KeySet first = test::first_keys();
    for (const Signers& row : rows)
        EXPECT_EQ(code_of(read_next_key_set(first, as_bytes(signed_key_set(2, new_roots, row.keys)))), row.code)
            << testing::PrintToString(row.keys);
    const std::string bundle_domain = test::sign(write_message(test::key_set(2)), {0});
    EXPECT_EQ(code_of(read_next_key_set(first, as_bytes(bundle_domain))), BundleCode::signature_wrong);
}

TEST(KeySet, IsWalkedOneByOne) {
    const std::string sets[] = {signed_key_set(1), signed_key_set(2), signed_key_set(3)};
    const auto last = walk_key_sets(sets);
    ASSERT_TRUE(last) << describe(last.error());
    EXPECT_EQ(last->version, 3U);
    const std::string gap[] = {sets[0], sets[2]};
    EXPECT_EQ(code_of(walk_key_sets(gap)), BundleCode::key_set_version);
}

}  // namespace
}  // namespace sluis
