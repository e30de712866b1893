// Rules for addresses: what goes to them or comes from them, as far as a category with prefixes is enforced.
#include <gtest/gtest.h>

#include "tests/unit/quic_client.h"

namespace sluis::test {
namespace {

constexpr std::string_view kRules = R"(
category = "addresses"
default = "off"
comment = "test"
source = "test"
prefix = [
  { name = "198.51.100.0/24", comment = "test" },
  { name = "2001:db8:2::/48", comment = "test" },
]
suffix = [{ name = "tiktok.com", comment = "test" }]
)";

const RuleSet& address_rules() {
    static const std::unique_ptr<RuleSet> rules = [] {
        RuleSource source;
        std::vector<std::string> errors;
        read_rule_text(kRules, "test.toml", source, errors);
        for (const std::string& error : errors) ADD_FAILURE() << error;
        return std::move(compile_and_load(source).value());
    }();
    return *rules;
}

struct Addresses : testing::Test {
    explicit Addresses(bool enforced = true) {
        harness.policy.enforced = {enforced};
        harness.use(address_rules());
    }
    std::uint64_t blocks() const { return harness.counters.blocks[static_cast<std::size_t>(Reason::address_rule)]; }
    PipelineHarness harness;
};
struct AddressesOff : Addresses {
    AddressesOff() : Addresses(false) {}
};

const Found kRefused{Protocol::ip, "", Verdict::block, Reason::address_rule};

Buffer datagram(const std::string& source, const std::string& destination, const Buffer& payload = Buffer(40),
                int port = 3478) {
    return ethernet(
        ipv4({.source = source, .destination = destination, .protocol = kProtocolUdp}, udp(50000, port, payload)));
}

TEST_F(Addresses, ASynIsAnsweredByAReset) {
    const auto sent = harness.from_client(ethernet(ipv4({}, tcp({.seq = 4000, .flags = kTcpSyn}))));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_TRUE(sent[0].injected);
    EXPECT_EQ(sent[0].egress, Side::inside);
    const Bytes segment = Bytes(sent[0].bytes).subspan(34);
    EXPECT_EQ(get16(segment, 0), 443U);
    EXPECT_EQ(get32(segment, 8), 4001U);
    EXPECT_EQ(std::to_integer<int>(segment[13]), kTcpRst | kTcpAck);
    EXPECT_EQ(harness.findings, std::vector<Found>{kRefused});
    EXPECT_EQ(harness.drops(Reason::address_rule), 1U);
    EXPECT_EQ(blocks(), 1U);
    EXPECT_EQ(harness.counters.flows, 0U);
}

TEST_F(Addresses, IPv6IsAskedInItsOwnTable) {
    EXPECT_TRUE(refused(harness.from_client(ethernet(ipv6({}, tcp({.flags = kTcpSyn})), kEtherIpv6))));
    const Buffer elsewhere = ipv6({.destination = "2001:db8:3::20"}, tcp({.flags = kTcpSyn}));
    EXPECT_TRUE(passed(harness.from_client(ethernet(elsewhere, kEtherIpv6))));
    EXPECT_EQ(blocks(), 1U);
}

TEST_F(Addresses, AnIPv4RuleSeesItsAddressInsideIPv6) {
    for (const std::string form : {"::ffff:198.51.100.20", "64:ff9b::198.51.100.20", "2002:c633:6414::1"}) {
        SCOPED_TRACE(form);
        const Buffer syn = ipv6({.destination = form}, tcp({.flags = kTcpSyn}));
        const auto sent = harness.from_client(ethernet(syn, kEtherIpv6));
        ASSERT_EQ(sent.size(), 1U);
        EXPECT_TRUE(sent[0].injected);
        const Buffer question = ipv6({.destination = form, .protocol = kProtocolUdp}, udp(50000, 3478, Buffer(40)));
        EXPECT_TRUE(harness.from_client(ethernet(question, kEtherIpv6)).empty());
    }
    const Buffer other = ipv6({.destination = "64:ff9b::198.51.101.20"}, tcp({.flags = kTcpSyn}));
    EXPECT_TRUE(passed(harness.from_client(ethernet(other, kEtherIpv6))));
    EXPECT_EQ(blocks(), 6U);
}

TEST_F(Addresses, OnlyTheFarEndCounts) {
    const Ipv4Fields inside_has_it{.source = "198.51.100.20", .destination = "192.0.2.10"};
    EXPECT_TRUE(passed(harness.from_client(ethernet(ipv4(inside_has_it, tcp({.flags = kTcpSyn}))))));
    EXPECT_TRUE(refused(harness.from_server(ethernet(ipv4(inside_has_it, tcp({.flags = kTcpSyn}))))));
    EXPECT_TRUE(passed(harness.from_client(ethernet(ipv4({.destination = "203.0.113.1"}, tcp({.flags = kTcpSyn}))))));
}

TEST_F(Addresses, EveryDatagramIsDropped) {
    EXPECT_TRUE(harness.from_client(datagram("192.0.2.10", "198.51.100.20")).empty());
    EXPECT_TRUE(harness.from_client(datagram("192.0.2.10", "198.51.100.20", {})).empty());
    EXPECT_TRUE(harness.from_server(datagram("198.51.100.20", "192.0.2.10")).empty());
    EXPECT_TRUE(passed(harness.from_client(datagram("192.0.2.10", "198.51.101.20"))));
    EXPECT_TRUE(passed(harness.from_server(datagram("198.51.101.20", "198.51.100.1"))));
    EXPECT_EQ(harness.drops(Reason::address_rule), 3U);
    EXPECT_EQ(harness.findings, (std::vector<Found>{kRefused, kRefused, kRefused}));
}

TEST_F(Addresses, AFragmentedDatagramIsDroppedWhole) {
    const Buffer whole = udp(50000, 3478, Buffer(64));
    const Ipv4Fields first{.protocol = kProtocolUdp, .more = true, .whole = false};
    const Ipv4Fields second{.protocol = kProtocolUdp, .offset = 32, .whole = false};
    harness.from_client(ethernet(ipv4(first, {whole.begin(), whole.begin() + 32})));
    EXPECT_TRUE(refused(harness.from_client(ethernet(ipv4(second, {whole.begin() + 32, whole.end()})))));
    EXPECT_EQ(blocks(), 1U);
    EXPECT_EQ(harness.drops(Reason::address_rule), 2U);
}

TEST_F(Addresses, AQuicClientIsToldAtOnce) {
    for (const std::uint32_t version : {kQuicVersion1, kQuicVersion2, kQuicDraft29})
        for (const bool early : {false, true}) {
            const QuicFields client{.version = version};
            const Buffer before = early && version == kQuicVersion1 ? quic_zero_rtt() : Buffer{};
            const auto sent = harness.from_client(quic_datagram(before + quic_hello("www.example.org", client)));
            ASSERT_EQ(sent.size(), 1U);
            EXPECT_TRUE(sent[0].injected);
            EXPECT_EQ(sent[0].egress, Side::inside);
            const auto header = parse_quic_long_header(Bytes(sent[0].bytes).subspan(42));
            ASSERT_TRUE(header);
            EXPECT_EQ(buffer(header->destination), client.source);
            EXPECT_EQ(buffer(header->source), client.destination);
            const auto keys = derive_quic_initial_keys(version, client.destination, QuicSender::server);
            Buffer scratch(2000);
            const auto payload = unprotect_quic_initial(*header, keys, scratch);
            ASSERT_TRUE(payload);
            EXPECT_EQ(payload->frames[0], std::byte{0x1c});
            EXPECT_EQ(payload->frames[1], std::byte{0x02});
        }
    EXPECT_EQ(harness.findings, std::vector<Found>(6, kRefused));
    EXPECT_EQ(harness.counters.quic_connections, 0U);
}

TEST_F(Addresses, WhatIsNoClientsFirstInitialIsOnlyDropped) {
    Buffer unopened = quic_hello("www.example.org"), bad_sum = quic_datagram(unopened);
    unopened.back() ^= std::byte{1};
    bad_sum.back() ^= std::byte{1};
    const QuicFields later{.destination = buffer("server-1"), .keys_from = QuicFields{}.destination};
    EXPECT_TRUE(harness.from_client(quic_datagram(unopened)).empty());
    EXPECT_TRUE(harness.from_client(bad_sum).empty());
    EXPECT_TRUE(harness.from_client(quic_datagram(quic_hello("www.example.org", {.size = 1199}))).empty());
    EXPECT_TRUE(harness.from_client(quic_datagram(quic_hello("www.example.org", later))).empty());
    EXPECT_TRUE(harness.from_client(quic_datagram(Buffer(1200, std::byte{0x40}))).empty());
    EXPECT_TRUE(harness.from_server(quic_datagram(quic_hello("www.example.org"), true)).empty());
    EXPECT_EQ(harness.drops(Reason::address_rule), 6U);
}

TEST_F(Addresses, AHelloOfAnOlderConnectionResetsBothSides) {
    const Buffer first = record(22, hello("www.example.org"));
    const auto sent = harness.from_client(ethernet(ipv4({}, tcp({.seq = 4000, .ack = 9000, .flags = kTcpAck}, first))));
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_TRUE(sent[0].injected && sent[1].injected);
    EXPECT_NE(sent[0].egress, sent[1].egress);
    for (const Sent& frame : sent)
        EXPECT_EQ(get32(Bytes(frame.bytes).subspan(34), 4), frame.egress == Side::outside ? 4000U : 9000U);
}

TEST_F(Addresses, ABadChecksumIsNotAnswered) {
    Buffer frame = ethernet(ipv4({}, tcp({.flags = kTcpSyn})));
    frame.back() ^= std::byte{1};
    EXPECT_TRUE(harness.from_client(frame).empty());
    EXPECT_TRUE(harness.from_client(ethernet(ipv4({}, tcp({.flags = kTcpSyn | kTcpRst})))).empty());
}

TEST_F(Addresses, AFindingNamesItsRule) {
    struct Observer final : FindingObserver {
        void on_finding(const Finding& finding) noexcept override {
            rule = finding.rule;
            category = finding.category;
        }
        std::string rule, category;
    } observer;
    VectorIo io;
    LiveCounters counters{};
    Pipeline pipeline(PipelineHarness::small_limits(), io, counters, &observer);
    PipelinePolicy policy;
    policy.enforced = {true};
    const auto generation = generation_of(address_rules(), policy);
    pipeline.use(*generation);
    Frame* const frame = io.make(Side::inside, datagram("192.0.2.10", "198.51.100.20"));
    pipeline.process({&frame, 1}, kSecond);
    EXPECT_EQ(observer.rule, "198.51.100.0/24");
    EXPECT_EQ(observer.category, "addresses");
}

TEST_F(AddressesOff, NothingIsRefused) {
    EXPECT_TRUE(passed(harness.from_client(ethernet(ipv4({}, tcp({.flags = kTcpSyn}))))));
    EXPECT_TRUE(passed(harness.from_client(datagram("192.0.2.10", "198.51.100.20"))));
    EXPECT_TRUE(passed(harness.from_server(datagram("198.51.100.20", "192.0.2.10"))));
    EXPECT_EQ(blocks(), 0U);
    harness.policy.enforced = {true};
    harness.use(address_rules());
    EXPECT_TRUE(harness.from_client(datagram("192.0.2.10", "198.51.100.20")).empty());
}

}  // namespace
}  // namespace sluis::test
