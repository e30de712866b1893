// Ways around the box that need frames which the server never sees, or never takes: low TTL, a spoofed side, urgent
// bytes. In each, the server would put the refused hello together from what reaches it; so some of it must not.
#include <algorithm>

#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

const Buffer kBlocked = tls_hello("www.tiktok.com");
const Buffer kAllowed = tls_hello("www.example.org");
constexpr std::size_t kCut = 60;

/// The second half of the refused hello first; true when the server gets all of it.
bool reversed_halves_pass(PipelineHarness& harness, const TcpPair& pair) {
    const auto second = harness.from_client(pair.client_frame(slice(kBlocked, kCut), kTcpAck, kCut));
    const auto first = harness.from_client(pair.client_frame(slice(kBlocked, 0, kCut), kTcpAck));
    return !refused(second) && !refused(first);
}

TEST(PipelineTcpAttack, GarbageThatTheServerNeverSawSettlesNothing) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    for (int i = 0; i < 5; ++i) harness.from_client(pair.client_frame(Buffer(1000, std::byte{'x'}), kTcpAck, i * 1000));
    EXPECT_FALSE(reversed_halves_pass(harness, pair));
}

TEST(PipelineTcpAttack, ADecoyHelloWithWhatFollowsOneSettlesNothing) {
    const Buffer key_exchange = record(22, handshake(16, Buffer(66, std::byte{4})));
    const Buffer nonsense = buffer({0x16, 9, 9, 0, 5}) + Buffer(40, std::byte{1});
    for (const Buffer& tail : {key_exchange, nonsense})
        for (const bool answered : {true, false}) {
            PipelineHarness harness;
            TcpPair pair(harness);
            pair.syn();
            if (answered) pair.syn_ack();
            harness.from_client(pair.client_frame(kAllowed + tail, kTcpAck));
            if (!answered) pair.syn_ack();
            EXPECT_FALSE(reversed_halves_pass(harness, pair));
        }
}

TEST(PipelineTcpAttack, ALongDecoyBehindAHelloSettlesNothing) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    harness.from_client(pair.client_frame(kAllowed, kTcpAck));
    for (int i = 0; i < 20; ++i)
        harness.from_client(pair.client_frame(record(23, Buffer(1095, std::byte{'x'})), kTcpAck,
                                              static_cast<std::int64_t>(kAllowed.size()) + i * 1100));
    EXPECT_FALSE(reversed_halves_pass(harness, pair));
}

TEST(PipelineTcpAttack, ALongUploadThatTheServerAcknowledgesPasses) {
    PipelineHarness harness;
    TcpPair pair(harness, 9999);
    pair.connect();
    for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(passed(pair.send(Buffer(1400, std::byte{'x'})))) << i;
        if (i % 4 == 3) EXPECT_TRUE(passed(pair.acknowledge()));
    }
    EXPECT_EQ(harness.counters.flows_settled, 1u);
}

TEST(PipelineTcpAttack, AFlowInOneDirectionIsSettledInTheEnd) {
    PipelineHarness harness;
    TcpPair pair(harness, 9999);
    pair.syn();
    pair.server = 5001;
    harness.wait(5 * kSecond);
    for (int i = 0; i < 40; ++i) EXPECT_TRUE(passed(pair.send(Buffer(1400, std::byte{'x'})))) << i;
    EXPECT_EQ(harness.counters.flows_settled, 1u);
}

/// A SYN that is not answered, and 99 bytes behind it that end just before the real first byte.
TEST(PipelineTcpAttack, NoHoleBelowAnAcknowledgmentKeepsUsFromReading) {
    for (const std::uint32_t below : {99u, 100u, 101u, 200u, 1000u}) {
        PipelineHarness harness;
        TcpPair pair(harness, 443, 100'000), decoy(harness, 443, 100'000 - below - 1);
        pair.syn();
        harness.from_client(decoy.client_frame({}, kTcpSyn));
        ++decoy.client;
        decoy.server = 5001;
        harness.from_client(decoy.client_frame(Buffer(below, std::byte{'x'}), kTcpAck));
        pair.syn_ack();
        EXPECT_TRUE(refused(pair.send(kBlocked))) << below;
    }
}

/// A frame in the server's name, from the client's side.
Buffer spoofed(const TcpPair& pair, const Buffer& payload, int flags, std::int64_t seq_offset, std::uint32_t ack) {
    TcpPair other = pair;
    other.client = ack;
    return other.server_frame(payload, flags, seq_offset);
}

TEST(PipelineTcpAttack, ASynAckFromTheClientsSideMovesNothing) {
    PipelineHarness harness;
    TcpPair pair(harness), decoy(harness, 443, 1000 + static_cast<std::uint32_t>(kBlocked.size()));
    pair.connect();
    harness.from_client(decoy.client_frame({}, kTcpSyn));
    harness.from_client(spoofed(pair, {}, kTcpSyn | kTcpAck, -1, decoy.client + 1));
    EXPECT_TRUE(refused(pair.send(kBlocked)));
}

TEST(PipelineTcpAttack, AServersBytesFromTheClientsSideSettleNothing) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.syn();
    harness.from_client(spoofed(pair, {}, kTcpSyn, 0, 0));
    pair.syn_ack();
    for (int i = 0; i < 5; ++i)
        harness.from_client(spoofed(pair, Buffer(1000, std::byte{'x'}), kTcpAck, i * 1000, pair.client));
    EXPECT_FALSE(reversed_halves_pass(harness, pair));
}

TEST(PipelineTcpAttack, AServersSynFromTheClientsSideTurnsNothingRound) {
    PipelineHarness harness;
    TcpPair pair(harness);
    harness.from_client(spoofed(pair, {}, kTcpSyn, 0, 0));
    harness.from_client(pair.client_frame({}, kTcpSyn));
    ++pair.client;
    harness.from_server(pair.server_frame({}, kTcpSyn | kTcpAck));
    ++pair.server;
    EXPECT_FALSE(reversed_halves_pass(harness, pair));
}

TEST(PipelineTcpAttack, AServersHelloFromTheClientsSideSettlesNothing) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    harness.from_client(pair.client_frame(kAllowed, kTcpAck));
    harness.from_client(
        spoofed(pair, tls_server_hello(), kTcpAck, 0, pair.client + static_cast<std::uint32_t>(kAllowed.size())));
    EXPECT_FALSE(reversed_halves_pass(harness, pair));
}

TEST(PipelineTcpAttack, AConflictInTheHelloOwnBurstLetsNoHelloPass) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    Buffer other = kBlocked;
    other[20] ^= std::byte{1};
    EXPECT_TRUE(refused(
        harness.send_burst({{Side::inside, pair.client_frame(kBlocked)}, {Side::inside, pair.client_frame(other)}})));
}

/// A hello whose bytes are right once the urgent one is taken out.
struct Urgent {
    Buffer stream;
    std::vector<std::size_t> at;
};
Urgent with_urgent(std::size_t at, std::size_t count = 1) {
    Urgent urgent{kBlocked, {}};
    for (std::size_t i = 0; i < count; ++i) {
        urgent.stream.insert(urgent.stream.begin() + static_cast<std::ptrdiff_t>(at), std::byte{'X'});
        urgent.at.push_back(at);
        at += 2;
    }
    return urgent;
}
/// Sends the stream in two segments, every urgent byte told with a segment of its own before.
bool urgent_passes(PipelineHarness& harness, const Urgent& urgent, std::size_t cut, int pointer) {
    TcpPair pair(harness);
    pair.connect();
    bool through = true;
    std::size_t from = 0;
    std::vector<std::size_t> ends;
    for (std::size_t at : urgent.at) ends.push_back(at + 1);
    ends.push_back(std::max(cut, ends.back() + 1));
    ends.push_back(urgent.stream.size());
    for (std::size_t i = 0; i < ends.size(); ++i) {
        const bool marks = i < urgent.at.size();
        const TcpFields fields{.urgent = marks ? static_cast<int>(urgent.at[i] - from) + pointer : 0};
        const int flags = kTcpAck | (marks ? kTcpUrg : 0);
        through &= !refused(harness.from_client(pair.client_frame(slice(urgent.stream, from, ends[i] - from), flags,
                                                                  static_cast<std::int64_t>(from), fields)));
        from = ends[i];
    }
    return through;
}

TEST(PipelineTcpAttack, AnUrgentByteHidesNothing) {
    const std::size_t sni = kBlocked.size() - 8;  // inside "tiktok"
    for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{30}, sni})
        for (const std::size_t cut : {at + 2, std::size_t{70}, kBlocked.size()})
            for (const int pointer : {0, 1}) {
                PipelineHarness harness;
                EXPECT_FALSE(urgent_passes(harness, with_urgent(at), cut, pointer))
                    << at << ' ' << cut << ' ' << pointer;
            }
}

TEST(PipelineTcpAttack, AnUrgentByteAmidASegmentHidesNothing) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{3}, std::size_t{30}, kBlocked.size() - 8})
        for (const std::size_t cut : {at + 5, kBlocked.size()})
            for (const int pointer : {0, 1}) {
                const Buffer stream = with_urgent(at).stream;
                PipelineHarness harness;
                TcpPair pair(harness);
                pair.connect();
                const TcpFields fields{.urgent = static_cast<int>(at) + pointer};
                bool through = !refused(
                    harness.from_client(pair.client_frame(slice(stream, 0, cut), kTcpAck | kTcpUrg, 0, fields)));
                pair.client += static_cast<std::uint32_t>(cut);
                pair.acknowledge();
                through &= !refused(pair.send(slice(stream, cut)));
                EXPECT_FALSE(through) << at << ' ' << cut << ' ' << pointer;
            }
}

TEST(PipelineTcpAttack, ManyUrgentBytesHideNothing) {
    for (const std::size_t count : {2u, 4u, 5u, 6u}) {
        PipelineHarness harness;
        EXPECT_FALSE(urgent_passes(harness, with_urgent(kBlocked.size() - 14, count), kBlocked.size(), 1)) << count;
    }
}

TEST(PipelineTcpAttack, AnAllowedNameWithAnUrgentBytePasses) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    Buffer stream = kAllowed;
    stream.insert(stream.end() - 4, std::byte{'X'});
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame(slice(stream, 0, stream.size() - 4), kTcpAck | kTcpUrg, 0,
                                                             {.urgent = static_cast<int>(stream.size()) - 4}))));
    EXPECT_TRUE(passed(harness.from_client(
        pair.client_frame(slice(stream, stream.size() - 4), kTcpAck, static_cast<std::int64_t>(stream.size()) - 4))));
    EXPECT_TRUE(harness.allowed("www.example.org"));
}

TEST(PipelineTcpAttack, ABusyFlowDoesNotOpenTheWholeBox) {
    Limits limits = PipelineHarness::small_limits();
    limits.flows = 8;
    PipelineHarness harness(limits);
    std::vector<TcpPair> pairs;
    for (int i = 0; i < 8; ++i) {
        pairs.emplace_back(harness, 443, 1000, 5000, 50000 + i);
        pairs.back().connect();
    }
    for (int i = 0; i < 20; ++i) {
        harness.wait(kSecond);
        pairs.back().send(record(21, buffer({1, 0})));  // whichever the wheel names first
        pairs.front().send(record(21, buffer({1, 0})));
    }
    TcpPair late(harness, 443, 1000, 5000, 60000);
    late.connect();
    EXPECT_TRUE(refused(late.send(kBlocked)));
    EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
}

}  // namespace
}  // namespace sluis::test
