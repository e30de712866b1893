// Refusals that say why: a TLS alert or a redirect in the server's place, and the way to the notice page.
#include <gmock/gmock.h>

#include "dataplane/verdict/http_redirect.h"
#include "dataplane/verdict/tls_alert.h"
#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

using testing::HasSubstr;

constexpr int kFinal = kTcpAck | kTcpPsh | kTcpFin, kReset = kTcpRst | kTcpAck;
constexpr std::size_t kIp = 14, kTcp = kIp + 20, kPayload = kTcp + 20;

const Buffer kAlert = buffer(Bytes(kTlsAccessDenied));
const std::string kRedirect = make_http_redirect("http://notice.example/");

Buffer get(const std::string& host) { return buffer("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"); }

int flags_of(const Sent& sent) { return std::to_integer<int>(sent.bytes.at(kTcp + 13)); }
std::uint32_t seq_of(const Sent& sent) { return get32(sent.bytes, kTcp + 4); }
std::uint32_t ack_of(const Sent& sent) { return get32(sent.bytes, kTcp + 8); }
Buffer payload_of(const Sent& sent) { return slice(sent.bytes, kPayload); }

/// Whether the client got `answer` and FIN with the numbers that it expects, and the server a reset.
void expect_answer(const std::vector<Sent>& sent, const Buffer& answer, const TcpPair& pair) {
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent[0].egress, Side::inside);
    EXPECT_EQ(flags_of(sent[0]), kFinal);
    EXPECT_EQ(seq_of(sent[0]), pair.server);
    EXPECT_EQ(ack_of(sent[0]), pair.client);
    EXPECT_EQ(payload_of(sent[0]), answer);
    const Bytes segment = Bytes(sent[0].bytes).subspan(kTcp);
    const Buffer pseudo = slice(sent[0].bytes, kIp + 12, 8) + big_endian(6, 4) + big_endian(segment.size(), 4);
    EXPECT_EQ(plain_checksum(segment, plain_sum(pseudo)), 0);
    EXPECT_EQ(sent[1].egress, Side::outside);
    EXPECT_EQ(flags_of(sent[1]), kReset);
}

void expect_resets(const std::vector<Sent>& sent) {
    ASSERT_EQ(sent.size(), 2u);
    for (const Sent& each : sent) EXPECT_EQ(flags_of(each), kReset);
}

struct Refusals : testing::Test {
    Refusals() {
        harness.policy.tls_alert = true;
        harness.policy.http_redirect = kRedirect;
        harness.use(small_rules());
    }
    PipelineHarness harness;
};

TEST_F(Refusals, TlsClientsGetAnAlert) {
    EXPECT_EQ(kAlert, buffer({0x15, 3, 3, 0, 2, 2, 49}));
    TcpPair pair(harness);
    pair.connect();
    const auto sent = pair.send(tls_hello("www.tiktok.com"));
    expect_answer(sent, kAlert, pair);
}

TEST_F(Refusals, TheAlertFollowsAHelloInSeveralSegments) {
    TcpPair pair(harness);
    pair.connect();
    const Buffer hello = tls_hello("www.tiktok.com");
    EXPECT_TRUE(passed(pair.send(slice(hello, 0, 20))));
    EXPECT_TRUE(passed(pair.send(slice(hello, 20, 20))));
    const auto sent = pair.send(slice(hello, 40));
    expect_answer(sent, kAlert, pair);
}

TEST_F(Refusals, AllBytesAreAcknowledgedWhateverTheirOrder) {
    TcpPair pair(harness);
    pair.connect();
    const Buffer hello = tls_hello("www.tiktok.com") + Buffer(40, std::byte{0x14});
    const Buffer last = pair.client_frame(slice(hello, 40), kTcpAck | kTcpPsh, 40);
    EXPECT_TRUE(passed(harness.from_client(last)));
    const auto sent = harness.from_client(pair.client_frame(slice(hello, 0, 40)));
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(payload_of(sent[0]), kAlert);
    EXPECT_EQ(ack_of(sent[0]), pair.client + hello.size());
}

TEST_F(Refusals, HttpClientsGetARedirect) {
    EXPECT_THAT(kRedirect, HasSubstr("HTTP/1.1 303 See Other\r\nLocation: http://notice.example/\r\n"));
    EXPECT_THAT(kRedirect, HasSubstr("\r\nContent-Length: 0\r\n"));
    EXPECT_THAT(kRedirect, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_TRUE(kRedirect.ends_with("\r\n\r\n"));
    TcpPair pair(harness, 80);
    pair.connect();
    const auto sent = pair.send(get("www.tiktok.com"));
    expect_answer(sent, buffer(kRedirect), pair);
}

TEST_F(Refusals, TheClientCloses) {
    TcpPair pair(harness, 80);
    pair.connect();
    ASSERT_EQ(pair.send(get("www.tiktok.com")).size(), 2u);
    EXPECT_TRUE(pair.send(buffer("more")).empty()) << "a reset would take the answer from it";
    const auto sent = harness.from_client(pair.client_frame({}, kTcpAck | kTcpFin));
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(flags_of(sent[0]), kTcpAck);
    EXPECT_EQ(ack_of(sent[0]), pair.client + 1);
    const auto late = pair.answer(buffer("HTTP/1.1 200 OK\r\n\r\n"));
    EXPECT_TRUE(refused(late));
}

TEST_F(Refusals, AServerThatHasSpokenIsNotSpokenFor) {
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(get("www.example.org"))));
    EXPECT_TRUE(passed(pair.answer(buffer("HTTP/1.1 204 No Content\r\n\r\n"))));
    expect_resets(pair.send(get("www.tiktok.com")));
}

TEST_F(Refusals, AnEarlierRequestIsNotAnswered) {
    for (const char* line_end : {"\r\n", "\n"}) {
        TcpPair pair(harness, 80, 1000, 5000, 50000 + line_end[0]);
        pair.connect();
        const Buffer earlier = buffer(std::string("GET / HTTP/1.1\r\nHost: www.example.org") + "\r\n" + line_end);
        expect_resets(pair.send(earlier + get("www.tiktok.com")));
    }
}

TEST_F(Refusals, ConnectionsWhoseBeginningWasNotSeenAreReset) {
    TcpPair http(harness, 80), tls(harness, 443, 1000, 5000, 50001);
    expect_resets(http.send(get("www.tiktok.com")));
    expect_resets(tls.send(tls_hello("www.tiktok.com")));
}

TEST_F(Refusals, OthersAreResetAsBefore) {
    harness.policy.tls_alert = false;
    harness.policy.http_redirect.clear();
    harness.use(small_rules());
    TcpPair http(harness, 80), tls(harness, 443, 1000, 5000, 50001);
    http.connect();
    tls.connect();
    expect_resets(http.send(get("www.tiktok.com")));
    expect_resets(tls.send(tls_hello("www.tiktok.com")));
}

TEST_F(Refusals, NothingIsSaidWithoutAFrame) {
    TcpPair pair(harness);
    pair.connect();
    harness.io.exhausted = true;
    EXPECT_TRUE(pair.send(tls_hello("www.tiktok.com")).empty());
}

struct Sinkhole : testing::Test {
    Sinkhole() {
        harness.policy.dns.mode = DnsRefusalMode::sinkhole;
        harness.policy.dns.sinkhole_ipv4 = {std::byte{198}, std::byte{51}, std::byte{100}, std::byte{20}};
    }
    PipelineHarness harness;
};

TEST_F(Sinkhole, TheNoticePageIsAskedByTheRefusedName) {
    harness.use(small_rules());  // 198.51.100.20 is TcpPair's server
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(get("www.tiktok.com"))));
    EXPECT_TRUE(passed(pair.answer(buffer("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"))));
    EXPECT_TRUE(harness.allowed("www.tiktok.com"));
}

TEST_F(Sinkhole, OverTlsItIsNot) {
    harness.use(small_rules());
    TcpPair pair(harness);
    pair.connect();
    expect_resets(pair.send(tls_hello("www.tiktok.com")));
}

TEST_F(Sinkhole, ElsewhereTheNameIsRefused) {
    (*harness.policy.dns.sinkhole_ipv4)[3] = std::byte{21};
    harness.use(small_rules());
    TcpPair pair(harness, 80);
    pair.connect();
    expect_resets(pair.send(get("www.tiktok.com")));
}

TEST_F(Sinkhole, WithoutSinkholeModeTheAddressIsLikeAnyOther) {
    harness.policy.dns.mode = DnsRefusalMode::nxdomain;
    harness.use(small_rules());
    TcpPair pair(harness, 80);
    pair.connect();
    expect_resets(pair.send(get("www.tiktok.com")));
}

}  // namespace
}  // namespace sluis::test
