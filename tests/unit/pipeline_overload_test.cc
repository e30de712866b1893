// Overload: what is new passes unread or is dropped, what is known is judged as ever, and who floods frees nobody.
#include "dataplane/flow/overload_relief.h"
#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"
#include "tests/unit/quic_client.h"

namespace sluis::test {
namespace {

const Buffer kBlocked = tls_hello("www.tiktok.com");

Limits with(OverloadPolicy policy) {
    Limits limits = PipelineHarness::small_limits();
    limits.overload = policy;
    return limits;
}

Buffer dns_frame(const std::string& client, int port = 40000) {
    const Buffer query = buffer(dns_query_text("www.tiktok.com"));
    return ethernet(ipv4({.source = client, .protocol = kProtocolUdp}, udp(port, 53, query)));
}

TcpPair client_at(PipelineHarness& harness, int port) { return TcpPair(harness, 443, 1000, 5000, port); }

/// One of each of what is new: a SYN, a hello of a flow that is not known, an Initial, a question, and a fragment.
std::vector<Buffer> new_frames(PipelineHarness& harness) {
    const Buffer fragment =
        ethernet(ipv4({.protocol = kProtocolUdp, .id = 7, .more = true, .whole = false}, Buffer(64, std::byte{1})));
    return {client_at(harness, 1).client_frame({}, kTcpSyn), client_at(harness, 2).client_frame(kBlocked),
            quic_datagram(quic_hello("www.tiktok.com")), dns_frame("192.0.2.10"), fragment};
}

TEST(PipelineOverload, WhatIsNewPassesUnreadAndIsCounted) {
    PipelineHarness harness(with(OverloadPolicy::open));
    harness.relieve(true);
    const auto frames = new_frames(harness);
    for (const Buffer& frame : frames) EXPECT_TRUE(passed(harness.from_client(frame)));
    EXPECT_EQ(harness.errors(Reason::overload_pass), frames.size());
    EXPECT_EQ(harness.counters.flows, 0u);
    EXPECT_EQ(harness.counters.quic_connections, 0u);
    EXPECT_EQ(harness.counters.fragments_held, 0u);
    EXPECT_TRUE(harness.findings.empty());
}

TEST(PipelineOverload, WhatIsNewIsDroppedWhereThePolicyIsClosed) {
    PipelineHarness harness(with(OverloadPolicy::closed));
    harness.relieve(true);
    const auto frames = new_frames(harness);
    for (const Buffer& frame : frames) EXPECT_TRUE(harness.from_client(frame).empty());
    EXPECT_EQ(harness.drops(Reason::overload_drop), frames.size());
    EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
    EXPECT_TRUE(harness.findings.empty()) << "an event each would be more work yet";
}

TEST(PipelineOverload, EverythingIsReadWhereThePolicyIsToInspect) {
    PipelineHarness harness(with(OverloadPolicy::inspect));
    harness.relieve(true);
    TcpPair pair = client_at(harness, 1);
    pair.connect();
    EXPECT_TRUE(refused(pair.send(kBlocked)));
    EXPECT_TRUE(refused(harness.from_client(dns_frame("192.0.2.10"))));
    EXPECT_TRUE(refused(harness.from_client(quic_datagram(quic_hello("www.tiktok.com")))));
    EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
}

TEST(PipelineOverload, FlowsThatAreKnownAreJudgedAsEver) {
    for (const OverloadPolicy policy : {OverloadPolicy::open, OverloadPolicy::closed}) {
        PipelineHarness harness(with(policy));
        TcpPair open = client_at(harness, 1), half = client_at(harness, 2), blocked = client_at(harness, 3);
        open.connect();
        half.connect();
        EXPECT_TRUE(passed(half.send(slice(kBlocked, 0, 60))));
        blocked.connect();
        EXPECT_TRUE(refused(blocked.send(kBlocked)));
        EXPECT_TRUE(refused(harness.from_client(quic_datagram(quic_hello("www.tiktok.com")))));
        harness.relieve(true);
        EXPECT_TRUE(refused(open.send(kBlocked)));
        EXPECT_TRUE(refused(half.send(slice(kBlocked, 60))));
        EXPECT_TRUE(refused(blocked.send(buffer("more"))));
        EXPECT_TRUE(refused(harness.from_client(quic_datagram(quic_hello("www.tiktok.com")))));
        EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
        EXPECT_EQ(harness.drops(Reason::overload_drop), 0u);
    }
}

TEST(PipelineOverload, SegmentsThatBeginNothingAreNoneOfItsCounts) {
    PipelineHarness harness(with(OverloadPolicy::closed));
    harness.relieve(true);
    TcpPair settled = client_at(harness, 1);
    EXPECT_TRUE(passed(harness.from_client(settled.client_frame(Buffer(100, std::byte{0xee})))));
    EXPECT_TRUE(passed(harness.from_server(settled.server_frame(Buffer(100, std::byte{0xee})))));
    EXPECT_TRUE(passed(harness.from_client(settled.client_frame({}, kTcpAck))));
    EXPECT_EQ(harness.drops(Reason::overload_drop), 0u);
}

TEST(PipelineOverload, AHelloBehindItsEndIsRead) {
    PipelineHarness harness(with(OverloadPolicy::open));
    harness.relieve(true);
    TcpPair pair = client_at(harness, 1);
    pair.connect();
    harness.relieve(false);
    EXPECT_TRUE(refused(pair.send(kBlocked)));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

/// Of a hello whose rest the server has, the first part comes by, and the server acknowledges both.
bool first_part_comes(PipelineHarness& harness, TcpPair& pair, const Buffer& hello, std::uint32_t begin) {
    const std::uint32_t end = std::exchange(pair.client, begin);
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame(slice(hello, 0, 60)))));
    pair.client = end;
    return passed(harness.from_server(pair.server_frame({}, kTcpAck)));
}

/// A hello in two segments that passed in an overload; `later`, its first part comes again.
bool hello_that_passed_comes_again(PipelineHarness& harness, Nanoseconds later) {
    const Buffer hello = tls_hello("www.example.org");
    TcpPair pair = client_at(harness, 1);
    harness.wait(kSecond);
    harness.relieve(true);
    pair.connect();
    const std::uint32_t begin = pair.client;
    EXPECT_TRUE(passed(pair.send(slice(hello, 0, 60))));
    EXPECT_TRUE(passed(pair.send(slice(hello, 60))));
    harness.relieve(false);
    harness.wait(later);
    return first_part_comes(harness, pair, hello, begin);
}

TEST(PipelineOverload, AHelloThatPassedMayComeAgainInPart) {
    PipelineHarness harness(with(OverloadPolicy::open));
    EXPECT_TRUE(hello_that_passed_comes_again(harness, 3 * kSecond));
    EXPECT_EQ(harness.counters.flows, 0u);
}

TEST(PipelineOverload, AHelloThatIsHalfUnreadLongAfterwardsIsRefused) {
    PipelineHarness harness(with(OverloadPolicy::open));
    EXPECT_FALSE(hello_that_passed_comes_again(harness, OverloadRelief::kUnreadMemory + kSecond));
}

TEST(PipelineOverload, WhoSendsTheRestOfAHelloFirstDoesNotProlongThat) {
    PipelineHarness harness(with(OverloadPolicy::open));
    EXPECT_TRUE(hello_that_passed_comes_again(harness, kSecond));
    const Buffer hello = tls_hello("www.example.org");
    bool through = true;
    for (int port = 2; port < 12; ++port, harness.wait(kSecond)) {
        TcpPair pair = client_at(harness, port);
        pair.client += 60;
        EXPECT_TRUE(passed(pair.send(slice(hello, 60))));
        through = first_part_comes(harness, pair, hello, pair.client - static_cast<std::uint32_t>(hello.size()));
    }
    EXPECT_FALSE(through);
}

/// Frames of `client`, as many as said, in a burst each of 64; how many passed.
std::uint64_t flood(PipelineHarness& harness, const std::string& client, int frames) {
    const std::uint64_t before = harness.errors(Reason::overload_pass);
    std::vector<std::pair<Side, Buffer>> burst;
    for (int i = 0; i < frames; ++i) burst.emplace_back(Side::inside, dns_frame(client, 1024 + i % 60000));
    harness.send_burst(burst);
    return harness.errors(Reason::overload_pass) - before;
}

TEST(PipelineOverload, WhoFloodsDoesNotFreeHimself) {
    PipelineHarness harness(with(OverloadPolicy::open));
    harness.relieve(true);
    EXPECT_LT(flood(harness, "192.0.2.66", 4000), 2 * OverloadRelief::kFreeShare);
    for (int window = 0; window < 20; ++window) {
        harness.wait(OverloadRelief::kWindow);
        EXPECT_EQ(flood(harness, "192.0.2.66", 4000), 0u) << window;
        EXPECT_EQ(flood(harness, "192.0.2.7", 100), 100u) << "his neighbour, " << window;
    }
    EXPECT_GT(harness.drops(Reason::source_limit), 80000u);
}

TEST(PipelineOverload, AFloodThatBringsTheNextOverloadIsKnown) {
    PipelineHarness harness(with(OverloadPolicy::open));
    harness.relieve(true);
    flood(harness, "192.0.2.66", 16000);
    for (int i = 0; i < 10; ++i) {
        harness.relieve(false);
        harness.wait(OverloadRelief::kWindow / 2);
        harness.relieve(true);
        EXPECT_EQ(flood(harness, "192.0.2.66", 4000), 0u) << i;
    }
}

TEST(PipelineOverload, WhoHasStoppedFloodingIsServedAgain) {
    PipelineHarness harness(with(OverloadPolicy::open));
    harness.relieve(true);
    flood(harness, "192.0.2.66", 8000);
    harness.wait(kSecond);
    EXPECT_EQ(flood(harness, "192.0.2.66", 100), 100u);
}

TEST(PipelineOverload, AMonitoredPairDropsNothing) {
    PipelineHarness harness(with(OverloadPolicy::closed));
    harness.enter(PairMode::monitor);
    harness.relieve(true);
    for (const Buffer& frame : new_frames(harness)) EXPECT_TRUE(passed(harness.from_client(frame)));
    EXPECT_EQ(harness.drops(Reason::overload_drop), 0u);
    EXPECT_EQ(harness.would_drop(Reason::overload_drop), 4u) << "of the fragment its copy is not read";
}

}  // namespace
}  // namespace sluis::test
