// Freshness notes: what one may hold, what a box makes of it, and what it remembers.
#include "control/bundle/freshness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/bundle_store.h"
#include "tests/unit/bundle_harness.h"

namespace sluis {
namespace {

using test::code_of;
using test::kNow;
using test::test_key;
using test::TestStore;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kFreshnessKey = 4;
constexpr std::int64_t kLasts = 500;  // seconds; less than the bundles do

void trust_freshness_key(wire::KeySet& set) { set.add_freshness_keys(test_key(kFreshnessKey).public_key().spki()); }

std::string digest_of(const std::string& bundle) {
    const Sha256 digest = payload_digest(read_envelope(as_bytes(bundle), kEnvelopeLimit).value());
    return {digest.begin(), digest.end()};
}

using Change = std::function<void(wire::Freshness&)>;

wire::Freshness note(std::uint64_t sequence, const Change& change = {}) {
    wire::Freshness made;
    made.set_sequence(sequence);
    made.set_bundle_sha256(digest_of(test::signed_bundle(sequence)));
    made.set_issued(kNow);
    made.set_expires(kNow + kLasts);
    if (change) change(made);
    return made;
}

std::string signed_note(std::uint64_t sequence, const Change& change = {}, std::size_t key = kFreshnessKey) {
    return test::sign(write_message(note(sequence, change)), {key}, Purpose::freshness);
}

TEST(FreshnessNote, HoldsOnlyWhatMakesSense) {
    struct Row {
        const char* what;
        BundleCode code;
        Change change;
    };
    const Row rows[] = {
        {"right", BundleCode::ok, {}},
        {"sequence 0", BundleCode::sequence_range, [](auto& note) { note.set_sequence(0); }},
        {"sequence too high", BundleCode::sequence_range, [](auto& note) { note.set_sequence(kSequenceLimit + 1); }},
        {"short digest", BundleCode::payload_limit, [](auto& note) { note.set_bundle_sha256("short"); }},
        {"no time", BundleCode::times_disordered, [](auto& note) { note.clear_issued(); }},
        {"no expiry", BundleCode::times_disordered, [](auto& note) { note.clear_expires(); }},
        {"expires at once", BundleCode::times_disordered, [](auto& note) { note.set_expires(kNow); }},
    };
    for (const Row& row : rows)
        EXPECT_EQ(code_of(read_freshness_content(write_message(note(7, row.change)))), row.code) << row.what;
    const std::string unknown_field = write_message(note(7)) + "\x28\x01";
    EXPECT_EQ(code_of(read_freshness_content(unknown_field)), BundleCode::payload_malformed);
}

TEST(FreshnessNote, CountsWithItsOwnKeyOnly) {
    const KeySet keys = test::first_keys(trust_freshness_key);
    const auto read = [&](const std::string& file) { return code_of(read_freshness_note(as_bytes(file), keys)); };
    const auto right = read_freshness_note(as_bytes(signed_note(7)), keys);
    ASSERT_TRUE(right) << describe(right.error());
    EXPECT_EQ(right->sequence, 7U);
    EXPECT_EQ(right->issued, kNow);
    EXPECT_EQ(right->signer, test_key(kFreshnessKey).public_key().id());
    EXPECT_EQ(read(signed_note(7, {}, 1)), BundleCode::signature_unknown_key) << "a rule key";
    EXPECT_EQ(read(test::sign(write_message(note(7)), {kFreshnessKey})), BundleCode::signature_wrong)
        << "signed as a bundle";
    EXPECT_EQ(code_of(read_freshness_note(as_bytes(signed_note(7)), test::first_keys())),
              BundleCode::signature_unknown_key)
        << "a set without freshness keys";
    EXPECT_EQ(read(std::string(kFreshnessLimit + 1, 'x')), BundleCode::size);
}

TEST(FreshnessNote, IsHeldAgainstTheTimeAndABundle) {
    const FreshnessNote note{7, {1}, kNow, kNow + kLasts, {}};
    EXPECT_EQ(code_of(check_note_times(note, kNow)), BundleCode::ok);
    EXPECT_EQ(code_of(check_note_times(note, kNow + kLasts)), BundleCode::note_expired);
    EXPECT_EQ(code_of(check_note_times(note, kNow - kCreatedAheadLimit)), BundleCode::ok);
    EXPECT_EQ(code_of(check_note_times(note, kNow - kCreatedAheadLimit - 1)), BundleCode::note_in_future);
    EXPECT_EQ(code_of(check_note_bundle(note, 7, {1})), BundleCode::ok);
    EXPECT_EQ(code_of(check_note_bundle(note, 6, {1})), BundleCode::bundle_outdated);
    EXPECT_EQ(code_of(check_note_bundle(note, 8, {2})), BundleCode::ok) << "the note is not made anew yet";
    EXPECT_EQ(code_of(check_note_bundle(note, 7, {2})), BundleCode::bundle_unlisted);
}

/// A box whose key set has a freshness key, with bundle 2 in force.
struct FreshBox : TestStore {
    FreshBox() {
        test::write_file(options.factory_keys, test::signed_key_set(1, trust_freshness_key));
        EXPECT_EQ(install(2), BundleCode::ok);
        EXPECT_EQ(confirm(), BundleCode::ok);
    }
    BundleCode take(const std::string& file, std::int64_t now = kNow) { return code_of(open().take_note(file, now)); }
    std::vector<std::string> alarms(std::int64_t now = kNow) {
        std::vector<std::string> names;
        for (const StoreAlarm& alarm : open().boot(now, false).alarms)
            if (alarm.name != "development_keys") names.emplace_back(alarm.name);
        return names;
    }
};

TEST(FreshnessNote, TellsABoxThatItIsKeptFromUpdates) {
    FreshBox box;
    EXPECT_THAT(box.alarms(), ElementsAre("freshness_missing"));
    ASSERT_EQ(box.take(signed_note(2)), BundleCode::ok);
    EXPECT_THAT(box.alarms(), IsEmpty());
    EXPECT_THAT(box.alarms(kNow + kLasts), ElementsAre("note_expired"));
    EXPECT_THAT(box.alarms(0), ElementsAre("clock_not_set")) << "no clock, no judgement";
    ASSERT_EQ(box.take(signed_note(3, [](auto& note) { note.set_issued(kNow + 1); })), BundleCode::ok);
    EXPECT_THAT(box.alarms(), ElementsAre("bundle_outdated"));
    EXPECT_EQ(box.install(3), BundleCode::ok);
    EXPECT_THAT(box.alarms(), IsEmpty());
}

TEST(FreshnessNote, NamesOneBundleOfASequence) {
    FreshBox box;
    ASSERT_EQ(box.take(signed_note(2, [](auto& note) { note.set_bundle_sha256(std::string(32, 'x')); })),
              BundleCode::ok);
    EXPECT_THAT(box.alarms(), ElementsAre("bundle_unlisted"));
}

TEST(FreshnessNote, IsNotReplacedByAnOlderOne) {
    FreshBox box;
    const auto issued = [](std::int64_t time) { return [=](wire::Freshness& note) { note.set_issued(time); }; };
    ASSERT_EQ(box.take(signed_note(3, issued(kNow - 5))), BundleCode::ok);
    EXPECT_EQ(box.take(signed_note(2, issued(kNow - 6))), BundleCode::note_older);
    EXPECT_EQ(box.take(signed_note(2, issued(kNow - 5))), BundleCode::note_older) << "another one of the same time";
    EXPECT_EQ(box.take(signed_note(3, issued(kNow - 5))), BundleCode::ok) << "the same once more";
    EXPECT_EQ(box.take(signed_note(2, issued(kNow - 4))), BundleCode::ok) << "sequences may be taken back";
    EXPECT_EQ(box.take(signed_note(2), kNow + kLasts), BundleCode::note_expired);
    EXPECT_EQ(box.take(signed_note(2), kNow - 2 * kCreatedAheadLimit), BundleCode::note_in_future);
    EXPECT_EQ(box.take(signed_note(2), 1000), BundleCode::clock_not_set);
    EXPECT_EQ(box.open().newest_note()->issued, kNow - 4);
}

/// What a stolen key says of the future is forgotten with the key.
TEST(FreshnessNote, IsForgottenWithItsKey) {
    FreshBox box;
    const auto far_ahead = [](wire::Freshness& note) {
        note.set_issued(kNow + kCreatedAheadLimit);
        note.set_expires(kNow + 2 * kCreatedAheadLimit);
    };
    ASSERT_EQ(box.take(signed_note(kSequenceLimit, far_ahead)), BundleCode::ok);
    EXPECT_THAT(box.alarms(), ElementsAre("bundle_outdated"));
    const std::string second =
        test::signed_key_set(2, [](wire::KeySet& set) { set.add_freshness_keys(test_key(5).public_key().spki()); });
    ASSERT_EQ(code_of(box.open().install_keys({&second, 1}, kNow, false)), BundleCode::ok);
    EXPECT_FALSE(box.open().newest_note());
    EXPECT_THAT(box.alarms(), ElementsAre("freshness_missing"));
    EXPECT_EQ(box.take(signed_note(2)), BundleCode::signature_unknown_key);
    EXPECT_EQ(box.take(signed_note(2, {}, 5)), BundleCode::ok);
}

}  // namespace
}  // namespace sluis
