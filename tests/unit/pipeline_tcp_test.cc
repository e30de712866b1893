// TLS over TCP through the whole pipeline, by a client that does what it can to get past.
#include <algorithm>
#include <functional>

#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

const Buffer kBlocked = tls_hello("www.tiktok.com");
const Buffer kAllowed = tls_hello("www.example.org");

/// A segment of a client's stream: where it lies, and what is in it.
struct Piece {
    std::size_t from, to;
};

void send_pieces(PipelineHarness& harness, const TcpPair& pair, const Buffer& stream,
                 const std::vector<Piece>& pieces) {
    for (const Piece& piece : pieces)
        harness.from_client(pair.client_frame(slice(stream, piece.from, piece.to - piece.from), kTcpAck | kTcpPsh,
                                              static_cast<std::int64_t>(piece.from)));
}

/// The bytes of the client's stream that the server gets: of every segment that came out.
std::size_t bytes_through(PipelineHarness& harness, const TcpPair& pair, const Buffer& stream,
                          const std::vector<Piece>& pieces) {
    std::size_t through = 0;
    for (const Piece& piece : pieces) {
        const auto sent =
            harness.from_client(pair.client_frame(slice(stream, piece.from, piece.to - piece.from), kTcpAck | kTcpPsh,
                                                  static_cast<std::int64_t>(piece.from)));
        if (!refused(sent)) through += piece.to - piece.from;
    }
    return through;
}

struct ResetPair {
    bool to_client = false, to_server = false;
    std::uint32_t client_seq = 0, server_seq = 0;
};
ResetPair resets(const std::vector<Sent>& sent) {
    ResetPair found;
    for (const Sent& frame : sent) {
        if (!frame.injected || (std::to_integer<int>(frame.bytes.at(47)) & kTcpRst) == 0) continue;
        (frame.egress == Side::inside ? found.to_client : found.to_server) = true;
        (frame.egress == Side::inside ? found.client_seq : found.server_seq) = get32(frame.bytes, 38);
    }
    return found;
}

TEST(PipelineTcp, AHelloIsAllowedOrRefused) {
    for (const bool block : {false, true}) {
        PipelineHarness harness;
        TcpPair pair(harness);
        pair.connect();
        const auto sent = harness.from_client(pair.client_frame(block ? kBlocked : kAllowed));
        if (!block) {
            EXPECT_TRUE(passed(sent));
            EXPECT_TRUE(harness.allowed("www.example.org"));
            continue;
        }
        EXPECT_TRUE(refused(sent));
        EXPECT_TRUE(harness.blocked("www.tiktok.com"));
        const ResetPair reset = resets(sent);
        EXPECT_TRUE(reset.to_client && reset.to_server);
        EXPECT_EQ(reset.client_seq, 5001u);
        EXPECT_EQ(reset.server_seq, 1001u);
        EXPECT_EQ(harness.drops(Reason::rule), 1u);
    }
}

TEST(PipelineTcp, TheInjectedResetsHaveRightChecksums) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    for (const Sent& frame : harness.from_client(pair.client_frame(kBlocked))) {
        const Bytes ip = Bytes(frame.bytes).subspan(14);
        EXPECT_EQ(plain_checksum(ip.first(20)), 0);
        const Buffer pseudo = buffer(ip.subspan(12, 8)) + big_endian(6, 4) + big_endian(ip.size() - 20, 4);
        EXPECT_EQ(plain_checksum(ip.subspan(20), plain_sum(pseudo)), 0);
    }
}

TEST(PipelineTcp, CutInTwoAtEveryByte) {
    for (const bool in_order : {true, false})
        for (const std::uint32_t isn : {1000u, 0xffffff80u})  // the second wraps in the hello
            for (std::size_t cut = 1; cut < kBlocked.size(); ++cut) {
                PipelineHarness harness;
                TcpPair pair(harness, 443, isn);
                pair.connect();
                std::vector<Piece> pieces{{0, cut}, {cut, kBlocked.size()}};
                if (!in_order) std::swap(pieces[0], pieces[1]);
                ASSERT_LT(bytes_through(harness, pair, kBlocked, pieces), kBlocked.size()) << cut;
                ASSERT_TRUE(harness.blocked("www.tiktok.com")) << cut;
            }
}

TEST(PipelineTcp, AnAllowedHelloCutInTwoAtEveryByte) {
    for (const bool in_order : {true, false})
        for (std::size_t cut = 1; cut < kAllowed.size(); ++cut) {
            PipelineHarness harness;
            TcpPair pair(harness, 443, 0xffffff80u);
            pair.connect();
            std::vector<Piece> pieces{{0, cut}, {cut, kAllowed.size()}};
            if (!in_order) std::swap(pieces[0], pieces[1]);
            ASSERT_EQ(bytes_through(harness, pair, kAllowed, pieces), kAllowed.size()) << cut;
        }
}

std::vector<Piece> single_bytes(std::size_t size) {
    std::vector<Piece> pieces;
    for (std::size_t at = 0; at < size; ++at) pieces.push_back({at, at + 1});
    return pieces;
}

TEST(PipelineTcp, OneByteASegment) {
    for (const bool reversed : {false, true}) {
        std::vector<Piece> pieces = single_bytes(kBlocked.size());
        if (reversed) std::reverse(pieces.begin(), pieces.end());
        PipelineHarness harness;
        TcpPair pair(harness);
        pair.connect();
        EXPECT_EQ(bytes_through(harness, pair, kBlocked, pieces), kBlocked.size() - 1);
        EXPECT_TRUE(harness.blocked("www.tiktok.com"));
    }
}

TEST(PipelineTcp, ARetransmissionWithOtherBoundariesPasses) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    const std::vector<Piece> pieces{{0, 40}, {60, 100}, {20, 80}, {0, 60}, {30, 90}, {0, kAllowed.size()}, {10, 50}};
    for (const Piece& piece : pieces) EXPECT_EQ(bytes_through(harness, pair, kAllowed, {piece}), piece.to - piece.from);
    EXPECT_EQ(harness.findings.size(), 1u);
}

TEST(PipelineTcp, OtherBytesForOneRangeResetBoth) {
    Buffer other = kAllowed;
    other[90] ^= std::byte{1};
    const std::vector<std::vector<Piece>> orders{{{0, 100}, {80, 100}}, {{50, 100}, {80, 120}}, {{50, 100}, {0, 95}}};
    for (const auto& order : orders) {
        PipelineHarness harness;
        TcpPair pair(harness);
        pair.connect();
        send_pieces(harness, pair, kAllowed, {order[0]});
        const auto sent =
            harness.from_client(pair.client_frame(slice(other, order[1].from, order[1].to - order[1].from), kTcpAck,
                                                  static_cast<std::int64_t>(order[1].from)));
        EXPECT_TRUE(refused(sent));
        const ResetPair reset = resets(sent);
        EXPECT_TRUE(reset.to_client && reset.to_server);
        EXPECT_EQ(reset.client_seq, 5001u);
        EXPECT_EQ(reset.server_seq, order[0].from == 0 ? 1101u : 1001u);
        EXPECT_EQ(harness.drops(Reason::stream_conflict), 1u);
        EXPECT_TRUE(refused(pair.send(kAllowed)));
    }
}

TEST(PipelineTcp, ADecoyHelloBeforeTheRealOneIsAConflict) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    harness.from_client(pair.client_frame(kAllowed));
    EXPECT_TRUE(refused(harness.from_client(pair.client_frame(kBlocked))));
}

TEST(PipelineTcp, WhatTheServerWouldDiscardTeachesNothing) {
    struct Row {
        const char* what;
        std::function<Buffer(const TcpPair&)> frame;
        Reason reason;
    };
    const auto options = [](std::initializer_list<int> bytes) { return TcpFields{.options = buffer(bytes)}; };
    const std::vector<Row> rows{
        {"no ACK flag", [](const TcpPair& p) { return p.client_frame(kAllowed, kTcpPsh); }, Reason::tcp_flags},
        {"SYN and FIN", [](const TcpPair& p) { return p.client_frame(kAllowed, kTcpSyn | kTcpFin); },
         Reason::tcp_flags},
        {"RST with data", [](const TcpPair& p) { return p.client_frame(kAllowed, kTcpRst | kTcpAck); },
         Reason::tcp_flags},
        {"SYN with data", [](const TcpPair& p) { return p.client_frame(kAllowed, kTcpSyn); }, Reason::tcp_syn_data},
        {"beyond the window", [](const TcpPair& p) { return p.client_frame(kAllowed, kTcpAck, 70000); },
         Reason::tcp_window},
        {"before the first byte", [](const TcpPair& p) { return p.client_frame(kAllowed, kTcpAck, -66000); },
         Reason::tcp_window},
        {"half the space away", [](const TcpPair& p) { return p.client_frame(kAllowed, kTcpAck, 0x80000000); },
         Reason::tcp_window},
        {"TCP-MD5",
         [&](const TcpPair& p) {
             return p.client_frame(kAllowed, kTcpAck, 0,
                                   options({19, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
         },
         Reason::tcp_md5},
        {"malformed options",
         [&](const TcpPair& p) {
             return p.client_frame(kAllowed, kTcpAck, 0, options({3, 9, 1, 0}));
         },
         Reason::tcp_options},
        {"bad checksum",
         [](const TcpPair& p) {
             Buffer frame = p.client_frame(kAllowed);
             frame[50] ^= std::byte{1};
             return frame;
         },
         Reason::tcp_checksum},
        {"bad acknowledgment",
         [](const TcpPair& p) {
             TcpPair other = p;
             other.server += 66000;
             return other.client_frame(kAllowed);
         },
         Reason::tcp_ack},
        {"old acknowledgment",
         [](const TcpPair& p) {
             TcpPair other = p;
             other.server -= 66000;
             return other.client_frame(kAllowed);
         },
         Reason::tcp_ack},
    };
    for (const Row& row : rows) {
        PipelineHarness harness;
        TcpPair pair(harness);
        pair.connect();
        EXPECT_TRUE(refused(harness.from_client(row.frame(pair)))) << row.what;
        EXPECT_EQ(harness.drops(row.reason), 1u) << row.what;
        EXPECT_FALSE(harness.allowed("www.example.org")) << row.what;
        EXPECT_TRUE(refused(pair.send(kBlocked))) << row.what;
        EXPECT_TRUE(harness.blocked("www.tiktok.com")) << row.what;
    }
}

TEST(PipelineTcp, AnOldTimestampIsNoDecoy) {
    const auto stamp = [](std::uint32_t value) {
        return TcpFields{.options = buffer({1, 1, 8, 10}) + big_endian(value, 4) + big_endian(0, 4)};
    };
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.syn(stamp(0xffffff00));
    pair.syn_ack();
    EXPECT_TRUE(refused(harness.from_client(pair.client_frame(kAllowed, kTcpAck, 0, stamp(0xfffffeff)))));
    EXPECT_EQ(harness.drops(Reason::tcp_paws), 1u);
    EXPECT_TRUE(refused(harness.from_client(pair.client_frame(kBlocked, kTcpAck, 0, stamp(0x00000010)))));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

TEST(PipelineTcp, ProbesOfOrdinaryStacksPass) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame({}, kTcpAck, -1))));  // keep-alive
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame(buffer({0}), kTcpAck, -1))));
    EXPECT_TRUE(passed(pair.send(slice(kAllowed, 0, 50))));
    EXPECT_TRUE(passed(pair.acknowledge()));
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame(buffer({0x99}), kTcpAck, -1))))
        << "an old byte of any value";
    EXPECT_TRUE(passed(harness.from_server(pair.server_frame({}, kTcpAck, 0, {.window = 0}))));
    EXPECT_TRUE(passed(pair.send(slice(kAllowed, 50))));
    EXPECT_TRUE(harness.allowed("www.example.org"));
}

TEST(PipelineTcp, AZeroWindowTakesOneByte) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.syn();
    EXPECT_TRUE(passed(harness.from_server(pair.server_frame({}, kTcpSyn | kTcpAck, 0, {.window = 0}))));
    ++pair.server;
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame(slice(kBlocked, 0, 1), kTcpAck))));
    EXPECT_TRUE(refused(harness.from_client(pair.client_frame(slice(kBlocked, 1), kTcpAck, 1))));
    EXPECT_EQ(harness.drops(Reason::tcp_window), 1u);
}

TEST(PipelineTcp, FinAndResetDecoysDoNotEndTheWatch) {
    for (const int flags : {int{kTcpRst}, kTcpRst | kTcpAck, kTcpFin | kTcpAck})
        for (const int offset : {0, 1, -1, 500}) {
            PipelineHarness harness;
            TcpPair pair(harness);
            pair.connect();
            harness.from_client(pair.client_frame({}, flags, offset));
            EXPECT_TRUE(refused(pair.send(kBlocked))) << flags << ' ' << offset;
            EXPECT_TRUE(harness.blocked("www.tiktok.com"));
        }
}

TEST(PipelineTcp, AServersHelloSettles) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    pair.send(kAllowed);
    EXPECT_EQ(harness.counters.flows, 1u);
    EXPECT_TRUE(passed(pair.answer(tls_server_hello())));
    EXPECT_EQ(harness.counters.flows, 1u) << "the client has not heard it";
    EXPECT_TRUE(passed(pair.hear()));
    EXPECT_EQ(harness.counters.flows, 0u);
    EXPECT_EQ(harness.counters.flows_settled, 1u);
    EXPECT_TRUE(passed(pair.send(Buffer(1000, std::byte{0x17}))));
}

TEST(PipelineTcp, AServersHelloInSingleBytesSettles) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    pair.send(kAllowed);
    const Buffer answer = tls_server_hello();
    for (const std::byte byte : answer) EXPECT_TRUE(passed(pair.answer({byte})));
    EXPECT_TRUE(passed(pair.hear()));
    EXPECT_EQ(harness.counters.flows_settled, 1u);
}

/// All that the server says is lost behind the box: the client sends its hello again, the last part first (a tail loss
/// probe: RFC 8985, 7.3), then from its beginning, and the server says again how far it has come.
TEST(PipelineTcp, AHelloThatIsSentAgainAfterItsAnswerPasses) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    constexpr std::size_t kCut = 60;
    const Buffer parts[] = {slice(kAllowed, 0, kCut), slice(kAllowed, kCut)};
    for (const Buffer& part : parts) EXPECT_TRUE(passed(pair.send(part)));
    const Buffer client_ack = pair.client_frame({}, kTcpAck);
    EXPECT_TRUE(passed(pair.answer(tls_server_hello())));
    EXPECT_TRUE(passed(pair.answer(record(23, Buffer(900, std::byte{0x99}), 3))));
    const auto whole = static_cast<std::int64_t>(kAllowed.size());
    TcpPair unheard = pair;
    unheard.server = 5001;
    for (int again = 0; again < 3; ++again)
        for (const std::int64_t part : {1, 0}) {
            const std::int64_t offset = part * std::int64_t{kCut} - whole;
            EXPECT_TRUE(passed(harness.from_client(unheard.client_frame(parts[part], kTcpAck, offset)))) << again;
            EXPECT_TRUE(passed(pair.acknowledge())) << again;
        }
    EXPECT_TRUE(passed(harness.from_client(client_ack))) << "it still says the same";
    EXPECT_EQ(harness.counters.flows, 1u);
    EXPECT_TRUE(passed(pair.send(record(20, buffer({1}), 3))));
    EXPECT_EQ(harness.counters.flows_settled, 1u);
    EXPECT_EQ(harness.findings.size(), 1u);
}

/// The segment by which a client says that it has heard the answer may begin with another hello.
TEST(PipelineTcp, AHelloInTheSegmentThatHearsTheAnswerIsRead) {
    for (const bool halves : {false, true}) {
        PipelineHarness harness;
        TcpPair pair(harness);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(kAllowed)));
        EXPECT_TRUE(passed(pair.answer(tls_server_hello())));
        if (halves) EXPECT_TRUE(passed(pair.send(slice(kBlocked, 0, 60))));
        EXPECT_TRUE(refused(pair.send(slice(kBlocked, halves ? 60 : 0))));
        EXPECT_TRUE(harness.blocked("www.tiktok.com"));
    }
}

TEST(PipelineTcp, ASecondHelloIsAnsweredForItself) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    for (int hello = 0; hello < 2; ++hello) {
        EXPECT_TRUE(passed(pair.send(kAllowed)));
        EXPECT_EQ(harness.counters.flows_settled, 0u) << hello;
        EXPECT_TRUE(passed(pair.answer(tls_server_hello())));
    }
    EXPECT_TRUE(passed(pair.hear()));
    EXPECT_EQ(harness.counters.flows_settled, 1u);
}

/// The special random that makes a ServerHello a HelloRetryRequest (RFC 8446, 4.1.3).
Buffer hello_retry_request() {
    Buffer answer = tls_server_hello();
    const Buffer random =
        buffer({0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c});
    std::copy(random.begin(), random.end(), answer.begin() + 11);
    return answer;
}

TEST(PipelineTcp, TheSecondHelloAfterARetryRequestIsRead) {
    for (const bool change_cipher_spec : {false, true}) {
        PipelineHarness harness;
        TcpPair pair(harness);
        pair.connect();
        pair.send(kAllowed);
        EXPECT_TRUE(passed(pair.answer(hello_retry_request())));
        EXPECT_EQ(harness.counters.flows_settled, 0u);
        if (change_cipher_spec) EXPECT_TRUE(passed(pair.send(record(20, buffer({1}), 3))));
        EXPECT_TRUE(refused(pair.send(kBlocked)));
        EXPECT_TRUE(harness.blocked("www.tiktok.com"));
    }
}

TEST(PipelineTcp, ANewConnectionOnTheSamePorts) {
    PipelineHarness harness;
    TcpPair first(harness);
    first.connect();
    first.send(slice(kAllowed, 0, 30));
    TcpPair second(harness, 443, 900'000, 800'000);
    second.connect();
    EXPECT_TRUE(refused(second.send(kBlocked)));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

TEST(PipelineTcp, ASynDecoyMovesNothing) {
    for (const bool before : {true, false})
        for (const std::uint32_t decoy : {999'000u, 1100u, 900u, 1000u + static_cast<std::uint32_t>(kBlocked.size())}) {
            PipelineHarness harness;
            TcpPair pair(harness), other(harness, 443, decoy);
            if (before) harness.from_client(other.client_frame({}, kTcpSyn));
            pair.syn();
            if (!before) harness.from_client(other.client_frame({}, kTcpSyn));
            pair.syn_ack();
            EXPECT_LT(bytes_through(harness, pair, kBlocked, {{0, 60}, {60, kBlocked.size()}}), kBlocked.size())
                << decoy;
        }
}

TEST(PipelineTcp, AMidstreamHelloIsRead) {
    PipelineHarness harness;
    TcpPair pair(harness);
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame(slice(kBlocked, 0, 20)))));
    EXPECT_TRUE(refused(harness.from_client(pair.client_frame(slice(kBlocked, 20), kTcpAck, 20))));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

TEST(PipelineTcp, AFlowSeenInOneDirection) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.syn();
    pair.server = 5001;
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame({}, kTcpAck))));
    EXPECT_TRUE(passed(pair.send(slice(kBlocked, 0, 20))));
    EXPECT_TRUE(refused(pair.send(slice(kBlocked, 20))));
}

TEST(PipelineTcp, TlsAfterStartTls) {
    PipelineHarness harness;
    TcpPair pair(harness, 587);
    pair.connect();
    EXPECT_TRUE(passed(pair.answer(buffer("220 mail.example.org ESMTP\r\n"))));
    EXPECT_TRUE(passed(pair.send(buffer("EHLO client\r\n"))));
    EXPECT_TRUE(passed(pair.answer(buffer("250 STARTTLS\r\n"))));
    EXPECT_TRUE(passed(pair.send(buffer("STARTTLS\r\n"))));
    EXPECT_TRUE(passed(pair.answer(buffer("220 go ahead\r\n"))));
    EXPECT_TRUE(passed(pair.send(slice(kBlocked, 0, 40))));
    EXPECT_TRUE(refused(pair.send(slice(kBlocked, 40))));
}

TEST(PipelineTcp, ABlockedFlowStaysBlocked) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    pair.send(kBlocked);
    EXPECT_TRUE(refused(pair.send(kAllowed)));
    EXPECT_TRUE(refused(pair.answer(tls_server_hello())));
    EXPECT_EQ(harness.drops(Reason::flow_blocked), 2u);
}

TEST(PipelineTcp, AnOpenHelloIsClosedInTime) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    pair.send(slice(kBlocked, 0, 40));
    harness.wait(11 * kSecond);
    EXPECT_TRUE(refused(pair.send(slice(kBlocked, 40))));
    EXPECT_EQ(harness.counters.blocks[static_cast<std::size_t>(Reason::hello_timeout)], 1u);
}

TEST(PipelineTcp, EveryKindOfLinkIsAnswered) {
    const Buffer inner = ipv4({}, tcp({.seq = 1001, .ack = 5001}, kBlocked));
    const Buffer inner6 = ipv6({}, tcp({.seq = 1001, .ack = 5001}, kBlocked));
    const std::vector<Buffer> frames{
        ethernet(vlan(7, inner), kEtherVlan), ethernet(vlan(7, vlan(8, inner6, kEtherIpv6), kEtherVlan), kEtherQinQ),
        ethernet(pppoe(inner), kEtherPppoe),  ethernet(vlan(7, pppoe(inner6, 0x0057), kEtherPppoe), kEtherVlan),
        ethernet(inner6, kEtherIpv6),
    };
    for (const Buffer& frame : frames) {
        PipelineHarness harness;
        const auto sent = harness.from_client(frame);
        EXPECT_EQ(sent.size(), 2u);
        EXPECT_TRUE(refused(sent));
        EXPECT_TRUE(harness.blocked("www.tiktok.com"));
    }
}

TEST(PipelineTcp, WithoutAFreeFrameTheFlowIsRefusedAllTheSame) {
    PipelineHarness harness;
    TcpPair pair(harness);
    pair.connect();
    harness.io.exhausted = true;
    EXPECT_TRUE(pair.send(kBlocked).empty());
    EXPECT_TRUE(pair.send(kAllowed).empty());
}

}  // namespace
}  // namespace sluis::test
