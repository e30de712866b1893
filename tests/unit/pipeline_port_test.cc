// What a stream holds is told by its bytes, whatever its ports: DNS's own port at either end hides nothing.
#include <string>

#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"
#include "tests/unit/sanitized.h"

namespace sluis::test {
namespace {

using namespace std::string_literals;

Buffer raw(const std::string& bytes) { return buffer(std::string_view(bytes)); }
std::string get(const std::string& host) { return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"; }

/// Port 53 is the server's, and the client's.
struct Ports {
    int server, client;
};
constexpr Ports kPorts[] = {{53, 50000}, {8080, 53}};

/// A client's stream that names `host` at its end.
struct Row {
    const char* what;
    std::string before;
    bool request;  ///< else a hello
};
const Row kRows[] = {
    {"HTTP", "", true},
    {"PROXY", "PROXY UNKNOWN\r\n", true},
    {"CONNECT", "CONNECT www.example.org:443 HTTP/1.1\r\nHost: www.example.org:443\r\n\r\n", false},
    {"SOCKS4", "\4\1\1\xbb\xc6\x33\x64\x14\0"s, false},
    {"SOCKS5", "\5\1\0\5\1\0\1\xc6\x33\x64\x14\1\xbb"s, false},
    {"SMTP", "EHLO a\r\nSTARTTLS\r\n", false},
    {"IMAP", "a1 STARTTLS\r\n", false},
    {"MySQL", "\x20\0\0\1\x05\xae\xff\x19\0\0\0\1\xff"s + std::string(23, '\0'), false},
};

TEST(PipelinePort, DnsOwnPortHidesNoName) {
    for (const Ports& ports : kPorts)
        for (const Row& row : kRows)
            for (const bool block : {false, true}) {
                SCOPED_TRACE(testing::Message() << row.what << " from " << ports.client << " to " << ports.server);
                const std::string host = block ? "www.tiktok.com" : "www.example.org";
                const Buffer stream = raw(row.before) + (row.request ? raw(get(host)) : tls_hello(host));
                for (std::size_t cut = 1; cut < stream.size(); cut += kCutStep) {
                    PipelineHarness harness;
                    TcpPair pair(harness, ports.server, 1000, 5000, ports.client);
                    pair.connect();
                    const bool first = passed(pair.send(slice(stream, 0, cut)));
                    ASSERT_EQ(passed(pair.send(slice(stream, cut))) && first, !block) << cut;
                    ASSERT_TRUE(block ? harness.blocked(host) : harness.allowed(host)) << cut;
                }
            }
}

/// A server that answers at length, and as no DNS server does, is let be.
TEST(PipelinePort, DnsOwnPortHoldsOtherProtocols) {
    for (const Ports& ports : kPorts)
        for (const bool greets : {false, true}) {
            PipelineHarness harness;
            TcpPair pair(harness, ports.server, 1000, 5000, ports.client);
            pair.connect();
            if (greets) EXPECT_TRUE(passed(pair.answer(raw("220 mail.example.org\r\n"))));
            EXPECT_TRUE(passed(pair.send(raw(greets ? "EHLO client.example.org\r\n" : get("www.example.org")))));
            for (int i = 0; i < 100; ++i) {
                EXPECT_TRUE(passed(pair.answer(raw("HTTP/1.1 200 OK\r\n\r\n") + Buffer(1400, std::byte{'x'}))));
                EXPECT_TRUE(passed(harness.from_client(pair.client_frame({}, kTcpAck))));
            }
        }
}

/// What is not told from DNS is DNS there: a server that takes it for that finds nothing unread in it.
TEST(PipelinePort, DnsOwnPortIsStrictWithDns) {
    const std::string question = dns_question_text(wire_name("www.tiktok.com"), 1);
    for (const std::string& message :
         {dns_header_text(0x0100, 2) + dns_question_text(wire_name("a b"), 1) + question, "short"s, ""s}) {
        PipelineHarness harness;
        TcpPair pair(harness, 53);
        pair.connect();
        EXPECT_TRUE(refused(pair.send(prefixed(2, raw(message)) + prefixed(2, raw(dns_header_text(0, 1) + question)))));
    }
}

}  // namespace
}  // namespace sluis::test
