// The modes of a port pair: what crosses in each, what is counted, and what a change does to frames and flows.
#include <array>
#include <numeric>

#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"
#include "tests/unit/quic_client.h"

namespace sluis::test {
namespace {

constexpr auto kTls = static_cast<std::size_t>(Protocol::tls), kDns = static_cast<std::size_t>(Protocol::dns);

Buffer query(const char* name) {
    return ethernet(ipv4({.protocol = kProtocolUdp}, udp(5000, 53, buffer(dns_query_text(name)))));
}
/// A fragment of a blocked query: the first of two, or the second.
Buffer fragment(bool first) {
    const Buffer whole = with_checksum(udp(5000, 53, buffer(dns_query_text("a.long.name.of.www.tiktok.com"))),
                                       kProtocolUdp, address4("192.0.2.10") + address4("198.51.100.20"));
    const Buffer part = first ? slice(whole, 0, 24) : slice(whole, 24);
    return ethernet(
        ipv4({.protocol = kProtocolUdp, .id = 7, .offset = first ? 0 : 24, .more = first, .whole = false}, part));
}
std::uint64_t total(const decltype(LiveCounters::drops)& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}
/// Lets a pipeline forget the flows that went on unread, and be inline again.
void return_inline(PipelineHarness& harness) {
    bool entered = false;
    for (int i = 0; i < 100 && !entered; ++i) {
        harness.wait(kSecond / 10);
        harness.enter(PairMode::in_line, &entered);
    }
    EXPECT_TRUE(entered);
}

TEST(PairModeNames, AreFoundAgain) {
    for (const PairMode mode : {PairMode::in_line, PairMode::monitor, PairMode::wire, PairMode::closed})
        EXPECT_EQ(find_pair_mode(name(mode)), mode);
    EXPECT_FALSE(find_pair_mode("open"));
    EXPECT_FALSE(find_pair_mode(""));
}

TEST(PipelineMode, MonitorLetsRefusedNamesGoAndCountsThem) {
    PipelineHarness harness;
    harness.enter(PairMode::monitor);
    EXPECT_TRUE(passed(harness.from_client(query("www.tiktok.com"))));
    TcpPair pair(harness);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(tls_hello("www.tiktok.com"))));
    EXPECT_TRUE(passed(pair.answer(tls_server_hello())));
    EXPECT_TRUE(passed(pair.send(buffer("goes on"))));
    EXPECT_TRUE(passed(harness.from_client(quic_datagram(quic_hello("www.tiktok.com")))));
    EXPECT_EQ(harness.counters.names_monitored[kDns], 1u);
    EXPECT_EQ(harness.counters.names_monitored[kTls], 1u);
    EXPECT_EQ(harness.counters.names_monitored[static_cast<std::size_t>(Protocol::quic)], 1u);
    EXPECT_EQ(harness.counters.names_blocked[kDns] + harness.counters.names_blocked[kTls], 0u);
    EXPECT_EQ(harness.would_block(Reason::rule), 3u);
    EXPECT_FALSE(harness.blocked("www.tiktok.com"));
    EXPECT_EQ(total(harness.counters.blocks) + total(harness.counters.drops), 0u);
}

TEST(PipelineMode, MonitorLetsAttacksGoAndCountsThem) {
    PipelineHarness harness;
    harness.enter(PairMode::monitor);
    TcpPair pair(harness);
    pair.connect();
    const Buffer hello = tls_hello("www.example.org");
    EXPECT_TRUE(passed(pair.send(slice(hello, 0, 20))));
    Buffer other = slice(hello, 0, 20);
    other.back() = static_cast<std::byte>(0xee);
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame(other, kTcpAck, -20))));
    EXPECT_EQ(harness.would_drop(Reason::stream_conflict), 1u);
    EXPECT_EQ(harness.would_block(Reason::stream_conflict), 1u);
    EXPECT_EQ(total(harness.counters.blocks), 0u);
    Buffer wrong = query("www.example.org");
    wrong.back() ^= std::byte{1};
    EXPECT_TRUE(passed(harness.from_client(wrong)));
    EXPECT_EQ(harness.would_drop(Reason::udp_checksum), 1u);
    EXPECT_EQ(total(harness.counters.drops), 0u);
}

TEST(PipelineMode, MonitorReadsFragmentsWithoutHoldingThem) {
    PipelineHarness harness;
    harness.enter(PairMode::monitor);
    EXPECT_TRUE(passed(harness.from_client(fragment(false))));
    EXPECT_EQ(harness.counters.held_frames, 0u);
    EXPECT_EQ(harness.io.in_use(), 1u) << "a copy";
    EXPECT_TRUE(passed(harness.from_client(fragment(true))));
    EXPECT_EQ(harness.counters.names_monitored[kDns], 1u);
    EXPECT_EQ(harness.io.in_use(), 0u);
    harness.from_client(fragment(true));
    EXPECT_TRUE(harness.enter(PairMode::in_line).empty()) << "copies go nowhere";
    EXPECT_EQ(harness.io.in_use(), 0u);
    EXPECT_EQ(total(harness.counters.drops) + total(harness.counters.would_drop), 0u);
}

TEST(PipelineMode, MonitorWithoutAFreeFrameStillLetsFragmentsGo) {
    PipelineHarness harness;
    harness.enter(PairMode::monitor);
    harness.io.exhausted = true;
    EXPECT_TRUE(passed(harness.from_client(fragment(true))));
    EXPECT_EQ(harness.would_drop(Reason::no_frame), 1u);
}

TEST(PipelineMode, WhatAMonitorSawIsCutOnceThePairIsInline) {
    PipelineHarness harness;
    harness.enter(PairMode::monitor);
    TcpPair pair(harness);
    pair.connect();
    pair.send(tls_hello("www.tiktok.com"));
    pair.answer(tls_server_hello());
    harness.wait(60 * kSecond);
    EXPECT_TRUE(passed(pair.send(buffer("goes on"))));
    harness.enter(PairMode::in_line);
    harness.wait(60 * kSecond);
    EXPECT_TRUE(refused(pair.send(buffer("no longer"))));
    EXPECT_EQ(harness.drops(Reason::enforcement_began), 1u);
}

TEST(PipelineMode, WireMovesWhateverComes) {
    PipelineHarness harness;
    harness.enter(PairMode::wire);
    EXPECT_TRUE(passed(harness.from_client(query("www.tiktok.com"))));
    EXPECT_TRUE(passed(harness.from_client(fragment(true))));
    EXPECT_TRUE(passed(harness.from_server(Buffer(9))));
    EXPECT_TRUE(harness.findings.empty());
    EXPECT_EQ(harness.counters.flows, 0u);
}

TEST(PipelineMode, ClosedLetsNothingCross) {
    PipelineHarness harness;
    harness.enter(PairMode::closed);
    const Buffer lacp = ethernet(Buffer(110), 0x8809), lldp = ethernet(Buffer(46), 0x88cc);
    for (const Buffer& frame : {query("www.example.org"), lacp, lldp, ethernet(Buffer(46), 0x0806)}) {
        EXPECT_TRUE(harness.from_client(frame).empty());
        EXPECT_TRUE(harness.from_server(frame).empty());
    }
    EXPECT_EQ(harness.drops(Reason::pair_closed), 8u);
    EXPECT_TRUE(harness.findings.empty());
}

TEST(PipelineMode, HeldFragmentsGoOnOrAreDroppedByTheNextMode) {
    for (const PairMode mode : {PairMode::monitor, PairMode::wire, PairMode::closed}) {
        PipelineHarness harness;
        EXPECT_TRUE(harness.from_client(fragment(true)).empty());
        EXPECT_EQ(harness.counters.held_frames, 1u);
        const auto sent = harness.enter(mode);
        EXPECT_EQ(passed(sent), mode != PairMode::closed) << name(mode);
        EXPECT_EQ(harness.drops(Reason::pair_closed), mode == PairMode::closed ? 1u : 0u);
        EXPECT_EQ(harness.counters.held_frames, 0u);
        harness.check();
    }
}

/// After a wire, the numbers that were known of a flow are wrong: its segments would be out of every window.
TEST(PipelineMode, FlowsThatWentOnUnreadAreForgotten) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    pair.send(buffer("GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n"));
    EXPECT_EQ(harness.counters.flows, 1u);
    harness.enter(PairMode::wire);
    pair.client += 9'000'000;
    pair.server += 9'000'000;
    bool entered = true;
    harness.enter(PairMode::in_line, &entered);
    EXPECT_FALSE(entered) << "before the flow is forgotten";
    EXPECT_TRUE(passed(pair.send(buffer("still a wire"))));
    return_inline(harness);
    EXPECT_EQ(harness.counters.flows, 0u);
    EXPECT_TRUE(passed(pair.send(buffer("in the middle"))));
    EXPECT_TRUE(passed(pair.answer(buffer("of something"))));
    EXPECT_TRUE(refused(pair.send(buffer("GET / HTTP/1.1\r\nHost: www.tiktok.com\r\n\r\n"))));
}

TEST(PipelineMode, AllThatIsKnownIsForgottenInBoundedSteps) {
    PipelineHarness harness;
    for (int port = 40000; port < 40200; ++port) TcpPair(harness, 443, 1000, 5000, port).connect();
    for (int port = 40000; port < 40032; ++port)
        harness.from_client(quic_datagram(quic_hello("www.example.org"), false, 443, port));
    EXPECT_EQ(harness.counters.flows, 200u);
    const std::uint64_t connections = harness.counters.quic_connections;
    EXPECT_GT(connections, 0u);
    harness.enter(PairMode::wire);
    harness.wait(kSecond / 10);  // one tick
    EXPECT_EQ(harness.counters.flows, 136u);
    return_inline(harness);
    EXPECT_EQ(harness.counters.flows, 0u);
    EXPECT_EQ(harness.counters.quic_connections, 0u);
}

/// Nothing crossed meanwhile, so what is known stays right; and what was refused stays refused.
TEST(PipelineMode, FlowsOutliveAClosedPair) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    const Buffer hello = tls_hello("www.tiktok.com");
    pair.send(slice(hello, 0, 30));
    harness.enter(PairMode::closed);
    EXPECT_TRUE(harness.from_client(pair.client_frame(slice(hello, 30))).empty());
    harness.enter(PairMode::in_line);
    EXPECT_TRUE(refused(pair.send(slice(hello, 30))));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

TEST(PipelineMode, AThousandChangesUnderTraffic) {
    PipelineHarness harness;
    constexpr std::array kModes{PairMode::in_line, PairMode::wire, PairMode::monitor, PairMode::closed};
    PairMode mode = PairMode::in_line;
    for (int i = 0; i < 1000; ++i) {
        const PairMode wanted = kModes[static_cast<std::size_t>(i * 7 + i / 4) % kModes.size()];
        bool entered = false;
        harness.enter(wanted, &entered);
        if (entered) mode = wanted;
        const auto sent = harness.from_client(query(i % 2 == 0 ? "www.tiktok.com" : "www.example.org"));
        const bool crosses = mode != PairMode::closed && (mode != PairMode::in_line || i % 2 != 0);
        EXPECT_EQ(passed(sent), crosses) << i << ' ' << name(mode);
        TcpPair pair(harness, 443, 1000, 5000, 30000 + i);
        harness.from_client(pair.client_frame({}, kTcpSyn));
        harness.from_client(fragment(i % 3 == 0));
        harness.wait(kSecond / 10);
        harness.check();
    }
}

}  // namespace
}  // namespace sluis::test
