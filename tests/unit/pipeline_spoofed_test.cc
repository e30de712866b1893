// Frames on somebody else's ports, with guessed numbers: they must neither cut off an established connection, nor make
// the box lose one that it reads.
#include <cstdint>
#include <vector>

#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

const Buffer kBlocked = tls_hello("www.tiktok.com");
const Buffer kAllowed = tls_hello("www.example.org");
const Buffer kRequest = buffer("GET / HTTP/1.1\r\nHost: www.tiktok.com\r\n\r\n");
const Buffer kRecord = record(23, Buffer(50, std::byte{0x99}), 3);
constexpr std::size_t kCut = 60;

/// Far below and far above the numbers of a TcpPair, and in the other half of the space.
constexpr std::uint32_t kGuesses[] = {0x7a000000, 0xfa000000, 0x02000000, 0x80000fff};

/// A connection that was let go of: its handshake, hellos and first records have passed.
TcpPair settled(PipelineHarness& harness) {
    TcpPair pair(harness);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(kAllowed)));
    EXPECT_TRUE(passed(pair.answer(tls_server_hello())));
    EXPECT_TRUE(passed(pair.hear()));
    EXPECT_EQ(harness.counters.flows, 0u);
    return pair;
}

/// What both ends of an established connection send in turn.
void expect_conversation(TcpPair& pair) {
    for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(passed(pair.send(kRecord))) << i;
        EXPECT_TRUE(passed(pair.acknowledge())) << i;
        EXPECT_TRUE(passed(pair.answer(kRecord))) << i;
    }
}

/// A frame on the pair's ports, in the name of the server (`to_client`) or the client, with guessed numbers.
Buffer guessed(const TcpPair& pair, bool to_client, std::uint32_t seq, const Buffer& payload, int flags) {
    TcpPair other = pair;
    other.client = to_client ? 0x12345678 : seq;
    other.server = to_client ? seq : 0x12345678;
    return to_client ? other.server_frame(payload, flags) : other.client_frame(payload, flags);
}

TEST(PipelineSpoofed, ASynOnAnEstablishedConnectionCutsNobodyOff) {
    for (const bool to_client : {true, false})
        for (const std::uint32_t seq : kGuesses) {
            PipelineHarness harness;
            TcpPair pair = settled(harness);
            EXPECT_TRUE(passed(
                harness.send(to_client ? Side::outside : Side::inside, guessed(pair, to_client, seq, {}, kTcpSyn))));
            expect_conversation(pair);
            EXPECT_TRUE(passed(harness.from_client(pair.client_frame({}, kTcpFin | kTcpAck))));
            EXPECT_TRUE(passed(harness.from_server(pair.server_frame({}, kTcpRst | kTcpAck))));
        }
}

/// Both sides guess, and neither hears the other: a SYN in the client's name, and a SYN-ACK in the server's.
TcpPair answered_guess(PipelineHarness& harness, const TcpPair& pair, std::uint32_t seq) {
    TcpPair ghost = pair;
    ghost.client = seq;
    ghost.server = 0x61000000;
    EXPECT_TRUE(passed(harness.from_client(ghost.client_frame({}, kTcpSyn))));
    ++ghost.client;
    EXPECT_TRUE(passed(harness.from_server(ghost.server_frame({}, kTcpSyn | kTcpAck))));
    ++ghost.server;
    return ghost;
}

TEST(PipelineSpoofed, ASynAndItsAnswerCutNobodyOff) {
    for (const std::uint32_t seq : kGuesses) {
        PipelineHarness harness;
        TcpPair pair = settled(harness);
        answered_guess(harness, pair, seq);
        expect_conversation(pair);
        EXPECT_TRUE(passed(harness.from_client(pair.client_frame({}, kTcpFin | kTcpAck))));
        EXPECT_TRUE(passed(harness.from_server(pair.server_frame({}, kTcpRst | kTcpAck))));
    }
}

Buffer timestamps(std::uint32_t value) { return buffer({1, 1, 8, 10}) + big_endian(value, 4) + big_endian(0, 4); }

/// What passes beside a handshake that is not ended is none of its server's: nothing near its numbers, of whatever age.
TEST(PipelineSpoofed, NoHelloPassesBesideAHalfOpenConnection) {
    for (const std::uint32_t seq : kGuesses)
        for (const std::size_t cut : {std::size_t{1}, kCut})
            for (const int ack : {0, 0x1000000, 0x70000000})
                for (const auto& [stale, answered] : {std::pair{false, true}, {true, true}, {true, false}}) {
                    PipelineHarness harness;
                    TcpPair ghost(harness, 443, seq);
                    ghost.syn({.options = timestamps(100)});
                    if (answered) ghost.syn_ack();
                    TcpPair guess = ghost;
                    guess.server += static_cast<std::uint32_t>(ack);
                    const TcpFields fields{.options = timestamps(stale ? 50 : 101)};
                    const auto last = harness.from_client(
                        guess.client_frame(slice(kBlocked, cut), kTcpAck, static_cast<std::int64_t>(cut), fields));
                    const auto first = harness.from_client(ghost.client_frame(slice(kBlocked, 0, cut), kTcpAck));
                    EXPECT_TRUE(refused(first) || refused(last)) << seq << ' ' << cut << ' ' << ack << ' ' << stale;
                }
}

TEST(PipelineSpoofed, NothingOfAConnectionThatWasReadPassesBesideAnotherAnsweredSyn) {
    for (const std::size_t sent : {std::size_t{0}, std::size_t{1}, kCut}) {
        PipelineHarness harness;
        TcpPair pair(harness);
        pair.connect();
        if (sent != 0) EXPECT_TRUE(passed(pair.send(slice(kBlocked, 0, sent))));
        answered_guess(harness, pair, 0x7a000000);
        const Buffer rest = slice(kBlocked, sent);
        EXPECT_TRUE(refused(harness.from_client(pair.client_frame(slice(rest, 20), kTcpAck, 20))));
        EXPECT_TRUE(refused(harness.from_client(pair.client_frame(slice(rest, 0, 20), kTcpAck))));
    }
}

TEST(PipelineSpoofed, SeveralSynsAndAnAnswerCutNobodyOff) {
    for (const std::size_t answered : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
        PipelineHarness harness;
        TcpPair pair = settled(harness);
        for (std::size_t i = 0; i < 3; ++i)
            if (i != answered) harness.from_client(guessed(pair, false, kGuesses[i], {}, kTcpSyn));
        answered_guess(harness, pair, kGuesses[answered]);
        expect_conversation(pair);
    }
}

TEST(PipelineSpoofed, AnEndedHandshakeIsStrict) {
    for (const std::uint32_t seq : kGuesses) {
        PipelineHarness harness;
        TcpPair pair(harness);
        TcpPair ghost = answered_guess(harness, pair, seq);
        EXPECT_TRUE(passed(harness.from_client(ghost.client_frame({}, kTcpAck))));
        EXPECT_TRUE(refused(harness.from_client(pair.client_frame(kRecord, kTcpAck))));
    }
}

TEST(PipelineSpoofed, AnUnansweredSynIsForgottenWhateverElseComes) {
    PipelineHarness harness;
    TcpPair pair = settled(harness);
    harness.from_server(guessed(pair, true, 0x7a000000, {}, kTcpSyn));
    EXPECT_EQ(harness.counters.flows, 1u);
    for (int i = 0; i < 80; ++i) {
        harness.wait(kSecond);
        EXPECT_TRUE(passed(pair.send(kRecord)));
        EXPECT_TRUE(passed(pair.acknowledge()));
    }
    EXPECT_EQ(harness.counters.flows, 0u);
}

TEST(PipelineSpoofed, NoHelloPassesBesideAnUnansweredSyn) {
    for (const std::uint32_t seq : kGuesses)
        for (const std::size_t cut : {std::size_t{1}, kCut, kBlocked.size()}) {
            PipelineHarness harness;
            TcpPair pair(harness);
            pair.server = 5001;
            harness.from_client(guessed(pair, false, seq, {}, kTcpSyn));
            const auto last =
                harness.from_client(pair.client_frame(slice(kBlocked, cut), kTcpAck, static_cast<std::int64_t>(cut)));
            const auto first = harness.from_client(pair.client_frame(slice(kBlocked, 0, cut), kTcpAck));
            EXPECT_TRUE(refused(first) || (cut < kBlocked.size() && refused(last))) << seq << ' ' << cut;
        }
}

TEST(PipelineSpoofed, WhatDoesNotFitAnAnsweredSynIsDropped) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    EXPECT_TRUE(refused(harness.from_client(pair.client_frame(kRecord, kTcpAck, 0x7a000000))));
    EXPECT_EQ(harness.drops(Reason::tcp_window), 1u);
}

TEST(PipelineSpoofed, AHalfOpenConnectionRecovers) {
    PipelineHarness harness;
    TcpPair pair(harness), older(harness, 443, 700'000, 900'000);
    pair.syn();
    EXPECT_TRUE(passed(harness.from_server(older.server_frame({}, kTcpAck)))) << "challenge ACK";
    EXPECT_TRUE(passed(harness.from_client(older.client_frame({}, kTcpRst))));
    --pair.client;
    pair.connect();
    EXPECT_TRUE(refused(pair.send(kBlocked)));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

TEST(PipelineSpoofed, ASynInTheServersNameBeforeTheClientsOwn) {
    for (const bool forbidden : {false, true})
        for (const Side side : {Side::outside, Side::inside})
            for (const std::uint32_t seq : kGuesses) {
                PipelineHarness harness;
                TcpPair pair(harness);
                harness.send(side, guessed(pair, true, seq, {}, kTcpSyn));
                pair.connect();
                const auto sent = pair.send(forbidden ? kBlocked : kAllowed);
                EXPECT_EQ(refused(sent), forbidden) << seq;
                EXPECT_TRUE(forbidden ? harness.blocked("www.tiktok.com") : harness.allowed("www.example.org"));
                if (!forbidden) {
                    EXPECT_TRUE(passed(pair.answer(tls_server_hello())));
                    EXPECT_TRUE(passed(pair.hear()));
                    EXPECT_EQ(harness.counters.flows_settled, 1u);
                }
            }
}

/// All three in the server's place: its SYN, a SYN in the client's name from the wrong side, and the answer to that.
TEST(PipelineSpoofed, AHandshakeFromOneSideOnlyTurnsNothingRound) {
    PipelineHarness harness;
    TcpPair pair = settled(harness);
    TcpPair ghost(harness, 443, 0x7a000000, 0x6a000000);
    harness.from_server(ghost.server_frame({}, kTcpSyn));
    harness.from_server(ghost.client_frame({}, kTcpSyn));
    ++ghost.client;
    harness.from_server(ghost.server_frame({}, kTcpSyn | kTcpAck, 0x01000000));
    expect_conversation(pair);
}

TEST(PipelineSpoofed, AMessageFromOutsideRefusesNothing) {
    for (const Buffer& payload : {kBlocked, kRequest, slice(kBlocked, 0, kCut)}) {
        PipelineHarness harness;
        TcpPair pair = settled(harness);
        EXPECT_TRUE(passed(harness.from_server(guessed(pair, true, 0x7a000000, payload, kTcpAck))));
        EXPECT_EQ(harness.counters.flows, 0u);
        expect_conversation(pair);
    }
}

TEST(PipelineSpoofed, AMessageFromOutsideRefusesNothingOfAFlowThatWasPickedUp) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    const Buffer request = buffer("GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
    EXPECT_TRUE(passed(pair.send(request)));
    EXPECT_EQ(harness.counters.flows, 1u);
    harness.from_server(guessed(pair, true, 0x7a000000, kRequest, kTcpAck));
    EXPECT_TRUE(passed(pair.answer(buffer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))));
    EXPECT_TRUE(passed(pair.send(request)));
}

TEST(PipelineSpoofed, ARefusedGuessCutsNobodyOff) {
    for (const Buffer& payload : {kBlocked, kRequest})
        for (const std::uint32_t seq : kGuesses) {
            PipelineHarness harness;
            TcpPair pair = settled(harness);
            EXPECT_TRUE(refused(harness.from_client(guessed(pair, false, seq, payload, kTcpAck))));
            EXPECT_TRUE(harness.blocked("www.tiktok.com"));
            expect_conversation(pair);
            EXPECT_TRUE(refused(harness.from_client(pair.client_frame(kBlocked)))) << "another hello does not pass";
            EXPECT_TRUE(refused(harness.from_client(guessed(pair, false, seq + 1000, kRecord, kTcpAck))));
        }
}

TEST(PipelineSpoofed, HalfAHelloOfAGuessCutsNobodyOff) {
    for (const std::uint32_t seq : kGuesses)
        for (const bool forgotten : {false, true}) {
            PipelineHarness harness;
            TcpPair pair = settled(harness);
            EXPECT_TRUE(passed(harness.from_client(guessed(pair, false, seq, slice(kBlocked, 0, kCut), kTcpAck))));
            harness.wait((forgotten ? 80 : 12) * kSecond);
            EXPECT_EQ(harness.counters.flows, forgotten ? 0u : 1u);
            expect_conversation(pair);
            EXPECT_TRUE(refused(
                harness.from_client(guessed(pair, false, seq + std::uint32_t{kCut}, slice(kBlocked, kCut), kTcpAck))));
        }
}

TEST(PipelineSpoofed, ARefusedMidstreamConnectionStaysRefused) {
    PipelineHarness harness;
    TcpPair pair(harness, 443, 0xffffff00, 0xfffffff0);
    EXPECT_TRUE(refused(pair.send(kBlocked)));
    EXPECT_TRUE(refused(pair.send(kRecord)));
    EXPECT_TRUE(refused(pair.answer(tls_server_hello())));
    EXPECT_TRUE(refused(pair.acknowledge()));
    EXPECT_EQ(harness.drops(Reason::flow_blocked), 3u);
}

const Buffer kAllowedRequest = buffer("GET /1 HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
const Buffer kResponse = buffer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");

/// A cleartext connection that is known no longer, or never was: only its two ends know of it.
TcpPair unknown_keep_alive(PipelineHarness& harness) {
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(kAllowedRequest)));
    EXPECT_TRUE(passed(pair.answer(kResponse)));
    harness.wait(400 * kSecond);
    EXPECT_EQ(harness.counters.flows, 0u);
    return pair;
}

/// Requests and answers in turn, whole and in halves; the last request is refused, and so is what follows it.
void expect_requests(PipelineHarness& harness, TcpPair& pair) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(passed(pair.send(kAllowedRequest))) << i;
        EXPECT_TRUE(passed(pair.acknowledge())) << i;
        EXPECT_TRUE(passed(pair.answer(kResponse))) << i;
        EXPECT_TRUE(passed(pair.send(slice(kAllowedRequest, 0, 20)))) << i;
        EXPECT_TRUE(passed(pair.send(slice(kAllowedRequest, 20)))) << i;
        EXPECT_TRUE(passed(pair.answer(kResponse))) << i;
        EXPECT_TRUE(passed(harness.from_client(pair.client_frame({}, kTcpAck)))) << i;
    }
    EXPECT_FALSE(harness.blocked("www.tiktok.com"));
    EXPECT_TRUE(passed(pair.send(slice(kRequest, 0, 20))));
    EXPECT_TRUE(refused(pair.send(slice(kRequest, 20))));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
    EXPECT_TRUE(refused(pair.answer(kResponse)));
}

TEST(PipelineSpoofed, ASynStallsNoKeepAliveConnection) {
    for (const bool known : {false, true})
        for (const bool in_servers_name : {false, true})
            for (const Side side : {Side::inside, Side::outside})
                for (const std::uint32_t seq : kGuesses) {
                    PipelineHarness harness;
                    TcpPair pair = unknown_keep_alive(harness);
                    if (known) EXPECT_TRUE(passed(pair.send(kAllowedRequest)));
                    for (int i = 0; i < 3; ++i)
                        harness.send(side, guessed(pair, in_servers_name, seq + 7777u * i, {}, kTcpSyn));
                    expect_requests(harness, pair);
                }
}

TEST(PipelineSpoofed, AGuessStallsNoKeepAliveConnection) {
    for (const Buffer& payload : {kBlocked, kRequest, slice(kBlocked, 0, kCut), slice(kRequest, 0, 20)})
        for (const Nanoseconds later : {Nanoseconds{0}, 12 * kSecond, 80 * kSecond, 1000 * kSecond})
            for (const std::uint32_t seq : kGuesses) {
                PipelineHarness harness;
                TcpPair pair = unknown_keep_alive(harness);
                harness.from_client(guessed(pair, false, seq, payload, kTcpAck));
                harness.wait(later);
                harness.findings.clear();
                if (later != 0) expect_requests(harness, pair);
            }
}

TEST(PipelineSpoofed, WhatWasReadBesideASynIsReadOnWhenThatIsForgotten) {
    PipelineHarness harness;
    TcpPair pair = unknown_keep_alive(harness);
    harness.from_client(guessed(pair, false, kGuesses[0], {}, kTcpSyn));
    harness.wait(70 * kSecond);
    EXPECT_TRUE(passed(pair.send(slice(kRequest, 0, 20))));
    EXPECT_EQ(harness.counters.flows, 2u);
    harness.wait(7 * kSecond);
    EXPECT_EQ(harness.counters.flows, 1u) << "the SYN is forgotten";
    EXPECT_TRUE(refused(pair.send(slice(kRequest, 20))));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

/// What is read beside a SYN is no less read than anything else: its SYN, once it is answered, begins anew.
TEST(PipelineSpoofed, PortsThatAreUsedAgainAreReadAgain) {
    for (const bool forbidden : {false, true})
        for (const bool half : {false, true}) {
            PipelineHarness harness;
            TcpPair older = unknown_keep_alive(harness);
            TcpPair pair(harness, 80, 700'000'000, 900'000'000);
            pair.syn();
            EXPECT_TRUE(passed(older.send(half ? slice(kAllowedRequest, 0, 20) : kAllowedRequest)));
            pair.syn_ack();
            EXPECT_TRUE(passed(harness.from_client(pair.client_frame({}, kTcpAck))));
            EXPECT_TRUE(refused(older.send(kRequest))) << "no such connection any more";
            EXPECT_EQ(refused(pair.send(forbidden ? kRequest : kAllowedRequest)), forbidden);
        }
}

/// Of several SYNs on the ports of a known connection the last is remembered: no other one's answer passes unread.
TEST(PipelineSpoofed, AnAnswerToAnotherSynWaitsForItsOwn) {
    PipelineHarness harness;
    TcpPair older = unknown_keep_alive(harness);
    EXPECT_TRUE(passed(older.send(kAllowedRequest)));
    TcpPair pair(harness, 80, 700'000'000, 900'000'000);
    pair.syn();
    EXPECT_TRUE(passed(harness.from_client(guessed(pair, false, 0x7a000000, {}, kTcpSyn))));
    EXPECT_TRUE(refused(harness.from_server(pair.server_frame({}, kTcpSyn | kTcpAck))));
    --pair.client;
    pair.connect();
    EXPECT_TRUE(refused(pair.send(kRequest)));
}

/// One-way: the SYN's answer takes another way, and so no answer tells which of the two is real.
TEST(PipelineSpoofed, BothStreamsOfAPairOfPortsAreRead) {
    for (const bool decoy_is_allowed : {false, true})
        for (const std::size_t cut : {std::size_t{0}, std::size_t{20}}) {
            PipelineHarness harness;
            TcpPair pair(harness, 80), decoy(harness, 80, 700'000'000, 900'000'000);
            pair.syn();
            pair.server = 5001;
            EXPECT_EQ(passed(decoy.send(decoy_is_allowed ? kAllowedRequest : kRequest)), decoy_is_allowed);
            harness.findings.clear();
            if (cut != 0) EXPECT_TRUE(passed(pair.send(slice(kRequest, 0, cut))));
            EXPECT_TRUE(passed(decoy.send(kAllowedRequest)) == decoy_is_allowed);
            EXPECT_TRUE(refused(pair.send(slice(kRequest, cut))));
            EXPECT_TRUE(harness.blocked("www.tiktok.com"));
        }
}

/// Half a hello each on two streams of one pair of ports: neither makes the other's rest pass.
TEST(PipelineSpoofed, TheRestsOfTwoHellosOnOnePairOfPortsDoNotPass) {
    for (const Nanoseconds later : {Nanoseconds{0}, 12 * kSecond, 80 * kSecond, 1000 * kSecond}) {
        PipelineHarness harness;
        TcpPair one(harness), other(harness, 443, 700'000'000, 900'000'000);
        EXPECT_TRUE(passed(one.send(slice(kBlocked, 0, kCut))));
        harness.wait(12 * kSecond);
        EXPECT_TRUE(passed(other.send(slice(kRequest, 0, 20))));
        harness.wait(later);
        for (TcpPair* pair : {&one, &other, &one}) {
            const Buffer rest = pair == &one ? slice(kBlocked, kCut) : slice(kRequest, 20);
            EXPECT_TRUE(refused(harness.from_client(pair->client_frame(rest)))) << later;
            EXPECT_TRUE(refused(pair->answer(tls_server_hello()))) << later;
        }
        EXPECT_EQ(harness.errors(Reason::flow_table_full), 0u);
    }
}

TEST(PipelineSpoofed, StreamsOfOnePairOfPortsMakeEachOtherForgottenByNoNumber) {
    PipelineHarness harness;
    std::vector<TcpPair> pairs;
    for (std::uint32_t i = 0; i < 20; ++i) {
        TcpPair pair(harness, 443, 1000 + 100'000'000 * i, 5000 + 100'000'000 * i);
        if (passed(pair.send(slice(kRequest, 0, 20)))) pairs.push_back(pair);
        harness.wait(100 * kSecond);
    }
    EXPECT_GE(pairs.size(), 2u);
    EXPECT_LE(pairs.size(), 4u);
    for (TcpPair& pair : pairs) EXPECT_TRUE(refused(pair.send(slice(kRequest, 20))));
}

}  // namespace
}  // namespace sluis::test
