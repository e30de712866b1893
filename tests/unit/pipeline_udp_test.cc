// What surrounds UDP and TCP: tunnels, tags, frames that are no packets, and frames that hosts discard.
#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

const Buffer kBlocked = ipv4({.protocol = kProtocolUdp}, udp(5000, 53, buffer(dns_query_text("www.tiktok.com"))));
const Buffer kAllowed = ipv4({.protocol = kProtocolUdp}, udp(5000, 53, buffer(dns_query_text("www.example.org"))));
const Buffer kBlocked6 = ipv6({.protocol = kProtocolUdp}, udp(5000, 53, buffer(dns_query_text("www.tiktok.com"))));

Buffer around(int protocol, const Buffer& inner) { return ethernet(ipv4({.protocol = protocol}, inner)); }

TEST(PipelineUdp, InEveryEncapsulation) {
    struct Row {
        const char* what;
        Buffer frame;
        bool answered;
    };
    const std::vector<Row> rows{
        {"VLAN", ethernet(vlan(9, kBlocked), kEtherVlan), true},
        {"QinQ", ethernet(vlan(9, vlan(10, kBlocked), kEtherVlan), kEtherQinQ), true},
        {"PPPoE", ethernet(pppoe(kBlocked), kEtherPppoe), true},
        {"PPPoE, IPv6", ethernet(pppoe(kBlocked6, 0x57), kEtherPppoe), true},
        {"MPLS", ethernet(mpls({16, 17}, kBlocked), kEtherMpls), false},
        {"GRE", around(kProtocolGre, gre(kBlocked)), false},
        {"IP in IP", around(kProtocolIpIp, kBlocked), false},
        {"6in4", around(kProtocolIpv6, kBlocked6), false},
        {"VXLAN", around(kProtocolUdp, udp(1, 4789, vxlan(ethernet(kBlocked)))), false},
        {"GENEVE", around(kProtocolUdp, udp(1, 6081, geneve(ethernet(kBlocked)))), false},
    };
    for (const Row& row : rows) {
        PipelineHarness harness;
        const auto sent = harness.from_client(row.frame);
        EXPECT_TRUE(refused(sent)) << row.what;
        EXPECT_EQ(sent.size(), row.answered ? 1u : 0u) << row.what;
        EXPECT_TRUE(harness.blocked("www.tiktok.com")) << row.what;
    }
}

TEST(PipelineUdp, AnAnswerRepeatsTheLinkLayersTurnedRound) {
    PipelineHarness harness;
    const Buffer query = ethernet(vlan(9, pppoe(kBlocked), kEtherPppoe), kEtherVlan);
    const auto sent = harness.from_client(query);
    ASSERT_EQ(sent.size(), 1u);
    const Buffer& answer = sent[0].bytes;
    EXPECT_EQ(slice(answer, 0, 6), slice(query, 6, 6));
    EXPECT_EQ(slice(answer, 6, 6), slice(query, 0, 6));
    EXPECT_EQ(slice(answer, 12, 10), slice(query, 12, 10));
    EXPECT_EQ(get16(answer, 22), answer.size() - 24) << "the PPPoE payload's length";
    EXPECT_EQ(slice(answer, 38, 4), address4("198.51.100.20"));
}

TEST(PipelineUdp, WhatIsNotForUsCrosses) {
    const std::vector<Buffer> frames{Buffer{},
                                     Buffer(1),
                                     Buffer(13),
                                     Buffer(14),
                                     Buffer(60),
                                     ethernet(Buffer(46), 0x0806),
                                     ethernet(Buffer(46), 0x88cc),
                                     ethernet(ipv4({.protocol = 1}, Buffer(8))),
                                     ethernet(ipv4({.protocol = kProtocolUdp}, udp(5000, 5001, {}))),
                                     ethernet(kAllowed)};
    for (const Side side : {Side::inside, Side::outside})
        for (const Buffer& frame : frames) {
            PipelineHarness harness;
            EXPECT_TRUE(passed(harness.send(side, frame))) << frame.size();
        }
}

TEST(PipelineUdp, AQueryWithoutAChecksum) {
    Buffer query = ethernet(kBlocked);
    put16(query, 40, 0);
    PipelineHarness harness;
    EXPECT_TRUE(refused(harness.from_client(query))) << "IPv4 may leave it out";
    Buffer query6 = ethernet(kBlocked6, kEtherIpv6);
    put16(query6, 60, 0);
    harness.findings.clear();
    EXPECT_TRUE(harness.from_client(query6).empty());
    EXPECT_TRUE(harness.findings.empty());
    EXPECT_EQ(harness.drops(Reason::udp_checksum), 1u) << "IPv6 may not";
}

TEST(PipelineUdp, TheSamePortsInTwoVlansAreTwoFlows) {
    const Buffer hello = tls_hello("www.tiktok.com");
    const auto segment = [&](int id, std::size_t from, std::size_t to) {
        return ethernet(vlan(id, ipv4({}, tcp({.seq = 1001 + static_cast<std::uint32_t>(from), .ack = 5001},
                                              slice(hello, from, to - from)))),
                        kEtherVlan);
    };
    PipelineHarness harness;
    EXPECT_TRUE(passed(harness.from_client(segment(7, 0, 50))));
    EXPECT_TRUE(passed(harness.from_client(segment(8, 50, hello.size()))));
    EXPECT_TRUE(refused(harness.from_client(segment(7, 50, hello.size()))));
}

TEST(PipelineUdp, FramesLeaveInTheirOrder) {
    PipelineHarness harness;
    const Buffer nothing(40, std::byte{0x20});  // that anybody would look into
    std::vector<std::pair<Side, Buffer>> burst;
    for (int i = 0; i < 60; ++i) {
        const Buffer query = buffer(dns_query_text(i % 5 ? "www.example.org" : "www.tiktok.com"));
        const Buffer datagram = i % 3 ? udp(5000 + i, i % 2 ? 53 : 9999, query) : udp(5000 + i, 9999, nothing);
        burst.push_back({Side::inside, ethernet(ipv4({.protocol = kProtocolUdp}, datagram))});
    }
    std::uint32_t last = 0;
    std::size_t crossed = 0;
    for (const Sent& sent : harness.send_burst(burst)) {
        if (sent.injected) continue;
        ++crossed;
        EXPECT_GT(get16(sent.bytes, 34), last);
        last = get16(sent.bytes, 34);
    }
    EXPECT_EQ(crossed, 20u + 32u);  // what holds nothing, and four of five of the other forty
}

}  // namespace
}  // namespace sluis::test
