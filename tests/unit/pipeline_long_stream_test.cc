// Streams that are longer than what is kept of them: heads, bodies and DNS messages, with much of them on the way.
#include <cstdio>
#include <string>

#include "dataplane/protocol/tls_record.h"
#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

constexpr std::size_t kSegment = 1400;
constexpr std::size_t kInFlight = 64'000;

/// A stream of one side that the other acknowledges when `in_flight` bytes are on the way.
struct Transfer {
    PipelineHarness& harness;
    TcpPair& pair;
    std::size_t in_flight = kInFlight;
    bool from_client = true;

    /// Sends all, and returns how many bytes passed before one did not.
    std::size_t send(const Buffer& stream) const {
        std::size_t acknowledged = 0;
        for (std::size_t at = 0; at < stream.size(); at += kSegment) {
            const Buffer part = slice(stream, at, kSegment);
            if (!passed(from_client ? pair.send(part) : pair.answer(part))) return at;
            const std::size_t sent = at + part.size();
            if (sent + kSegment - acknowledged <= in_flight) continue;
            acknowledged = sent - in_flight / 2;
            acknowledge(static_cast<std::uint32_t>(in_flight / 2));
        }
        return stream.size();
    }
    /// The other side has all but the last bytes of what was sent.
    void acknowledge(std::uint32_t but) const {
        TcpPair behind = pair;
        (from_client ? behind.client : behind.server) -= but;
        if (from_client)
            harness.from_server(behind.server_frame({}, kTcpAck));
        else
            harness.from_client(behind.client_frame({}, kTcpAck));
    }
};

struct Connection {
    explicit Connection(int port = 80) : pair(harness, port) { pair.connect(); }
    PipelineHarness harness;
    TcpPair pair;
    Transfer upload(std::size_t in_flight = kInFlight) { return {harness, pair, in_flight}; }
};

/// In one record as large as records can be and another, and in 400.
TEST(PipelineLongStream, TheLongestHelloIsRead) {
    for (const std::size_t record_size : {16384, 41})
        for (const bool forbidden : {false, true}) {
            const Buffer message = padded_hello(forbidden ? "www.tiktok.com" : "www.example.org", kHandshakeLimit);
            const Buffer stream = records_of(record_size, message);
            Connection connection(443);
            const std::size_t passed = connection.upload().send(stream);
            EXPECT_EQ(passed == stream.size(), !forbidden) << record_size;
            EXPECT_EQ(connection.harness.blocked("www.tiktok.com"), forbidden);
        }
}

const Buffer kBlocked = buffer("GET / HTTP/1.1\r\nHost: www.tiktok.com\r\n\r\n");
const std::string kLine = "GET / HTTP/1.1\r\n", kHost = "Host: www.example.org\r\n";
std::string cookie(std::size_t size) { return "Cookie: " + std::string(size, 'c') + "\r\n"; }
std::string fields(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += "X-Field-" + std::to_string(i) + ": " + std::string(200, 'x') + "\r\n";
    return text;
}

TEST(PipelineLongStream, AHeadOfAnyLengthPassesAndTheNextRequestIsRead) {
    for (const std::string& head : {kLine + kHost + cookie(64'000), kLine + cookie(64'000) + kHost,
                                    kLine + kHost + fields(300), kLine + fields(4000) + kHost}) {
        Connection connection;
        const Buffer stream = buffer(head + "Content-Length: 3000\r\n\r\n" + std::string(3000, 'b'));
        EXPECT_EQ(connection.upload(12'000).send(stream), stream.size());
        EXPECT_TRUE(connection.harness.allowed("www.example.org"));
        EXPECT_TRUE(refused(connection.pair.send(kBlocked)));
        EXPECT_TRUE(connection.harness.blocked("www.tiktok.com"));
    }
}

TEST(PipelineLongStream, AForbiddenHostIsFoundWhereverItIs) {
    for (const std::size_t before : {0u, 30'000u, 60'000u}) {
        Connection connection;
        const std::string start = kLine + cookie(before);
        const Buffer stream = buffer(start + "Host: www.tiktok.com\r\n" + cookie(30'000) + "\r\n");
        const std::size_t through = connection.upload(12'000).send(stream);
        EXPECT_LE(through, start.size());
        EXPECT_GT(through + kSegment, start.size());
        EXPECT_TRUE(connection.harness.blocked("www.tiktok.com"));
    }
    Connection second;
    const std::string start = kLine + kHost + cookie(50'000);
    EXPECT_LE(second.upload(12'000).send(buffer(start + "Host: www.tiktok.com\r\n\r\n")), start.size());
    EXPECT_TRUE(second.harness.blocked("www.tiktok.com"));
}

/// What is sent faster than it is acknowledged comes again.
TEST(PipelineLongStream, AHeadWithoutAcknowledgmentsIsSlowedDown) {
    Connection connection;
    const Buffer stream = buffer(kLine + kHost + fields(300) + "\r\n");
    std::size_t at = connection.upload(1'000'000).send(stream);
    EXPECT_GT(at, 15'000u);
    EXPECT_LT(at, 20'000u);
    EXPECT_EQ(connection.harness.drops(Reason::stream_limit), 1u);
    connection.pair.client -= kSegment;
    connection.pair.acknowledge();
    EXPECT_EQ(connection.upload(12'000).send(slice(stream, at)), stream.size() - at);
    EXPECT_TRUE(refused(connection.pair.send(kBlocked)));
}

TEST(PipelineLongStream, ALineIsNotSentTwiceWithOtherBytes) {
    Connection connection;
    const std::string head = kLine + "X: www.example.org\r\nAccept: */*\r\n";
    EXPECT_TRUE(passed(connection.pair.send(buffer(head))));
    std::string other = head;
    other.replace(other.find("X: www.example"), 14, "Host:  tiktok ");
    EXPECT_TRUE(refused(connection.harness.from_client(
        connection.pair.client_frame(buffer(other), kTcpAck, -static_cast<std::int64_t>(other.size())))));
    EXPECT_EQ(connection.harness.drops(Reason::stream_conflict), 1u);
}

/// A receiver may read the head without its urgent byte, which comes when some lines of it were read.
TEST(PipelineLongStream, AnUrgentByteAmidAHead) {
    Connection connection;
    EXPECT_TRUE(passed(connection.pair.send(buffer(kLine + "Accept: */*\r\nX: y"))));
    TcpFields urgent;
    const std::string rest = "\r\nHost: www.tikZtok.com\r\n\r\n";
    urgent.urgent = static_cast<int>(rest.find('Z')) + 1;
    EXPECT_TRUE(refused(connection.harness.from_client(
        connection.pair.client_frame(buffer(rest), kTcpAck | kTcpPsh | kTcpUrg, 0, urgent))));
    EXPECT_TRUE(connection.harness.blocked("www.tiktok.com"));
}

/// An HTTP/2 frame of a type, on stream 1.
Buffer frame(int type, int flags, const Buffer& payload) {
    return big_endian(payload.size(), 3) + buffer({type, flags, 0, 0, 0, 1}) + payload;
}
const Buffer kPreface = buffer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
Buffer http2_request(const std::string& host) {
    return frame(1, 4, buffer({0x82, 0x86, 0x41, static_cast<int>(host.size())}) + buffer(host));
}
Buffer data_frames(std::size_t total, std::size_t each) {
    Buffer stream;
    for (std::size_t sent = 0; sent < total; sent += each)
        stream = std::move(stream) + frame(0, 0, Buffer(each, std::byte{'d'}));
    return stream;
}
std::string chunks(std::size_t total, std::size_t each) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", each);
    std::string stream;
    for (std::size_t sent = 0; sent < total; sent += each) stream += size + std::string(each, 'd') + "\r\n";
    return stream + "0\r\n\r\n";
}

TEST(PipelineLongStream, AnUploadOverHttp2PassesWithoutDrops) {
    for (const std::size_t each : {1000u, 16'384u, 100'000u}) {
        Connection connection;
        EXPECT_TRUE(passed(connection.pair.send(kPreface + http2_request("www.example.org"))));
        connection.pair.acknowledge();
        const Buffer upload = data_frames(1'000'000, each);
        EXPECT_EQ(connection.upload().send(upload), upload.size()) << each;
        EXPECT_EQ(connection.harness.drops(Reason::stream_limit), 0u);
        EXPECT_TRUE(refused(connection.pair.send(http2_request("www.tiktok.com")))) << each;
        EXPECT_TRUE(connection.harness.blocked("www.tiktok.com"));
    }
}

TEST(PipelineLongStream, AnUploadInChunksPassesWithoutDrops) {
    for (const std::size_t each : {1000u, 8192u, 300'000u}) {
        Connection connection;
        EXPECT_TRUE(passed(connection.pair.send(
            buffer("POST / HTTP/1.1\r\nHost: www.example.org\r\nTransfer-Encoding: chunked\r\n\r\n"))));
        connection.pair.acknowledge();
        const Buffer upload = buffer(chunks(1'000'000, each));
        EXPECT_EQ(connection.upload().send(upload), upload.size()) << each;
        EXPECT_TRUE(refused(connection.pair.send(kBlocked))) << each;
        EXPECT_TRUE(connection.harness.blocked("www.tiktok.com"));
    }
}

TEST(PipelineLongStream, ARetransmissionOverTheEdgeOfWhatIsKeptPasses) {
    Connection connection;
    EXPECT_TRUE(passed(
        connection.pair.send(buffer("POST / HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 100000\r\n\r\n"))));
    EXPECT_EQ(connection.upload(1'000'000).send(Buffer(40'000, std::byte{'b'})), 40'000u);
    for (std::int64_t back = 20'000; back < 26'000; back += 500)
        EXPECT_TRUE(passed(
            connection.harness.from_client(connection.pair.client_frame(Buffer(1400, std::byte{'b'}), kTcpAck, -back))))
            << back;
}

/// A frame header that was let go of, and is not acknowledged, keeps its content all the same.
TEST(PipelineLongStream, AFrameIsNotSentTwiceInAnotherLength) {
    for (const bool other : {false, true}) {
        Connection connection;
        EXPECT_TRUE(passed(connection.pair.send(kPreface + http2_request("www.example.org"))));
        connection.pair.acknowledge();
        const Buffer upload = data_frames(60'000, 10'000);
        EXPECT_EQ(connection.upload(1'000'000).send(upload), upload.size());
        Buffer again = slice(upload, 0, 11'000);  // the second frame's header among it
        again[10'009 + 2] ^= other ? std::byte{1} : std::byte{0};
        again[5000] ^= std::byte{1};  // nobody needs a payload
        EXPECT_EQ(passed(connection.harness.from_client(
                      connection.pair.client_frame(again, kTcpAck, -static_cast<std::int64_t>(upload.size())))),
                  !other);
        EXPECT_EQ(connection.harness.drops(Reason::stream_conflict), other ? 1u : 0u);
    }
}

std::string message(const std::string& text) { return be16_text(static_cast<unsigned>(text.size())) + text; }

/// A DNS answer with a CNAME first, and records up to about `size` bytes.
std::string long_answer(const std::string& alias, std::size_t size) {
    std::string records = dns_record_text(pointer_to(12), 5, wire_name(alias));
    int count = 1;
    for (; records.size() < size; ++count)
        records += dns_record_text(wire_name("txt.example.org"), 16, std::string(200, '\x10'));
    return dns_header_text(0x8180, 1, count) + dns_question_text(wire_name("www.example.org"), 1) + records;
}

TEST(PipelineLongStream, ALongDnsAnswerIsReadAsFarAsItFits) {
    for (const bool block : {false, true})
        for (const std::size_t size : {8000u, 15'000u, 30'000u, 60'000u}) {
            Connection connection(53);
            connection.pair.send(prefixed(2, buffer(dns_query_text("www.example.org"))));
            const Buffer stream = buffer(message(long_answer(block ? "www.tiktok.com" : "cdn.example.org", size)));
            const Transfer answer{connection.harness, connection.pair, kInFlight, false};
            EXPECT_EQ(answer.send(stream) == stream.size(), !block) << size;
            EXPECT_EQ(connection.harness.blocked("www.tiktok.com"), block) << size;
            if (!block) EXPECT_EQ(connection.harness.errors(Reason::dns_message_limit), size > 10'000 ? 1u : 0u);
            if (block) continue;
            EXPECT_TRUE(passed(connection.pair.answer(buffer(message(long_answer("cdn.example.org", 100))))));
            EXPECT_EQ(answer.send(buffer(message(long_answer("www.tiktok.com", 100)))), 0u)
                << "the next one is read, too";
        }
}

TEST(PipelineLongStream, AZoneTransferPasses) {
    for (const std::size_t records : {1u, 20u, 500u}) {
        Connection connection(53);
        connection.pair.send(
            prefixed(2, buffer(dns_header_text(0, 1) + dns_question_text(wire_name("example.org"), 252))));
        std::string zone;
        for (std::size_t host = 0; zone.size() < 600'000;) {
            std::string text;
            for (std::size_t i = 0; i < records; ++i)
                text += dns_record_text(wire_name("host" + std::to_string(host++) + ".example.org"), 16,
                                        std::string(90, '\x5a'));
            zone += message(dns_header_text(0x8400, 1, static_cast<int>(records)) +
                            dns_question_text(wire_name("example.org"), 252) + text);
        }
        const Transfer answer{connection.harness, connection.pair, kInFlight, false};
        EXPECT_EQ(answer.send(buffer(zone)), zone.size()) << records;
    }
}

}  // namespace
}  // namespace sluis::test
