// Streams that begin elsewhere than where they were first seen to: flows in whose middle we come, whose first bytes
// come last, and connections whose client is the end that accepted them.
#include <string>

#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

const Buffer kBlocked = tls_hello("www.tiktok.com"), kAllowed = tls_hello("www.example.org");
Buffer get(const std::string& host) { return buffer("GET /index.html HTTP/1.1\r\nHost: " + host + "\r\n\r\n"); }
const Buffer kRequest = get("www.tiktok.com"), kAllowedRequest = get("www.example.org");
const Buffer kAnswer = buffer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
Buffer over_tcp_query() { return prefixed(2, buffer(dns_query_text("www.tiktok.com"))); }
const Buffer kRecord = record(23, Buffer(100, std::byte{0x5a}), 3);

struct Piece {
    std::size_t begin, size;
};

/// The client's stream in pieces, to a server that acknowledges each as TCP does. What does not get there comes again.
/// Whether the server's answer to all of it gets back.
bool answered(PipelineHarness& harness, TcpPair& pair, const Buffer& stream, std::vector<Piece> pieces,
              const Buffer& answer) {
    std::vector<bool> there(stream.size());
    const TcpPair start = pair;
    for (int round = 0; round < 3; ++round)
        for (const auto& [begin, size] : pieces) {
            if (there[begin]) continue;
            const auto offset = static_cast<std::int64_t>(begin);
            if (!passed(harness.from_client(start.client_frame(slice(stream, begin, size), kTcpAck, offset)))) continue;
            std::fill_n(there.begin() + offset, size, true);
            const auto acked = std::find(there.begin(), there.end(), false) - there.begin();
            pair.client = start.client + static_cast<std::uint32_t>(acked);
            pair.acknowledge();
        }
    return pair.client == start.client + stream.size() && passed(pair.answer(answer));
}
bool answered(PipelineHarness& harness, TcpPair& pair, const Buffer& stream, std::size_t cut, const Buffer& answer) {
    return answered(harness, pair, stream, {{cut, stream.size() - cut}, {0, cut}}, answer);
}

TEST(PipelineBeginning, AMessageWhoseFirstBytesComeLastIsNotAnswered) {
    const std::pair<Buffer, Buffer> rows[] = {{kBlocked, tls_server_hello()}, {kRequest, kAnswer}};
    for (const auto& [stream, answer] : rows)
        for (std::size_t cut = 1; cut < stream.size(); ++cut) {
            PipelineHarness harness;
            TcpPair pair(harness);
            EXPECT_FALSE(answered(harness, pair, stream, cut, answer)) << cut;
            EXPECT_TRUE(refused(pair.answer(answer))) << cut;
        }
}

TEST(PipelineBeginning, SoItIsWhenTheFlowWasForgotten) {
    for (const std::size_t cut : {1u, 4u, 5u, 60u}) {
        PipelineHarness harness;
        TcpPair pair(harness);
        pair.connect();
        harness.wait(400 * kSecond);
        EXPECT_EQ(harness.counters.flows, 0u);
        EXPECT_FALSE(answered(harness, pair, kBlocked, cut, tls_server_hello()));
    }
}

TEST(PipelineBeginning, InSinglePiecesFromItsEnd) {
    for (const std::size_t size : {1u, 3u, 7u, 50u})
        for (const auto& [stream, answer] :
             {std::pair{kBlocked, tls_server_hello()}, {kRequest, kAnswer}, {over_tcp_query(), kRecord}}) {
            std::vector<Piece> pieces;
            for (std::size_t end = stream.size(); end > 0; end -= pieces.back().size) {
                const std::size_t count = std::min(end, size);
                pieces.push_back({end - count, count});
            }
            PipelineHarness harness;
            TcpPair pair(harness, stream == over_tcp_query() ? 53 : 443);
            EXPECT_FALSE(answered(harness, pair, stream, pieces, answer)) << size << ' ' << stream.size();
        }
}

/// A hello whose random looks like a request, from which the flow is picked up.
TEST(PipelineBeginning, WhatLooksLikeARequestHidesNothingBeforeIt) {
    for (const char* text : {"GET / HTTP/1.1\r\nA: B\r\n\r\n", "GET / HTTP/1.1\r\nA: B"}) {
        constexpr std::size_t kRandom = 11;
        Buffer stream = kBlocked;
        std::copy_n(buffer(std::string_view(text)).begin(), std::string_view(text).size(), stream.begin() + kRandom);
        for (std::size_t first = 1; first <= kRandom; ++first) {
            std::vector<Piece> pieces{{kRandom, stream.size() - kRandom}, {0, first}};
            if (first < kRandom) pieces.insert(pieces.begin() + 1, {first, kRandom - first});
            PipelineHarness harness;
            TcpPair pair(harness);
            EXPECT_FALSE(answered(harness, pair, stream, pieces, tls_server_hello())) << first;
            if (first == kRandom) EXPECT_TRUE(harness.blocked("www.tiktok.com")) << "all of it is known";
        }
    }
}

/// An open request is not given up for bytes before it that its server may have long since.
TEST(PipelineBeginning, OldBytesHideNoOpenRequest) {
    PipelineHarness harness;
    TcpPair pair(harness, 80, 100'000);
    EXPECT_TRUE(passed(pair.send(slice(kRequest, 0, 30))));
    harness.from_client(pair.client_frame(kAllowedRequest, kTcpAck, -1000));
    EXPECT_TRUE(refused(pair.send(slice(kRequest, 30))));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

/// Of two requests in a flow that is older than the box, the first is lost on its way here, and comes again.
TEST(PipelineBeginning, ALostRequestComesAgain) {
    for (const bool block : {false, true}) {
        PipelineHarness harness;
        TcpPair pair(harness, 80);
        const Buffer& first = block ? kRequest : kAllowedRequest;
        const auto size = static_cast<std::int64_t>(first.size());
        EXPECT_TRUE(passed(harness.from_client(pair.client_frame(kAllowedRequest, kTcpAck, size))));
        EXPECT_TRUE(passed(harness.from_server(pair.server_frame({}, kTcpAck))));
        EXPECT_EQ(passed(pair.send(first)), !block);
        EXPECT_EQ(harness.blocked("www.tiktok.com"), block);
        if (block) continue;
        pair.client += static_cast<std::uint32_t>(kAllowedRequest.size());
        EXPECT_TRUE(passed(pair.answer(kAnswer)));
        EXPECT_TRUE(passed(pair.answer(kAnswer)));
        EXPECT_TRUE(passed(pair.send(kAllowedRequest)));
        EXPECT_TRUE(passed(pair.answer(kAnswer)));
    }
}

/// Bytes that nobody can take for a beginning go on in any order.
TEST(PipelineBeginning, OtherBytesPassInAnyOrder) {
    const Buffer segments[] = {kRecord, buffer("\x30\x81 binary"), buffer("a line of text\r\n"), Buffer(1400)};
    for (const Buffer& first : segments)
        for (const Buffer& second : segments) {
            PipelineHarness harness;
            TcpPair pair(harness, 9000);
            for (int i = 0; i < 4; ++i) {
                const auto size = static_cast<std::int64_t>(first.size());
                EXPECT_TRUE(passed(harness.from_client(pair.client_frame(second, kTcpAck, size))));
                EXPECT_TRUE(passed(harness.from_server(pair.server_frame({}, kTcpAck))));
                EXPECT_TRUE(passed(pair.send(first)));
                pair.client += static_cast<std::uint32_t>(second.size());
                EXPECT_TRUE(passed(pair.answer(kRecord)));
            }
        }
}

/// The last bytes of a flow in whose middle we came may be a word, as a request begins with one. Its FIN is no byte
/// that went by unread.
TEST(PipelineBeginning, AWordBeforeTheEndIsNoOpenRequest) {
    for (const char* last : {"QUIT", "\r\n", "a8f5f167f44f4964e6c998dee827110c", "\x16"}) {
        PipelineHarness harness;
        TcpPair pair(harness, 25);
        EXPECT_TRUE(passed(pair.send(buffer(std::string_view(last)))));
        EXPECT_TRUE(passed(harness.from_client(pair.client_frame({}, kTcpAck | kTcpFin))));
        EXPECT_TRUE(passed(pair.acknowledge()));
        ++pair.client;
        EXPECT_TRUE(passed(pair.acknowledge())) << last;
        EXPECT_TRUE(passed(pair.answer(kAnswer))) << last;
    }
}

/// A FIN in the place of a last byte that went by before all others, since nothing begins with it.
TEST(PipelineBeginning, AFinHidesNoLastByte) {
    const Buffer padding = extension(21, Buffer(4));
    const Buffer stream = record(22, handshake(1, hello_body(server_name("www.tiktok.com") + padding)));
    const std::size_t last = stream.size() - 1;
    PipelineHarness harness;
    TcpPair pair(harness);
    EXPECT_TRUE(
        passed(harness.from_client(pair.client_frame(slice(stream, last), kTcpAck, static_cast<std::int64_t>(last)))));
    EXPECT_TRUE(passed(pair.send(slice(stream, 0, last))));
    harness.from_client(pair.client_frame({}, kTcpAck | kTcpFin));
    ++pair.client;
    EXPECT_TRUE(refused(pair.acknowledge()));
    EXPECT_TRUE(refused(pair.answer(tls_server_hello())));
}

/// A server that has a byte in the FIN's place drops the FIN as old, and takes what follows.
TEST(PipelineBeginning, NothingFollowsAFinThatWasTakenForAByte) {
    const Buffer stream = record(22, handshake(1, hello_body(server_name("www.tiktok.com"))));
    for (const std::size_t open : {1u, 3u, 5u}) {
        for (const bool waits : {false, true}) {  // for longer than an idle flow is kept
            PipelineHarness harness;
            TcpPair pair(harness);
            const auto ahead = static_cast<std::int64_t>(open);
            EXPECT_TRUE(passed(harness.from_client(pair.client_frame(slice(stream, open, 1), kTcpAck, ahead))));
            EXPECT_TRUE(passed(pair.send(slice(stream, 0, open))));
            EXPECT_TRUE(passed(harness.from_client(pair.client_frame({}, kTcpAck | kTcpFin))));
            ++pair.client;
            EXPECT_TRUE(passed(pair.acknowledge()));
            if (waits) harness.wait(400 * kSecond);
            EXPECT_TRUE(refused(pair.send(slice(stream, open + 1)))) << open;
            EXPECT_TRUE(refused(pair.answer(tls_server_hello()))) << open;
        }
    }
}

/// A connection from outside.
class Inbound {
public:
    explicit Inbound(PipelineHarness& harness, std::uint32_t isn = 1000) : harness_(harness), inside(isn) {
        EXPECT_TRUE(passed(harness.from_server(frame(true, {}, kTcpSyn))));
        ++outside;
        EXPECT_TRUE(passed(harness.from_client(frame(false, {}, kTcpSyn | kTcpAck))));
        ++inside;
        EXPECT_TRUE(passed(harness.from_server(frame(true, {}, kTcpAck))));
    }
    /// A segment whose first byte is `offset` bytes beyond the next one.
    Buffer frame(bool from_outside, const Buffer& payload, int flags = kTcpAck | kTcpPsh, std::size_t offset = 0) {
        TcpPair pair(harness_, 20, inside, outside);
        const auto ahead = static_cast<std::int64_t>(offset);
        if (flags == kTcpSyn) pair.client = 0;
        return from_outside ? pair.server_frame(payload, flags, ahead) : pair.client_frame(payload, flags, ahead);
    }
    bool answer(const Buffer& payload) {
        const bool through = passed(harness_.from_client(frame(false, payload)));
        inside += static_cast<std::uint32_t>(payload.size());
        return through;
    }
    bool send(const Buffer& payload) {
        const bool through = passed(harness_.from_server(frame(true, payload)));
        outside += static_cast<std::uint32_t>(payload.size());
        return through;
    }

private:
    PipelineHarness& harness_;

public:
    std::uint32_t inside, outside = 5000;  ///< next sequence number of either end
};

TEST(PipelineBeginning, TheEndThatAcceptedMayBeTheClient) {
    for (const bool reversed : {false, true})
        for (const Buffer& stream : {kBlocked, kRequest, kAllowed, kAllowedRequest}) {
            const bool block = &stream == &kBlocked || stream == kBlocked || stream == kRequest;
            for (std::size_t cut = 1; cut < stream.size(); ++cut) {
                PipelineHarness harness;
                Inbound connection(harness);
                bool through;
                if (reversed) {
                    through = passed(
                        harness.from_client(connection.frame(false, slice(stream, cut), kTcpAck | kTcpPsh, cut)));
                    through = passed(harness.from_client(connection.frame(false, slice(stream, 0, cut)))) && through;
                    connection.inside += static_cast<std::uint32_t>(stream.size());
                } else {
                    through = connection.answer(slice(stream, 0, cut));
                    through = connection.answer(slice(stream, cut)) && through;
                }
                ASSERT_EQ(through, !block) << cut;
                ASSERT_EQ(harness.blocked("www.tiktok.com"), block) << cut;
                if (block || stream != kAllowed) continue;
                ASSERT_TRUE(connection.send(tls_server_hello())) << cut;
                ASSERT_TRUE(connection.answer(kRecord)) << cut;
                ASSERT_EQ(harness.counters.flows, 0u) << "settled";
            }
        }
}

TEST(PipelineBeginning, SoMayOneOutside) {
    for (const bool block : {false, true}) {
        PipelineHarness harness;
        TcpPair pair(harness);
        pair.connect();
        const Buffer& hello = block ? kBlocked : kAllowed;
        EXPECT_TRUE(passed(pair.answer(slice(hello, 0, 3))));
        EXPECT_EQ(passed(pair.answer(slice(hello, 3))), !block);
        if (block) continue;
        EXPECT_TRUE(passed(pair.send(tls_server_hello())));
        for (int i = 0; i < 50; ++i) EXPECT_TRUE(passed(pair.answer(kRecord)));
        EXPECT_TRUE(refused(pair.send(kBlocked))) << "who opened it is read all the same";
    }
}

TEST(PipelineBeginning, AClientThatAcceptedMayGreetFirst) {
    PipelineHarness harness;
    Inbound connection(harness);
    EXPECT_TRUE(connection.answer(buffer("220 ready\r\n")));
    EXPECT_TRUE(connection.send(buffer("AUTH TLS\r\n")));
    EXPECT_TRUE(connection.answer(buffer("234 go\r\n")));
    EXPECT_FALSE(connection.answer(kBlocked));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

/// Half a hello of an accepting end is as open as any other: its rest does not pass once its time is over.
TEST(PipelineBeginning, AnOpenHelloOfAnAcceptingEndIsClosedInTime) {
    PipelineHarness harness;
    Inbound connection(harness);
    EXPECT_TRUE(connection.answer(slice(kBlocked, 0, 60)));
    harness.wait(400 * kSecond);
    EXPECT_EQ(harness.counters.flows, 0u);
    EXPECT_FALSE(connection.answer(slice(kBlocked, 60)));
}

/// Servers inside answer as ever, in order or not, and their flows are settled.
TEST(PipelineBeginning, ServersInsideAreServed) {
    const Buffer alert = record(21, buffer({2, 40}), 3);
    for (const bool reversed : {false, true})
        for (const Buffer& answer : {tls_server_hello() + kRecord, alert, kRecord, buffer("\5\0"),
                                     buffer("SSH-2.0-x\r\n"), kAnswer, Buffer(1400), buffer("PROXY"), buffer("\x16")}) {
            PipelineHarness harness;
            Inbound connection(harness);
            EXPECT_TRUE(connection.send(kAllowed));
            const std::size_t cut = reversed ? answer.size() / 2 : 0;
            if (cut != 0)
                EXPECT_TRUE(
                    passed(harness.from_client(connection.frame(false, slice(answer, cut), kTcpAck | kTcpPsh, cut))));
            EXPECT_TRUE(
                passed(harness.from_client(connection.frame(false, slice(answer, 0, cut != 0 ? cut : answer.size())))));
            connection.inside += static_cast<std::uint32_t>(answer.size());
            EXPECT_TRUE(connection.send(kRecord));
            for (int i = 0; i < 50; ++i) EXPECT_TRUE(connection.answer(kRecord));
            EXPECT_TRUE(connection.send(kRecord));
            if (answer.size() > 200 && answer != Buffer(1400) && !reversed)
                EXPECT_EQ(harness.counters.flows, 0u) << "settled";
            EXPECT_TRUE(harness.allowed("www.example.org"));
        }
}

}  // namespace
}  // namespace sluis::test
