// HTTP through the whole pipeline: every request of a connection, bodies, CONNECT and what follows it.
#include "dataplane/protocol/http_head_reader.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

Buffer get(const std::string& host) {
    return buffer("GET / HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: test\r\n\r\n");
}
const Buffer kBlocked = get("www.tiktok.com"), kAllowed = get("www.example.org");

/// How many of a stream's bytes tell its Host: the rest of the head need not come.
std::size_t told_by(const Buffer& stream) { return as_text(stream).find("User-Agent"); }

TEST(PipelineHttp, CutInTwoAtEveryByte) {
    for (const bool in_order : {true, false})
        for (const bool block : {false, true}) {
            const Buffer& stream = block ? kBlocked : kAllowed;
            for (std::size_t cut = 1; cut < stream.size(); ++cut) {
                PipelineHarness harness;
                TcpPair pair(harness, 80);
                pair.connect();
                Buffer first = pair.client_frame(slice(stream, 0, cut));
                Buffer second = pair.client_frame(slice(stream, cut), kTcpAck, static_cast<std::int64_t>(cut));
                if (!in_order) std::swap(first, second);
                const bool a = passed(harness.from_client(first)), b = passed(harness.from_client(second));
                ASSERT_EQ(a, !block || !in_order || cut < told_by(stream)) << cut;
                ASSERT_EQ(b, !block) << cut;
            }
        }
}

TEST(PipelineHttp, OneByteASegment) {
    PipelineHarness harness;
    TcpPair pair(harness, 8080);
    pair.connect();
    std::size_t through = 0;
    for (const std::byte byte : kBlocked) through += passed(pair.send({byte}));
    EXPECT_EQ(through, told_by(kBlocked) - 1);
}

TEST(PipelineHttp, EveryRequestIsRead) {
    for (const bool pipelined : {false, true}) {
        PipelineHarness harness;
        TcpPair pair(harness, 80);
        pair.connect();
        if (pipelined) {
            EXPECT_TRUE(refused(pair.send(kAllowed + kAllowed + kBlocked)));
        } else {
            for (int i = 0; i < 3; ++i) {
                EXPECT_TRUE(passed(pair.send(kAllowed)));
                EXPECT_TRUE(passed(pair.answer(buffer("HTTP/1.1 204 No Content\r\n\r\n"))));
            }
            EXPECT_TRUE(refused(pair.send(kBlocked)));
        }
        EXPECT_TRUE(harness.blocked("www.tiktok.com"));
    }
}

/// HTTP/0.9, and protocols that look like it: no line needs to follow.
TEST(PipelineHttp, LinesWithoutAVersionMayComeForHours) {
    PipelineHarness harness;
    TcpPair pair(harness, 6107);
    pair.connect();
    for (int i = 0; i < 400; ++i) {
        EXPECT_TRUE(passed(pair.send(buffer("GET /MEDIA/VIDEO/SignalPresent/" + std::string(200, 'x') + "\r\n"))));
        EXPECT_TRUE(passed(pair.answer(buffer("pr /MEDIA=1\r\n"))));
        harness.wait(i < 4 ? 15 * kSecond : kSecond);
    }
    EXPECT_TRUE(refused(pair.send(kBlocked)));
}

TEST(PipelineHttp, CommandsThatEndInACarriageReturn) {
    PipelineHarness harness;
    TcpPair pair(harness, 4999);
    pair.connect();
    for (const char* text : {"GET POWER\r", "GET VOLUME\rGET INPUT\r", "move 1 2\r", "TRACE\rLOCK\r"}) {
        EXPECT_TRUE(passed(pair.send(buffer(text)))) << text;
        EXPECT_TRUE(passed(pair.answer(buffer("OK\r")))) << text;
    }
}

TEST(PipelineHttp, TheRequestBehindALongBody) {
    const std::size_t size = 100'000;
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(
        buffer("POST / HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n"))));
    for (std::size_t sent = 0; sent < size; sent += 1000) {
        EXPECT_TRUE(passed(pair.send(Buffer(1000, std::byte{'b'}))));
        if (sent % 8000 == 0) pair.acknowledge();
    }
    EXPECT_TRUE(refused(pair.send(kBlocked)));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

TEST(PipelineHttp, TheRequestBehindChunks) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(
        passed(pair.send(buffer("POST / HTTP/1.1\r\nHost: www.example.org\r\nTransfer-Encoding: chunked\r\n\r\n"))));
    EXPECT_TRUE(passed(pair.send(buffer("5\r\nhello\r\n3\r\nabc\r\n"))));
    EXPECT_TRUE(refused(pair.send(buffer("0\r\n\r\n") + kBlocked)));
}

TEST(PipelineHttp, ABodyThatPretendsToBeOne) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(buffer("POST / HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: " +
                                        std::to_string(kBlocked.size()) + "\r\n\r\n") +
                                 kBlocked)))
        << "a request in a body is none";
}

TEST(PipelineHttp, ConnectIsReadAndSoIsWhatFollows) {
    PipelineHarness harness;
    TcpPair pair(harness, 3128);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(buffer("CONNECT www.example.org:443 HTTP/1.1\r\nHost: www.example.org:443\r\n\r\n"))));
    EXPECT_TRUE(passed(pair.answer(buffer("HTTP/1.1 200 OK\r\n\r\n"))));
    const Buffer hello = tls_hello("www.tiktok.com");
    EXPECT_TRUE(passed(pair.send(slice(hello, 0, 50))));
    EXPECT_TRUE(refused(pair.send(slice(hello, 50))));
    PipelineHarness other;
    TcpPair direct(other, 3128);
    direct.connect();
    EXPECT_TRUE(refused(direct.send(buffer("CONNECT www.tiktok.com:443 HTTP/1.1\r\n\r\n"))));
}

/// A server that is no proxy may skip it, and read the next request behind it.
TEST(PipelineHttp, TheContentOfAConnectHidesNoRequest) {
    for (const char* field : {"Content-Length: 5", "Transfer-Encoding: chunked"}) {
        PipelineHarness harness;
        TcpPair pair(harness, 80);
        pair.connect();
        const std::string head = std::string("CONNECT www.example.org:443 HTTP/1.1\r\n") + field + "\r\n\r\n";
        EXPECT_TRUE(refused(pair.send(buffer(head + "{ ab}GET / HTTP/1.1\r\nHost: www.tiktok.com\r\n\r\n"))));
    }
}

TEST(PipelineHttp, TwoHostsAreOneTooMany) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(refused(pair.send(buffer("GET / HTTP/1.1\r\nHost: www.example.org\r\nHost: www.tiktok.com\r\n\r\n"))));
}

TEST(PipelineHttp, AHeadWithoutEndIsClosed) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(buffer("GET / HTTP/1.1\r\n"))));
    std::size_t through = 0;
    while (through < 2 * kHttpHeadLimit &&
           passed(pair.send(buffer("X: ") + Buffer(1000, std::byte{'x'}) + buffer("\r\n")))) {
        through += 1005;
        pair.acknowledge();
    }
    EXPECT_GT(through, kHttpHeadLimit - 2000);
    EXPECT_LT(through, kHttpHeadLimit);
    EXPECT_EQ(harness.drops(Reason::stream_limit), 1u);
}

TEST(PipelineHttp, AConflictBehindAcknowledgedBytesIsNone) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(kAllowed)));
    pair.acknowledge();
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame(buffer("zzz"), kTcpAck, -3))))
        << "what is acknowledged is not taken again";
    EXPECT_TRUE(refused(pair.send(kBlocked)));
}

}  // namespace
}  // namespace sluis::test
