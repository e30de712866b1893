// Flows that matched while a category was monitored, and what becomes of them once it is enforced.
#include "dataplane/verdict/monitored_flows.h"

#include <gtest/gtest.h>

#include "tests/unit/pipeline_harness.h"
#include "tests/unit/quic_client.h"

namespace sluis::test {
namespace {

struct Monitored : testing::Test {
    explicit Monitored(Limits limits = PipelineHarness::small_limits()) : harness(limits) { set(false); }
    /// Another generation.
    void use(bool enforced) {
        PipelinePolicy policy = harness.policy;
        policy.enforced = {enforced};
        harness.use(make_generation({.number = ++number, .rules = borrowed(small_rules()), .policy = policy}));
    }
    /// Another generation, and time enough for every flow to be looked at.
    void set(bool enforced) {
        use(enforced);
        for (int tick = 0; tick < 300; ++tick) harness.wait(kSecond / 10);
    }
    /// A flow that matched, was answered, and is settled.
    TcpPair settled(int client_port = 50000) {
        TcpPair pair(harness, 443, 1000, 5000, client_port);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(tls_hello("www.tiktok.com"))));
        EXPECT_TRUE(passed(pair.answer(tls_server_hello())));
        EXPECT_TRUE(passed(pair.send(buffer("from the middle"))));
        return pair;
    }
    std::uint64_t cut() const { return harness.counters.blocks[static_cast<std::size_t>(Reason::enforcement_began)]; }
    PipelineHarness harness;
    std::uint64_t number = 0;
};

TEST_F(Monitored, AFlowIsCutWhenItsCategoryIsEnforced) {
    TcpPair pair = settled();
    EXPECT_EQ(harness.counters.names_monitored[static_cast<std::size_t>(Protocol::tls)], 1u);
    set(true);
    const auto sent = pair.send(buffer("goes on"));
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_TRUE(sent[0].injected && sent[1].injected);
    EXPECT_NE(sent[0].egress, sent[1].egress) << "both ends are reset";
    EXPECT_EQ(harness.drops(Reason::enforcement_began), 1u);
    EXPECT_TRUE(refused(pair.answer(buffer("so does the server"))));
    EXPECT_EQ(harness.drops(Reason::flow_blocked), 1u);
    EXPECT_EQ(cut(), 1u);
}

TEST_F(Monitored, TheServersSegmentsCutItToo) {
    TcpPair pair = settled();
    set(true);
    const auto sent = pair.answer(buffer("the server goes on"));
    EXPECT_EQ(sent.size(), 2u);
    EXPECT_TRUE(refused(sent));
}

TEST_F(Monitored, OtherFlowsGoOn) {
    settled();
    TcpPair other(harness, 443, 1000, 5000, 50001);
    other.connect();
    other.send(tls_hello("www.example.org"));
    other.answer(tls_server_hello());
    set(true);
    EXPECT_TRUE(passed(other.send(buffer("goes on"))));
    EXPECT_EQ(cut(), 0u);
}

TEST_F(Monitored, NothingIsCutWhileItIsMonitored) {
    TcpPair pair = settled();
    set(false);
    EXPECT_TRUE(passed(pair.send(buffer("goes on"))));
    set(true);
    set(false);
    EXPECT_TRUE(passed(pair.send(buffer("and on, for nothing came while it was enforced"))));
}

TEST_F(Monitored, OnlyAServersAnswerMakesItAnotherConnection) {
    TcpPair pair = settled();
    set(true);
    const Buffer syn = pair.client_frame({}, kTcpSyn, 5000);
    EXPECT_TRUE(passed(harness.from_client(syn))) << "a new connection may begin";
    EXPECT_TRUE(refused(pair.send(buffer("but the old one does not go on for it"))));
    TcpPair next(harness, 443, 90000, 80000);
    next.syn();
    next.syn_ack();
    EXPECT_TRUE(passed(harness.from_client(next.client_frame({}, kTcpAck))));
    EXPECT_TRUE(passed(next.send(tls_hello("www.example.org"))));
}

TEST_F(Monitored, AQuicConnectionIsDroppedUntilItsClientGivesUp) {
    const QuicFields fields;
    const Buffer message = hello("www.tiktok.com");
    EXPECT_TRUE(passed(harness.from_client(quic_datagram(quic_initial(crypto_frame(0, message), fields)))));
    const Buffer later = quic_datagram(Buffer(60, std::byte{0x40}));
    EXPECT_TRUE(passed(harness.from_client(later)));
    set(true);
    EXPECT_TRUE(harness.from_client(later).empty());
    EXPECT_TRUE(harness.from_client(later).empty());
    EXPECT_EQ(cut(), 1u);
    harness.wait(2 * MonitoredFlows::kCutFlow + 60 * kSecond);
    EXPECT_TRUE(passed(harness.from_client(later))) << "forgotten once it was silent for long";
}

/// A CONNECTION_CLOSE to the client, which the keys of its first Destination Connection ID open.
bool closes(const std::vector<Sent>& sent, const QuicFields& client) {
    if (sent.size() != 1 || !sent[0].injected || sent[0].egress != Side::inside) return false;
    const auto header = parse_quic_long_header(Bytes(sent[0].bytes).subspan(42));
    if (!header || header->type != QuicPacketType::initial) return false;
    const auto keys = derive_quic_initial_keys(client.version, client.destination, QuicSender::server);
    std::array<std::byte, 1500> scratch;
    const auto payload = unprotect_quic_initial(*header, keys, scratch);
    return payload && payload->frames.front() == std::byte{0x1c};
}

struct FewMonitored : Monitored {
    static Limits few() {
        Limits limits = PipelineHarness::small_limits();
        limits.monitored_flows = 2;
        return limits;
    }
    FewMonitored() : Monitored(few()) {}
};

TEST_F(FewMonitored, AQuicClientIsToldWhileItStillSendsInitials) {
    const QuicFields client;
    const Buffer message = hello("www.tiktok.com");
    EXPECT_TRUE(passed(harness.from_client(quic_datagram(quic_initial(crypto_frame(0, message), client)))));
    const Buffer answer = quic_datagram(quic_server_hello(client), true);
    EXPECT_TRUE(passed(harness.from_server(answer)));
    use(true);
    harness.wait(kSecond);  // two flows: each was looked at
    EXPECT_TRUE(harness.from_server(answer).empty()) << "a server is told nothing";
    EXPECT_TRUE(closes(harness.from_client(quic_datagram(quic_hello("www.tiktok.com", client))), client));
    QuicFields later = client;  // it has the server's own connection ID by now
    later.destination = buffer("server");
    later.keys_from = client.destination;
    later.number = 1;
    const Buffer acknowledgment = quic_initial(buffer({2, 0, 0, 0, 0}), later);
    EXPECT_TRUE(closes(harness.from_client(quic_datagram(acknowledgment)), client));
    later.keys_from = buffer("nobody's");
    EXPECT_TRUE(harness.from_client(quic_datagram(quic_initial(buffer({2, 0, 0, 0, 0}), later))).empty());
    EXPECT_TRUE(harness.from_client(quic_datagram(Buffer(1200, std::byte{0x40}))).empty()) << "nobody has its keys";
    EXPECT_EQ(cut(), 1u);
}

TEST_F(FewMonitored, AQuicClientThatBeginsAnewOnACutFlowIsToldWhateverItAsksFor) {
    const QuicFields first;
    EXPECT_TRUE(passed(harness.from_client(quic_datagram(quic_hello("www.tiktok.com", first)))));
    set(true);
    const QuicFields next{.destination = buffer("another1")};
    EXPECT_TRUE(closes(harness.from_client(quic_datagram(quic_hello("www.example.org", next))), next));
    EXPECT_TRUE(passed(harness.from_client(quic_datagram(quic_hello("www.example.org", next), false, 443, 50444))))
        << "and passes from another port";
}

TEST_F(FewMonitored, TheOldestIsForgottenAndCounted) {
    TcpPair first = settled(50001), second = settled(50002), third = settled(50003);
    EXPECT_EQ(harness.errors(Reason::monitored_forgotten), 1u);
    set(true);
    EXPECT_TRUE(passed(first.send(buffer("goes on"))));
    EXPECT_TRUE(refused(second.send(buffer("is cut"))));
    EXPECT_TRUE(refused(third.send(buffer("is cut"))));
}

}  // namespace
}  // namespace sluis::test
