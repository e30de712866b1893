// Self-tests of addresses and QUIC hellos: from what a bundle says to what its trial answers.
#include "control/bundle/self_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "control/bundle/quic_hello.h"
#include "dataplane/packet/bytes.h"
#include "dataplane/protocol/quic_initial.h"
#include "tests/unit/bundle_harness.h"
#include "tests/unit/tls_hello.h"

namespace sluis {
namespace {

using test::buffer;
using test::Buffer;
using test::code_of;
using test::operator+;
using test::kNow;
using testing::HasSubstr;

const Buffer kConnection = buffer("\x83\x94\xc8\xf0\x3e\x51\x57\x08");

/// A CRYPTO frame (RFC 9000, section 19.6).
Buffer crypto(std::size_t offset, const Buffer& data) {
    return buffer({6}) + test::big_endian(0x8000'0000 | offset, 4) + test::big_endian(0x4000 | data.size(), 2) + data;
}

std::string initial(Buffer frames, std::size_t size = 1200, std::uint32_t version = kQuicVersion1) {
    const auto keys = derive_quic_initial_keys(version, kConnection, QuicSender::client);
    QuicInitialFields fields;
    fields.version = version;
    fields.destination = kConnection;
    Buffer room(4096);
    for (;;) {
        const auto packet = write_quic_initial(fields, frames, keys, room);
        if (!packet) return "";
        if (packet->size() >= size) return std::string(as_text(*packet));
        frames.resize(frames.size() + size - packet->size());  // PADDING
    }
}

std::string sample(const std::string& name) {
    std::ifstream file(SLUIS_SOURCE_DIR "/tests/unit/data/quic/quic_initial_" + name + ".bin", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

using Datagrams = std::vector<std::string>;

wire::QuicHello hello_of(const Datagrams& datagrams) {
    wire::QuicHello hello;
    for (const std::string& each : datagrams) hello.add_datagrams(each);
    return hello;
}

/// The name, or what is wrong.
std::string read(const Datagrams& datagrams) {
    const auto name = quic_server_name(hello_of(datagrams));
    return name ? *name : "error: it " + name.error();
}

TEST(QuicHello, IsPutTogether) {
    const Buffer hello = test::hello("www.tiktok.com");
    const Buffer front(hello.begin(), hello.begin() + 40), back(hello.begin() + 40, hello.end());
    EXPECT_EQ(read({initial(crypto(0, hello))}), "www.tiktok.com");
    EXPECT_EQ(read({initial(crypto(0, hello), 1200, kQuicVersion2)}), "www.tiktok.com");
    EXPECT_EQ(read({initial(crypto(40, back)), initial(crypto(0, front))}), "www.tiktok.com");
    EXPECT_EQ(read({initial(crypto(40, back) + crypto(0, front))}), "www.tiktok.com");
    EXPECT_EQ(read({initial(crypto(0, front), 0) + initial(crypto(40, back))}), "www.tiktok.com") << "one datagram";
    EXPECT_EQ(read({sample("www_google_com")}), "www.google.com");
    EXPECT_EQ(read({sample("rutracker_org_kyber_1"), sample("rutracker_org_kyber_2")}), "rutracker.org");
}

TEST(QuicHello, IsNoTestWhenABoxWouldLearnNothing) {
    const Buffer hello = test::hello("www.tiktok.com");
    std::string forged = initial(crypto(0, hello));
    forged[600] = static_cast<char>(forged[600] ^ 1);
    struct Row {
        const char* error;
        Datagrams datagrams;
    };
    const Row rows[] = {
        {"no beginning", {}},
        {"less than 1200 bytes", {""}},
        {"less than 1200 bytes", {initial(crypto(0, hello), 1199)}},
        {"no beginning", {std::string(1200, 'x')}},
        {"not authentic", {forged}},
        {"no complete", {initial(crypto(0, Buffer(hello.begin(), hello.begin() + 40)))}},
        {"no complete", {initial(crypto(0, test::handshake(2, Buffer(40))))}},
        {"malformed", {initial(crypto(0, test::handshake(1, Buffer(40))))}},
        {"malformed frame", {initial(crypto(0, hello) + buffer({0x1e}))}},
        {"names no server", {initial(crypto(0, test::handshake(1, test::hello_body({}))))}},
        {"two contents", {initial(crypto(0, hello)), initial(crypto(3, buffer("other")))}},
        {"beyond", {initial(crypto(0, hello) + crypto(20'000, buffer("x")))}},
        {"no complete", {sample("rutracker_org_kyber_1")}},
    };
    for (const Row& row : rows) EXPECT_THAT(read(row.datagrams), HasSubstr(row.error));
}

constexpr char kAddressRules[] = R"(
category = "tiktok-addresses"
default = "off"
comment = "made for a test"
source = "a test"
prefix = [ { name = "23.19.0.0/16", comment = "c" }, { name = "2a03:1234::/32", comment = "c" } ]
)";

/// What a bundle with one self-test comes to.
Checked<TrialOutcome> try_with(wire::Expectation expected, const std::function<void(wire::SelfTest&)>& change,
                               const TrialSettings& settings = {}, bool addresses_on = false) {
    const auto fill = [&](wire::RuleBundle& bundle) {
        std::string text = kAddressRules;
        if (addresses_on) text.replace(text.find("\"off\""), 5, "\"on\"");
        *bundle.add_blobs() = pack_blob({"addresses.toml", text});
        wire::SelfTest& test = *bundle.add_tests();
        test.set_expected(expected);
        change(test);
    };
    BundleExpectations expectations;
    expectations.now = kNow;
    const auto checked = check_bundle(as_bytes(test::signed_bundle(11, fill)), test::first_keys(), expectations);
    if (!checked) return tl::unexpected(checked.error());
    return try_bundle(*checked, settings);
}

TEST(SelfTest, IsOfAddresses) {
    struct Row {
        const char* address;
        const char* category;
        wire::Expectation expected;
        BundleCode code;
    };
    constexpr auto kMatch = wire::EXPECTATION_MATCH, kPass = wire::EXPECTATION_PASS;
    constexpr auto kFailed = BundleCode::self_test_failed;
    const Row rows[] = {
        {"23.19.255.255", "tiktok-addresses", kMatch, BundleCode::ok},
        {"23.20.0.0", "tiktok-addresses", kMatch, kFailed},
        {"23.20.0.0", "tiktok-addresses", kPass, BundleCode::ok},
        {"23.19.0.0", "tiktok-addresses", kPass, kFailed},
        {"2a03:1234::1", "tiktok-addresses", kMatch, BundleCode::ok},
        {"2a03:1235::1", "tiktok-addresses", kMatch, kFailed},
        {"::ffff:23.19.1.1", "tiktok-addresses", kMatch, BundleCode::ok},
        {"64:ff9b::23.20.1.1", "tiktok-addresses", kMatch, kFailed},
        {"23.19.0.0", "", kPass, BundleCode::ok},  // the category is off
        {"23.19.0.0", "", kMatch, kFailed},
        {"23.19.0.0", "tiktok", kMatch, kFailed},
        {"23.19.0", "", kPass, kFailed},
        {"23.19.0.0/16", "", kPass, kFailed},
        {"www.tiktok.com", "", kPass, kFailed},
    };
    for (const Row& row : rows) {
        const auto outcome = try_with(row.expected, [&](wire::SelfTest& test) {
            test.set_address(row.address);
            test.set_category(row.category);
        });
        EXPECT_EQ(code_of(outcome), row.code) << row.address << " " << row.category;
    }
    const auto named = [](const char* rule) {
        return [=](wire::SelfTest& test) {
            test.set_address("23.19.7.7");
            test.set_rule(rule);
        };
    };
    EXPECT_EQ(code_of(try_with(kMatch, named("23.19.0.0/16"))), BundleCode::ok);
    EXPECT_EQ(code_of(try_with(kMatch, named("2a03:1234::/32"))), kFailed);
}

TEST(SelfTest, IsOfQuicHellos) {
    const auto of = [](const Datagrams& datagrams) {
        return [=](wire::SelfTest& test) { *test.mutable_quic_hello() = hello_of(datagrams); };
    };
    const std::string hello = initial(crypto(0, test::hello("m.tiktok.com")));
    EXPECT_EQ(code_of(try_with(wire::EXPECTATION_MATCH, of({hello}))), BundleCode::ok);
    EXPECT_EQ(code_of(try_with(wire::EXPECTATION_PASS, of({hello}))), BundleCode::self_test_failed);
    EXPECT_EQ(code_of(try_with(wire::EXPECTATION_PASS, of({sample("www_google_com")}))), BundleCode::ok);
    EXPECT_EQ(code_of(try_with(wire::EXPECTATION_MATCH, of({sample("www_google_com")}))), BundleCode::self_test_failed);
    EXPECT_EQ(code_of(try_with(wire::EXPECTATION_PASS, of({hello.substr(0, 1199)}))), BundleCode::self_test_failed);
    EXPECT_EQ(code_of(try_with(wire::EXPECTATION_PASS, of({}))), BundleCode::self_test_failed);
    EXPECT_EQ(code_of(try_with(wire::EXPECTATION_PASS, of(Datagrams(33, "x")))), BundleCode::payload_limit);
    EXPECT_EQ(code_of(try_with(wire::EXPECTATION_PASS, of(Datagrams(2, std::string(16'385, 'x'))))),
              BundleCode::payload_limit);
}

TEST(SelfTest, KeepsPinnedAddressesOpen) {
    const auto nothing = [](wire::SelfTest& test) { test.set_name("example.com"); };
    TrialSettings settings;
    settings.pinned_names = {"23.19.7.7"};
    EXPECT_EQ(code_of(try_with(wire::EXPECTATION_PASS, nothing, settings)), BundleCode::ok);
    EXPECT_EQ(code_of(try_with(wire::EXPECTATION_PASS, nothing, settings, true)), BundleCode::pinned_name_refused);
    settings.pinned_names = {"23.20.7.7"};
    EXPECT_EQ(code_of(try_with(wire::EXPECTATION_PASS, nothing, settings, true)), BundleCode::ok);
}

}  // namespace
}  // namespace sluis
