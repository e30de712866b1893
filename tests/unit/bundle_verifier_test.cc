// The verifier's checks and their order. tests/bundle has the tampered bundles, with an encoder of their own.
#include "control/bundle/bundle_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_limits.h"
#include "dataplane/match/rule_set.h"
#include "dataplane/packet/bytes.h"
#include "tests/unit/bundle_harness.h"
#include "tests/unit/sanitized.h"
#include "tests/unit/tls_hello.h"

namespace sluis {
namespace {

using test::code_of;
using test::kNow;
using test::signed_bundle;

BundleExpectations expectations() {
    BundleExpectations expected;
    expected.board = "testboard";
    expected.installed_sequence = 10;
    expected.now = kNow;
    return expected;
}

BundleCode check(const std::string& file, const KeySet& keys = test::first_keys(),
                 const BundleExpectations& expected = expectations()) {
    return code_of(check_bundle(as_bytes(file), keys, expected));
}

TEST(CheckBundle, TakesOneThatIsRight) {
    const auto checked = check_bundle(as_bytes(signed_bundle(11)), test::first_keys(), expectations());
    ASSERT_TRUE(checked) << describe(checked.error());
    EXPECT_EQ(checked->content.sequence(), 11U);
    ASSERT_EQ(checked->files.size(), 1U);
    EXPECT_EQ(checked->files[0].content, test::kRuleText);
    EXPECT_THAT(checked->signers, testing::ElementsAre(test::test_key(1).public_key().id()));
    EXPECT_FALSE(checked->expired || checked->times_unjudged);
}

/// Each step makes one more check fail, the last ones first: the answer is always the earliest check.
TEST(CheckBundle, AnswersWithTheFirstCheckThatFails) {
    struct Step {
        BundleCode code;
        std::function<void(wire::RuleBundle&)> change;
    };
    const Step steps[] = {
        {BundleCode::feature_unknown, [](auto& bundle) { bundle.add_required_features("telepathy"); }},
        {BundleCode::engine_too_old, [](auto& bundle) { bundle.set_min_engine(9); }},
        {BundleCode::blob_digest, [](auto& bundle) { bundle.mutable_blobs(0)->set_sha256("x"); }},
        {BundleCode::blob_name, [](auto& bundle) { bundle.mutable_blobs(0)->set_name("x"); }},
        {BundleCode::expired, [](auto& bundle) { bundle.set_expires(kNow); }},
        {BundleCode::created_in_future,
         [](auto& bundle) {
             bundle.set_created(kNow + kCreatedAheadLimit + 1);
             bundle.set_expires(kNow + kCreatedAheadLimit + 2);
         }},
        {BundleCode::times_disordered, [](auto& bundle) { bundle.set_expires(1); }},
        {BundleCode::sequence_equal, [](auto& bundle) { bundle.set_sequence(10); }},
        {BundleCode::floor_above_sequence, [](auto& bundle) { bundle.set_min_sequence(99); }},
        {BundleCode::sequence_range, [](auto& bundle) { bundle.set_sequence(0); }},
        {BundleCode::board_wrong, [](auto& bundle) { bundle.set_boards(0, "otherboard"); }},
        {BundleCode::product_wrong, [](auto& bundle) { bundle.set_product("other"); }},
        {BundleCode::payload_limit, [](auto& bundle) { bundle.clear_boards(); }},
        {BundleCode::format_unknown, [](auto& bundle) { bundle.set_format(2); }},
    };
    wire::RuleBundle bundle = test::bundle(11);
    for (const Step& step : steps) {
        step.change(bundle);
        EXPECT_EQ(check(test::sign(write_message(bundle), {1})), step.code) << code_name(step.code);
    }
    EXPECT_EQ(check(test::sign("\xff", {1})), BundleCode::payload_malformed);
    EXPECT_EQ(check(test::sign("\xff", {2})), BundleCode::signature_unknown_key);
    EXPECT_EQ(check(test::sign("\xff", {1}) + "x"), BundleCode::envelope_malformed);
}

TEST(CheckBundle, LooksIntoNothingThatIsNotSigned) {
    // What would be refused for its content is refused for its signature when that is wrong.
    const std::string payload = write_message(test::bundle(1, [](auto& bundle) { bundle.set_format(9); }));
    EXPECT_EQ(check(test::sign(payload, {1}, Purpose::key_set)), BundleCode::signature_wrong);
    EXPECT_EQ(check(test::sign(payload, {1}, Purpose::freshness)), BundleCode::signature_wrong);
    EXPECT_EQ(check(test::sign(payload, {2})), BundleCode::signature_unknown_key);
    EXPECT_EQ(check(test::sign(payload, {})), BundleCode::signature_count);
}

TEST(CheckBundle, CountsKeysNotSignatures) {
    const KeySet keys = test::first_keys([](wire::KeySet& set) {
        for (std::size_t key : {2, 3}) set.add_rule_keys(test::test_key(key).public_key().spki());
        set.set_rule_threshold(2);
    });
    const std::string payload = write_message(test::bundle(11));
    EXPECT_EQ(check(test::sign(payload, {1}), keys), BundleCode::signature_threshold);
    EXPECT_EQ(check(test::sign(payload, {1, 4}), keys), BundleCode::signature_unknown_key);
    EXPECT_EQ(check(test::sign(payload, {1, 0}), keys), BundleCode::signature_unknown_key) << "a root key";
    EXPECT_EQ(check(test::sign(payload, {1, 3}), keys), BundleCode::ok);
    EXPECT_EQ(check(test::sign(payload, {1, 2, 3, 4}), keys), BundleCode::ok) << "strangers count for nothing";
    wire::Envelope twice;
    ASSERT_TRUE(read_message(test::sign(payload, {1}), twice));
    *twice.add_signatures() = twice.signatures(0);
    EXPECT_EQ(check(write_message(twice), keys), BundleCode::signature_repeated);
}

TEST(CheckBundle, HoldsSequencesAgainstTheBox) {
    struct Row {
        std::uint64_t sequence, min_sequence, floor;
        BundleCode code;
    };
    const Row rows[] = {
        {11, 0, 0, BundleCode::ok},
        {11, 11, 11, BundleCode::ok},
        {10, 0, 0, BundleCode::sequence_equal},
        {9, 0, 0, BundleCode::sequence_lower},
        {0, 0, 0, BundleCode::sequence_range},
        {kSequenceLimit, 0, 0, BundleCode::ok},
        {kSequenceLimit + 1, 0, 0, BundleCode::sequence_range},
        {UINT64_MAX, 0, 0, BundleCode::sequence_range},
        {11, 12, 0, BundleCode::floor_above_sequence},
        {11, 0, 12, BundleCode::sequence_below_floor},
    };
    for (const Row& row : rows) {
        BundleExpectations expected = expectations();
        expected.floor = row.floor;
        const auto change = [&](wire::RuleBundle& bundle) { bundle.set_min_sequence(row.min_sequence); };
        EXPECT_EQ(check(signed_bundle(row.sequence, change), test::first_keys(), expected), row.code)
            << row.sequence << " " << row.min_sequence << " " << row.floor;
    }
    BundleExpectations nothing = expectations();
    nothing.installed_sequence.reset();
    EXPECT_EQ(check(signed_bundle(1), test::first_keys(), nothing), BundleCode::ok);
}

TEST(CheckBundle, JudgesTimesOnlyWithAClock) {
    struct Row {
        std::int64_t now;
        bool accept_clock, installing;
        BundleCode code;
        bool expired;
    };
    const Row rows[] = {
        {kNow, false, true, BundleCode::ok, false},
        {kNow + 999, false, true, BundleCode::ok, false},
        {kNow + 1000, false, true, BundleCode::expired, false},
        {kNow + 1000, true, true, BundleCode::expired, false},  // a clock that was set needs no accepting
        {kNow + 1000, false, false, BundleCode::ok, true},
        {kNow + 2 * test::kKeysLast, false, false, BundleCode::ok, true},  // the keys have expired too
        {4'102'444'800, false, false, BundleCode::ok, true},               // 2100
        {0, false, true, BundleCode::clock_not_set, false},
        {0, true, true, BundleCode::ok, false},
        {0, false, false, BundleCode::ok, false},
        {-1, false, true, BundleCode::clock_not_set, false},
        {build_time() - 1, false, true, BundleCode::clock_not_set, false},
    };
    for (const Row& row : rows) {
        BundleExpectations expected = expectations();
        expected.now = row.now;
        expected.accept_clock = row.accept_clock;
        expected.installing = row.installing;
        const auto checked = check_bundle(as_bytes(signed_bundle(11)), test::first_keys(), expected);
        EXPECT_EQ(code_of(checked), row.code) << row.now << row.accept_clock << row.installing;
        if (checked) EXPECT_EQ(checked->expired, row.expired) << row.now;
        if (checked) EXPECT_EQ(checked->times_unjudged, row.now < build_time());
    }
    BundleExpectations late = expectations();
    late.now = kNow + test::kKeysLast;
    const auto lasting = [](wire::RuleBundle& bundle) { bundle.set_expires(kNow + 2 * test::kKeysLast); };
    EXPECT_EQ(check(signed_bundle(11, lasting), test::first_keys(), late), BundleCode::keys_expired);
}

TEST(CheckBundle, RefusesWhatTheKeySetWithdraws) {
    const std::string file = signed_bundle(11);
    wire::Envelope envelope;
    ASSERT_TRUE(read_message(file, envelope));
    const Sha256 digest = payload_digest(envelope);
    const auto revoke = [&](wire::KeySet& set) { set.add_revoked_bundles(std::string(digest.begin(), digest.end())); };
    EXPECT_EQ(check(file, test::first_keys(revoke)), BundleCode::revoked);
    // Another signature makes no other bundle of it.
    BundleExpectations boot = expectations();
    boot.installing = false;
    EXPECT_EQ(check(test::sign(envelope.payload(), {1, 4}), test::first_keys(revoke), boot), BundleCode::revoked);
}

Checked<TrialOutcome> try_with(const std::function<void(wire::RuleBundle&)>& change,
                               const TrialSettings& settings = {}) {
    const auto checked = check_bundle(as_bytes(signed_bundle(11, change)), test::first_keys(), expectations());
    if (!checked) return tl::unexpected(checked.error());
    return try_bundle(*checked, settings);
}

std::function<void(wire::RuleBundle&)> with_test(const std::function<void(wire::SelfTest&)>& change) {
    return [change](wire::RuleBundle& bundle) { change(*bundle.add_tests()); };
}

TEST(TryBundle, CompilesToWhatADataplaneLoads) {
    const auto outcome = try_with({});
    ASSERT_TRUE(outcome) << describe(outcome.error());
    EXPECT_EQ(outcome->rules, 1U);
    const auto rules = RuleSet::load(outcome->compiled);
    ASSERT_TRUE(rules) << rules.error();
    EXPECT_EQ((*rules)->rule(0).name, "tiktok.com");
}

TEST(TryBundle, RunsSelfTestsOfEveryKind) {
    const auto hello = [](std::string_view name) {
        const test::Buffer stream = test::records_of(50, test::hello(name));
        return std::string(as_text(stream));
    };
    const std::string wire_name("\3www\6TikTok\3com\0", 16);
    struct Row {
        const char* what;
        BundleCode code;
        std::function<void(wire::SelfTest&)> change;
    };
    const auto match = [](auto set) {
        return [set](wire::SelfTest& test) {
            test.set_expected(wire::EXPECTATION_MATCH);
            set(test);
        };
    };
    const auto pass = [](auto set) {
        return [set](wire::SelfTest& test) {
            test.set_expected(wire::EXPECTATION_PASS);
            set(test);
        };
    };
    const Row rows[] = {
        {"name", BundleCode::ok, match([](auto& test) { test.set_name("WWW.TIKTOK.COM."); })},
        {"look-alike", BundleCode::ok, pass([](auto& test) { test.set_name("tiktok.com.example"); })},
        {"look-alike must not match", BundleCode::self_test_failed,
         match([](auto& test) { test.set_name("nottiktok.com"); })},
        {"DNS name", BundleCode::ok, match([&](auto& test) { test.set_dns_name(wire_name); })},
        {"DNS name without its end", BundleCode::self_test_failed,
         match([&](auto& test) { test.set_dns_name(wire_name.substr(0, 15)); })},
        {"DNS name and more", BundleCode::self_test_failed,
         match([&](auto& test) { test.set_dns_name(wire_name + "x"); })},
        {"DNS name with a pointer", BundleCode::self_test_failed,
         match([](auto& test) { test.set_dns_name("\xc0\x0c"); })},
        {"hello", BundleCode::ok, match([&](auto& test) { test.set_tls_stream(hello("m.tiktok.com")); })},
        {"hello that passes", BundleCode::ok, pass([&](auto& test) { test.set_tls_stream(hello("example.com")); })},
        {"hello that must pass", BundleCode::self_test_failed,
         pass([&](auto& test) { test.set_tls_stream(hello("m.tiktok.com")); })},
        {"half a hello", BundleCode::self_test_failed,
         pass([&](auto& test) { test.set_tls_stream(hello("example.com").substr(0, 60)); })},
        {"rule", BundleCode::ok, match([](auto& test) {
             test.set_name("tiktok.com");
             test.set_rule("tiktok.com");
             test.set_category("tiktok");
         })},
        {"no such category", BundleCode::self_test_failed, pass([](auto& test) {
             test.set_name("example.com");
             test.set_category("encrypted-dns");
         })},
        {"no such rule", BundleCode::self_test_failed, pass([](auto& test) {
             test.set_name("example.com");
             test.set_rule("tiktok");
         })},
        {"no such rule of the category", BundleCode::self_test_failed, pass([](auto& test) {
             test.set_name("example.com");
             test.set_rule("tiktok.com");
             test.set_category("encrypted-dns");
         })},
        {"other rule", BundleCode::self_test_failed, match([](auto& test) {
             test.set_name("tiktok.com");
             test.set_rule("tiktokv.com");
         })},
    };
    for (const Row& row : rows) {
        const auto outcome = try_with(with_test(row.change));
        EXPECT_EQ(code_of(outcome), row.code) << row.what << (outcome ? "" : ": " + outcome.error().message);
    }
}

TEST(TryBundle, KeepsPinnedNamesOpen) {
    TrialSettings settings;
    settings.pinned_names = {"example.com", "intranet.tiktok.com"};
    const auto outcome = try_with({}, settings);
    EXPECT_EQ(code_of(outcome), BundleCode::pinned_name_refused);
    EXPECT_THAT(outcome.error().message, testing::HasSubstr("intranet.tiktok.com"));
    settings.pinned_names.pop_back();
    EXPECT_EQ(code_of(try_with({}, settings)), BundleCode::ok);
}

/// Rules that are much work to compile.
void make_heavy(wire::RuleBundle& bundle) {
    std::string text(test::kRuleText);
    for (int i = 0; i < 60; ++i) {
        text += "[[regex]]\nname = 'r" + std::to_string(i) + "'\ncomment = 'c'\n";
        text += "pattern = '^([a-z]{1,40}x[0-9]{1,40}){1,8}" + std::to_string(i) + "[a-z]{20,60}\\.tiktok\\.com$'\n";
    }
    *bundle.mutable_blobs(0) = pack_blob({"rules.toml", text});
}

TEST(TryBundle, EndsInTime) {
    TrialSettings settings;
    settings.limits.wall_time = std::chrono::milliseconds(150);
    EXPECT_EQ(code_of(try_with(make_heavy, settings)), BundleCode::trial_time);
    settings.limits.wall_time = std::chrono::minutes(2);
    const auto heavy_in = [](std::uint32_t milliseconds) {
        return [=](wire::RuleBundle& bundle) {
            make_heavy(bundle);
            bundle.mutable_limits()->set_compile_ms(milliseconds);
        };
    };
    EXPECT_EQ(code_of(try_with(heavy_in(20), settings)), BundleCode::trial_time);
    settings.limits.cpu_seconds = 1;
    EXPECT_EQ(code_of(try_with(make_heavy, settings)), BundleCode::trial_time);
}

TEST(TryBundle, EndsInItsMemory) {
    if (SLUIS_SANITIZED) GTEST_SKIP() << "the sanitizer needs more address space than any limit";
    TrialSettings settings;
    settings.limits.memory_bytes = std::uint64_t{24} << 20;
    const auto outcome = try_with(make_heavy, settings);
    EXPECT_THAT(code_of(outcome), testing::AnyOf(BundleCode::trial_memory, BundleCode::compile_failed))
        << describe(outcome.error());
}

TEST(TryBundle, SaysWhatBecameOfItsChild) {
    struct Row {
        const char* program;
        BundleCode code;
    };
    const Row rows[] = {
        {"/nonexistent/sluis-rule-trial", BundleCode::trial_unavailable},
        {"/bin/true", BundleCode::trial_crashed},   // an empty answer
        {"/bin/false", BundleCode::trial_crashed},  // and a status
        {"/bin/cat", BundleCode::trial_crashed},    // takes its arguments for files
    };
    for (const Row& row : rows) {
        TrialSettings settings;
        settings.program = row.program;
        const auto outcome = try_with({}, settings);
        EXPECT_EQ(code_of(outcome), row.code) << row.program;
    }
}

}  // namespace
}  // namespace sluis
