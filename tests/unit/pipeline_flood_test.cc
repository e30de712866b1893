// Floods: a source spends its own share, many sources have to work together, and a hello of which a server has a part
// never gets its rest there, whatever had to be forgotten.
#include <deque>

#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

const Buffer kBlocked = tls_hello("www.tiktok.com");
const Buffer kAllowed = tls_hello("www.example.org");
constexpr std::size_t kCut = 60;

/// Room for few streams: 64 small and 8 large ones, 9 small ones a source.
Limits few_streams() {
    Limits limits = PipelineHarness::small_limits();
    limits.small_streams = 64;
    limits.large_streams = 8;
    limits.stream_bytes_per_source = 9 * 2048;
    return limits;
}

std::uint64_t blocks(const PipelineHarness& harness, Reason reason) {
    return harness.counters.blocks[static_cast<std::size_t>(reason)];
}

TcpPair client_of(PipelineHarness& harness, int neighbour, int port = 50000) {
    TcpPair pair(harness, 443, 1000, 5000, port);
    pair.client_address = "192.0.2." + std::to_string(neighbour);
    return pair;
}

/// A connection that leaves half a hello; returns it and whether the half passed.
std::pair<TcpPair, bool> half_hello(PipelineHarness& harness, int neighbour, int port) {
    TcpPair pair = client_of(harness, neighbour, port);
    pair.connect();
    const bool through = !refused(pair.send(slice(kBlocked, 0, kCut)));
    return {pair, through};
}

/// What everybody else must see during a flood: whole and in halves.
void expect_service(PipelineHarness& harness, int port) {
    for (const bool halves : {false, true})
        for (const bool forbidden : {true, false}) {
            const Buffer& hello = forbidden ? kBlocked : kAllowed;
            TcpPair pair = client_of(harness, 200, ++port);
            pair.connect();
            if (halves) EXPECT_TRUE(passed(pair.send(slice(hello, 0, kCut))));
            const auto sent = pair.send(halves ? slice(hello, kCut) : hello);
            EXPECT_EQ(refused(sent), forbidden) << halves;
            if (!forbidden) {
                pair.answer(tls_server_hello());
                pair.hear();
            }
        }
}

TEST(PipelineFlood, HalfHellosOfOneSourceSpendItsOwnShare) {
    PipelineHarness harness(few_streams());
    int through = 0;
    for (int i = 0; i < 100; ++i) through += half_hello(harness, 10, 10000 + i).second;
    EXPECT_EQ(through, 9);
    EXPECT_EQ(harness.drops(Reason::source_limit), 91u);
    expect_service(harness, 20000);
    EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
    EXPECT_EQ(blocks(harness, Reason::hello_evicted), 0u);
}

TEST(PipelineFlood, AShareComesBackWithItsStreams) {
    PipelineHarness harness(few_streams());
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 9; ++i) EXPECT_TRUE(half_hello(harness, 10, 10000 + 100 * round + i).second);
        EXPECT_FALSE(half_hello(harness, 10, 15000 + round).second);
        harness.wait(12 * kSecond);
    }
    EXPECT_EQ(blocks(harness, Reason::hello_timeout), 27u);
}

TEST(PipelineFlood, AShareHoldsALargeHelloToo) {
    Limits limits = few_streams();
    limits.stream_bytes_per_source = 1 << 15;
    PipelineHarness harness(limits);
    TcpPair one = client_of(harness, 10, 1), other = client_of(harness, 10, 2);
    one.connect();
    other.connect();
    const Buffer begin = buffer({0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3}) + Buffer(1300, std::byte{7});
    EXPECT_TRUE(passed(one.send(begin)));
    EXPECT_TRUE(passed(other.send(begin)));
    EXPECT_TRUE(passed(one.send(Buffer(1300, std::byte{7}))));
    EXPECT_TRUE(refused(harness.from_client(other.client_frame(Buffer(1300, std::byte{7})))));
    EXPECT_EQ(harness.drops(Reason::source_limit), 1u);
    harness.wait(12 * kSecond);
}

TEST(PipelineFlood, ManySourcesTakeTheRoomOfStalledHellosOnly) {
    PipelineHarness harness(few_streams());
    std::deque<TcpPair> flood;
    for (int i = 0; i < 400; ++i) {
        const auto [pair, through] = half_hello(harness, 10 + i % 16, 10000 + i);
        flood.push_back(pair);
        harness.now += 10 * kSecond / 1000;
        if (i % 50 == 49) expect_service(harness, 20000 + 10 * i);
    }
    EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
    EXPECT_GT(blocks(harness, Reason::hello_evicted), 100u);
    for (std::size_t i = 0; i < 100; ++i) {
        const auto sent = flood[i].send(slice(kBlocked, kCut));
        EXPECT_TRUE(refused(sent)) << i;
        EXPECT_EQ(sent.size(), 2u) << "both ends are told, " << i;
    }
}

TEST(PipelineFlood, OnlyManySourcesAtOnceOpenTheWhole) {
    for (const FailPolicy policy : {FailPolicy::open, FailPolicy::closed}) {
        Limits limits = few_streams();
        limits.exhausted = policy;
        limits.stream_bytes_per_source = 1 << 20;
        PipelineHarness harness(limits);
        std::vector<std::pair<Side, Buffer>> burst;
        for (int i = 0; i < 200; ++i)
            burst.emplace_back(Side::inside,
                               client_of(harness, 10 + i % 40, 10000 + i).client_frame(slice(kBlocked, 0, kCut)));
        harness.send_burst(burst);
        EXPECT_EQ(harness.errors(Reason::overload_pass), policy == FailPolicy::open ? 128u : 0u);
        EXPECT_EQ(harness.drops(Reason::stream_limit), policy == FailPolicy::open ? 0u : 128u);
        EXPECT_EQ(blocks(harness, Reason::hello_evicted), 0u);
    }
}

TEST(PipelineFlood, LargeStreamsAreTakenFromLargeOnes) {
    Limits limits = few_streams();
    limits.stream_bytes_per_source = 1 << 16;
    PipelineHarness harness(limits);
    const Buffer begin = buffer({0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3}) + Buffer(1300, std::byte{7});
    for (int i = 0; i < 60; ++i) EXPECT_TRUE(half_hello(harness, 100 + i % 20, 10000 + i).second) << i;
    harness.wait(kSecond / 2);
    for (int i = 0; i < 30; ++i) {
        TcpPair pair = client_of(harness, 10 + i, 10000);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(begin))) << i;
        EXPECT_TRUE(passed(pair.send(Buffer(1300, std::byte{7})))) << i;
        harness.now += 50 * kSecond / 1000;
    }
    EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
}

TEST(PipelineFlood, JudgedBytesGoBeforeOpenHellos) {
    Limits limits = few_streams();
    limits.stream_bytes_per_source = 1 << 20;
    PipelineHarness harness(limits);
    auto [stalled, through] = half_hello(harness, 10, 9999);
    for (int i = 0; i < 71; ++i) {
        TcpPair pair = client_of(harness, 11, 10000 + i);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(kAllowed))) << i;
    }
    harness.wait(kSecond);
    EXPECT_TRUE(half_hello(harness, 12, 20000).second);
    EXPECT_EQ(blocks(harness, Reason::hello_evicted), 0u);
    EXPECT_GE(harness.counters.flows_evicted, 1u);
    EXPECT_TRUE(refused(stalled.send(slice(kBlocked, kCut))));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

TEST(PipelineFlood, CleartextFlowsThatSayNothingHoldNoMemory) {
    PipelineHarness harness(few_streams());
    const Buffer request = buffer("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    for (int i = 0; i < 100; ++i) {
        TcpPair pair(harness, 80, 1000, 5000, 10000 + i);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(request))) << i;
        EXPECT_TRUE(passed(pair.acknowledge()));
    }
    EXPECT_EQ(harness.counters.flows, 100u);
}

TEST(PipelineFlood, RefusedFlowsTakeNoShareOfNewOnes) {
    Limits limits = PipelineHarness::small_limits();
    limits.flows = 1024;
    limits.flows_per_source = 32;
    limits.blocked_flows_per_source = 100;
    PipelineHarness harness(limits);
    for (int i = 0; i < 5000; ++i) {
        TcpPair pair = client_of(harness, 10, 10000 + i);
        pair.connect();
        ASSERT_TRUE(refused(pair.send(kBlocked))) << i;
        if (i % 100 != 0) continue;
        TcpPair allowed = client_of(harness, 10, 20000 + i);
        allowed.connect();
        ASSERT_TRUE(passed(allowed.send(kAllowed))) << i;
        allowed.answer(tls_server_hello());
        allowed.hear();
    }
    EXPECT_EQ(harness.drops(Reason::source_limit), 0u);
    EXPECT_EQ(harness.counters.flows, 100u);
    harness.wait(130 * kSecond);
    EXPECT_EQ(harness.counters.flows, 0u) << "a blocked flow is kept for blocked_flow after its last frame";
}

TEST(PipelineFlood, RefusedFlowsOfOneBurstAreKeptForItsEnd) {
    Limits limits = PipelineHarness::small_limits();
    limits.blocked_flows_per_source = 1;
    PipelineHarness harness(limits);
    std::vector<std::pair<Side, Buffer>> burst;
    for (int i = 0; i < 50; ++i)
        burst.emplace_back(Side::inside, client_of(harness, 10, 10000 + i).client_frame(kBlocked));
    EXPECT_TRUE(refused(harness.send_burst(burst)));
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(refused(client_of(harness, 10, 20000 + i).send(kBlocked)));
    EXPECT_LT(harness.counters.flows, 3u);
}

/// Half a hello at the server, and nothing left of its flow.
class Forgotten {
public:
    explicit Forgotten(PipelineHarness& harness, std::size_t others = 20) : pair(half_hello(harness, 10, 9999).first) {
        for (std::size_t i = 0; i < others; ++i) half_hello(harness, 10, 10000 + static_cast<int>(i));
        harness.wait(11 * kSecond);
        EXPECT_EQ(blocks(harness, Reason::hello_timeout), others + 1);
        EXPECT_EQ(harness.counters.flows, 4u);
    }
    static Limits limits() {
        Limits limits = PipelineHarness::small_limits();
        limits.blocked_flows_per_source = 4;
        return limits;
    }
    TcpPair pair;
};

TEST(PipelineFlood, TheRestOfAForgottenHelloDoesNotPass) {
    for (const Nanoseconds later : {Nanoseconds{0}, 200 * kSecond, 3000 * kSecond}) {
        PipelineHarness harness(Forgotten::limits());
        Forgotten forgotten(harness);
        harness.wait(later);
        const auto sent = forgotten.pair.send(slice(kBlocked, kCut));
        EXPECT_TRUE(refused(sent));
        ASSERT_EQ(sent.size(), 2u);
        EXPECT_EQ(get32(sent[1].bytes, 38), 1001u + kCut) << "what the server expects";
        EXPECT_TRUE(refused(forgotten.pair.answer(buffer({1, 2, 3}))));
    }
    PipelineHarness harness(Forgotten::limits());
    Forgotten forgotten(harness);
    harness.wait(3700 * kSecond);
    EXPECT_TRUE(passed(forgotten.pair.send(slice(kBlocked, kCut)))) << "no server waits for so long";
}

TEST(PipelineFlood, AnotherConnectionOnThePortsOfAForgottenHelloPasses) {
    PipelineHarness harness(Forgotten::limits());
    Forgotten forgotten(harness);
    for (const bool forbidden : {false, true}) {
        TcpPair pair = client_of(harness, 10, 9999);
        pair.client = forbidden ? 700'000 : 900'000;
        pair.connect();
        EXPECT_EQ(refused(pair.send(forbidden ? kBlocked : kAllowed)), forbidden);
    }
}

TEST(PipelineFlood, ASynThatNobodyAnswersMakesNothingForgotten) {
    PipelineHarness harness(Forgotten::limits());
    Forgotten forgotten(harness);
    TcpPair decoy = client_of(harness, 10, 9999);
    decoy.client = forgotten.pair.client - 50;
    harness.from_client(decoy.client_frame({}, kTcpSyn));
    EXPECT_TRUE(refused(forgotten.pair.send(slice(kBlocked, kCut))));
    harness.wait(200 * kSecond);
    forgotten.pair.client -= static_cast<std::uint32_t>(kBlocked.size() - kCut);
    EXPECT_TRUE(refused(forgotten.pair.send(slice(kBlocked, kCut)))) << "remembered again";
}

TEST(PipelineFlood, AHelloThatLosesItsFlowLosesItsRest) {
    Limits limits = PipelineHarness::small_limits();
    limits.flows = 16;
    PipelineHarness harness(limits);
    TcpPair half = half_hello(harness, 10, 9999).first;
    for (int i = 0; i < 15; ++i) client_of(harness, 11, 10000 + i).connect();
    harness.wait(kSecond);
    for (int i = 0; i < 15; ++i) half_hello(harness, 12, 10000 + i);
    EXPECT_EQ(blocks(harness, Reason::hello_evicted), 0u) << "flows without an open hello go first";
    harness.wait(kSecond);
    client_of(harness, 13).connect();
    EXPECT_EQ(blocks(harness, Reason::hello_evicted), 1u);
    EXPECT_TRUE(refused(half.send(slice(kBlocked, kCut))));
    EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
}

TEST(PipelineFlood, ALoneFirstByteThatLosesItsFlowIsNoStrangers) {
    Limits limits = PipelineHarness::small_limits();
    limits.flows = 4;
    PipelineHarness harness(limits);
    TcpPair pair = client_of(harness, 10);
    pair.connect();
    pair.send(slice(kBlocked, 0, 1));
    harness.wait(400 * kSecond);
    for (int i = 0; i < 8; ++i) {
        client_of(harness, 11 + i).connect();
        harness.wait(kSecond);
    }
    EXPECT_TRUE(refused(pair.send(slice(kBlocked, 1)))) << "remembered while others may go";
}

/// What is older than the box: the end of a hello passes, since nothing tells what it is. No answer ever does.
TEST(PipelineFlood, AMidstreamHelloWithItsEndFirstGetsNoAnswer) {
    PipelineHarness harness;
    TcpPair pair = client_of(harness, 10);
    EXPECT_TRUE(passed(
        harness.from_client(pair.client_frame(slice(kBlocked, kCut), kTcpAck, static_cast<std::int64_t>(kCut)))));
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame(slice(kBlocked, 0, kCut), kTcpAck))));
    pair.client += static_cast<std::uint32_t>(kBlocked.size());
    EXPECT_TRUE(refused(pair.answer(tls_server_hello())));
    EXPECT_EQ(blocks(harness, Reason::hello_unread), 1u);
    EXPECT_TRUE(refused(pair.send(Buffer(64, std::byte{0x17}))));
}

}  // namespace
}  // namespace sluis::test
