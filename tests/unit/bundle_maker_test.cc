// Making bundles, the shape of messages, times as text.
#include "control/bundle/bundle_maker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_verifier.h"
#include "control/bundle/message_reader.h"
#include "tests/unit/bundle_harness.h"

namespace sluis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Source {
    Source() {
        test::write_file(folder / "a.toml", test::kRuleText);
        test::write_file(folder / "b.toml",
                         "category = 'other'\ndefault = 'off'\ncomment = 'c'\nsource = 's'\n"
                         "exact = [ { name = 'a.example', comment = 'c' } ]\n");
        plan.sources = {folder.path().string()};
        plan.boards = {"b", "a", "b"};
        plan.sequence = 7;
        plan.created = 1;
        plan.expires = 2;
    }
    ScratchFolder folder;
    BundlePlan plan;
};

TEST(MakeRuleBundle, GivesTheSameBytesForTheSameSource) {
    const Source source;
    const auto bundle = make_rule_bundle(source.plan);
    ASSERT_TRUE(bundle) << bundle.error()[0];
    EXPECT_THAT(bundle->required_features(), ElementsAre("rule-exact", "rule-suffix"));
    EXPECT_THAT(bundle->boards(), ElementsAre("a", "b"));
    EXPECT_EQ(bundle->blobs(0).name(), "a.toml");
    BundlePlan other_order = source.plan;
    other_order.sources = {source.folder / "b.toml", source.folder / "a.toml"};
    EXPECT_EQ(write_message(*make_rule_bundle(other_order)), write_message(*bundle));
    const auto files = unpack_blobs(bundle->blobs());
    ASSERT_TRUE(files);
    EXPECT_EQ((*files)[0].content, test::kRuleText);
}

TEST(MakeRuleBundle, SaysAllThatIsWrong) {
    Source source;
    test::write_file(source.folder / "c d.toml", "category = [");
    source.plan.sequence = 0;
    source.plan.expires = 0;
    source.plan.test_files = {source.folder / "missing"};
    const auto bundle = make_rule_bundle(source.plan);
    ASSERT_FALSE(bundle);
    EXPECT_THAT(bundle.error(), testing::IsSupersetOf({HasSubstr("sequence"), HasSubstr("expire"), HasSubstr("letters"),
                                                       HasSubstr("c d.toml:1"), HasSubstr("missing")}));
}

TEST(MakeRuleBundle, ReadsSelfTests) {
    Source source;
    test::write_file(source.folder / "hello.bin", "\x16\x03");
    test::write_file(source.folder / "tests", R"(
        [[match]]
        name = "www.tiktok.com"
        rule = "tiktok.com"
        [[match]]
        dns_name = "016100"
        [[pass]]
        tls_stream = "hello.bin"
        category = "other"
        [[pass]]
        quic_hello = ["hello.bin", "tests"]
        [[pass]]
        address = "2001:db8::1"
    )");
    source.plan.test_files = {source.folder / "tests"};
    const auto bundle = make_rule_bundle(source.plan);
    ASSERT_TRUE(bundle) << bundle.error()[0];
    ASSERT_EQ(bundle->tests_size(), 5);
    EXPECT_EQ(bundle->tests(0).rule(), "tiktok.com");
    EXPECT_EQ(bundle->tests(1).dns_name(), std::string("\1a\0", 3));
    EXPECT_EQ(bundle->tests(2).tls_stream(), "\x16\x03");
    EXPECT_EQ(bundle->tests(2).expected(), wire::EXPECTATION_PASS);
    ASSERT_EQ(bundle->tests(3).quic_hello().datagrams_size(), 2);
    EXPECT_EQ(bundle->tests(3).quic_hello().datagrams(0), "\x16\x03");
    EXPECT_EQ(bundle->tests(4).address(), "2001:db8::1");
    const char* wrong[] = {"[[match]]\nnme = 'x'\n",
                           "[[match]]\n",
                           "[[pass]]\nname = 'a'\ndns_name = '00'\n",
                           "[[match]]\ndns_name = '0g'\n",
                           "match = 1\n",
                           "[[match]]\nname = 5\n",
                           "[[mach]]\n",
                           "[[match]]\ntls_stream = 'nowhere'\n",
                           "[[pass]]\ntls_stream = '../secret'\n",
                           "[[pass]]\ntls_stream = './hello.bin'\n",
                           "[[pass]]\ntls_stream = '/etc/passwd'\n",
                           "[[pass]]\ntls_stream = 'link'\n",
                           "[[pass]]\ntls_stream = '..'\n",
                           "[[pass]]\nquic_hello = 'hello.bin'\n",
                           "[[pass]]\nquic_hello = []\n",
                           "[[pass]]\nquic_hello = [1]\n",
                           "[[pass]]\nquic_hello = ['hello.bin', 'link']\n",
                           "[[pass]]\nquic_hello = ['../secret']\n",
                           "[[pass]]\naddress = '192.0.2.0/24'\n",
                           "[[pass]]\naddress = 'a'\n"};
    test::write_file(source.folder / "secret", "key");
    std::filesystem::create_symlink(source.folder / "secret", source.folder / "link");
    const std::string below = source.folder / "below";
    std::filesystem::create_directory(below);
    test::write_file(below + "/tests", "[[pass]]\ntls_stream = '../secret'\n");
    source.plan.test_files = {below + "/tests"};
    EXPECT_FALSE(make_rule_bundle(source.plan));
    source.plan.test_files = {source.folder / "tests"};
    for (const char* text : wrong) {
        test::write_file(source.folder / "tests", text);
        const auto refused = make_rule_bundle(source.plan);
        ASSERT_FALSE(refused) << text;
        EXPECT_THAT(refused.error()[0], HasSubstr("tests:")) << text;
    }
}

TEST(MakeRuleBundle, TestsOnlyWhatItHas) {
    Source source;
    source.plan.test_files = {source.folder / "tests"};
    const auto make_with = [&](const std::string& target) {
        test::write_file(source.folder / "tests", "[[pass]]\nname = 'x.example'\n" + target);
        return make_rule_bundle(source.plan);
    };
    for (const char* right :
         {"", "rule = 'tiktok.com'", "category = 'other'", "rule = 'a.example'\ncategory = 'other'"})
        EXPECT_TRUE(make_with(right)) << right;
    for (const char* wrong : {"rule = 'tiktok'", "category = 'othr'", "rule = 'tiktok.com'\ncategory = 'other'"}) {
        const auto refused = make_with(wrong);
        ASSERT_FALSE(refused) << wrong;
        EXPECT_THAT(refused.error(), ElementsAre(HasSubstr("self-test 1: the bundle has no rule"))) << wrong;
    }
}

/// A message with every field set has the shape that is written down for it, and no shape has fields to spare.
TEST(MessageShape, IsThatOfTheProtocol) {
    wire::RuleBundle bundle = test::bundle(1, [](wire::RuleBundle& b) {
        b.set_min_sequence(1);
        b.add_required_features("f");
        b.set_origin("o");
        b.set_notes("n");
        b.mutable_limits()->set_rules(1);
        b.mutable_limits()->set_compiled_bytes(1);
        b.mutable_limits()->set_compile_ms(1);
        for (int i = 0; i < 5; ++i) b.add_tests()->set_expected(wire::EXPECTATION_PASS);
        b.mutable_tests(0)->set_name("n");
        b.mutable_tests(1)->set_dns_name("d");
        b.mutable_tests(2)->set_tls_stream("t");
        b.mutable_tests(3)->set_address("a");
        b.mutable_tests(4)->mutable_quic_hello()->add_datagrams("q");
        b.mutable_tests(2)->set_rule("r");
        b.mutable_tests(2)->set_category("c");
    });
    EXPECT_TRUE(has_shape(write_message(bundle), shape::kRuleBundle));
    EXPECT_FALSE(has_shape(write_message(bundle) + "\x78\x01", shape::kRuleBundle)) << "field 15";
    wire::KeySet set = test::key_set(1, [](wire::KeySet& s) {
        s.add_freshness_keys("k");
        s.set_sequence_floor_reset(1);
        s.add_revoked_bundles("d");
    });
    EXPECT_TRUE(has_shape(write_message(set), shape::kKeySet));
    EXPECT_FALSE(has_shape(write_message(set) + "\x68\x01", shape::kKeySet)) << "field 13";
    wire::Freshness fresh;
    fresh.set_sequence(1);
    fresh.set_bundle_sha256("d");
    fresh.set_expires(1);
    fresh.set_issued(1);
    EXPECT_TRUE(has_shape(write_message(fresh), shape::kFreshness));
    for (const char* wrong : {"\x08", "\x0a\x01x", "\x0d\1\1\1\1", "\x09\1\1\1\1\1\1\1\1", "\x0b\x0c", "\x07\x01"})
        EXPECT_FALSE(has_shape(wrong, shape::kFreshness)) << testing::PrintToString(wrong);
}

TEST(MessageShape, IsCountedWithoutReading) {
    const std::string two = "\x12\x01x\x12\x02yz";
    EXPECT_EQ(count_fields("", 2), 0U);
    EXPECT_EQ(count_fields(two, 2), 2U);
    EXPECT_EQ(count_fields("\x0a\x03" + two, 2), 1U) << "what stands in another field is no field";
    EXPECT_EQ(count_fields(two + "\x12\x05", 2), 3U) << "cut off";
    EXPECT_EQ(count_fields("\x13" + two, 2), 1U) << "a group: nothing behind it counts";
}

TEST(BundleTime, IsReadAndWritten) {
    struct Row {
        const char* text;
        std::int64_t time;
    };
    const Row rows[] = {{"1970-01-01", 0},
                        {"2023-03-27", 1'679'875'200},
                        {"2023-03-27T08:09:10Z", 1'679'904'550},
                        {"2024-02-29T23:59:59Z", 1'709'251'199},
                        {"@1700000000", 1'700'000'000},
                        {"9999-12-31T23:59:59Z", 253'402'300'799}};
    for (const Row& row : rows) EXPECT_EQ(parse_time(row.text), row.time) << row.text;
    EXPECT_EQ(format_time(1'679'904'550), "2023-03-27T08:09:10Z");
    EXPECT_EQ(format_time(-1), "@-1");
    EXPECT_EQ(format_time(INT64_MAX), "@9223372036854775807");
    for (const char* wrong : {"", "@", "@-1", "@1x", "2023", "2023-02-29", "2023-13-01", "2023-3-27",
                              "2023-03-27T8:00Z", "2023-03-27T24:00:00Z", "2023-03-27T08:09:10", "2023-03-27 08:09:10Z",
                              "1969-12-31", "+023-03-27", "@99999999999999"})
        EXPECT_FALSE(parse_time(wrong)) << wrong;
}

TEST(BundleCodes, HaveNumbersAndNamesOfTheirOwn) {
    std::set<std::uint16_t> numbers;
    std::set<std::string_view> names;
    for (const BundleCodeInfo& each : kBundleCodes) {
        EXPECT_TRUE(numbers.insert(static_cast<std::uint16_t>(each.code)).second) << each.name;
        EXPECT_TRUE(names.insert(each.name).second) << each.name;
        EXPECT_EQ(code_name(each.code), each.name);
        EXPECT_EQ(code_of(static_cast<std::uint32_t>(each.code), BundleCode::size), each.code);
    }
    std::ifstream file(SLUIS_SOURCE_DIR "/control/bundle/README.md");
    const std::string readme{std::istreambuf_iterator<char>(file), {}};
    for (const BundleCodeInfo& each : kBundleCodes) {
        const std::string row = std::to_string(static_cast<int>(each.code)) + " `" + std::string(each.name) + "`";
        EXPECT_TRUE(each.code == BundleCode::ok || readme.find(row) != readme.npos) << row << ": not in the README";
    }
    EXPECT_EQ(code_name(static_cast<BundleCode>(999)), "unknown");
    EXPECT_EQ(code_of(999, BundleCode::size), BundleCode::size);
    EXPECT_EQ(describe({BundleCode::board_wrong, "why"}), "304 board_wrong: why");
}

}  // namespace
}  // namespace sluis
