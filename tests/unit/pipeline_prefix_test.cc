// What may come before a name: proxies' headers and requests, and text up to STARTTLS.
#include <string>

#include "tests/unit/pipeline_harness.h"
#include "tests/unit/sanitized.h"

namespace sluis::test {
namespace {

using namespace std::string_literals;

Buffer get(const std::string& host) { return buffer("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"); }
Buffer http2(const std::string& host) {
    const Buffer block = buffer({0x82, 0x86, 0x41, static_cast<int>(host.size())}) + buffer(host);
    return buffer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + big_endian(block.size(), 3) + buffer({1, 4, 0, 0, 0, 1}) +
           block;
}
Buffer raw(const std::string& bytes) { return buffer(std::string_view(bytes)); }

const std::string kVersion2 = "\r\n\r\n\0\r\nQUIT\n\x21\x11"s;
const std::string kAddresses(12, '\1');
const std::vector<std::pair<const char*, std::string>> kPrefixes{
    {"PROXY 1", "PROXY TCP4 192.0.2.10 198.51.100.20 50000 443\r\n"},
    {"PROXY 2", kVersion2 + "\0\x0c"s + kAddresses},
    {"two of them", "PROXY UNKNOWN\r\n" + kVersion2 + "\0\x0c"s + kAddresses},
    {"SOCKS4", "\4\1\1\xbb\xc6\x33\x64\x14\0"s},
    {"SOCKS5", "\5\1\0\5\1\0\1\xc6\x33\x64\x14\1\xbb"s},
    {"MySQL", "\x20\0\0\1\x05\xae\xff\x19\0\0\0\1\xff"s + std::string(23, '\0')},
    {"PostgreSQL", "\0\0\0\x08\x04\xd2\x16\x2f"s},
    {"SMTP", "EHLO client\r\nSTARTTLS\r\n"},
};

/// In the same segment, in the next one, and in two that are cut anywhere.
TEST(PipelinePrefix, WhatFollowsAPrefixIsRead) {
    for (const auto& [what, prefix] : kPrefixes)
        for (const bool block : {false, true}) {
            SCOPED_TRACE(what);
            const Buffer hello = tls_hello(block ? "www.tiktok.com" : "www.example.org");
            const Buffer stream = raw(prefix) + hello;
            for (std::size_t cut = 1; cut <= stream.size(); cut += kCutStep) {
                PipelineHarness harness;
                TcpPair pair(harness);
                pair.connect();
                bool all = passed(pair.send(slice(stream, 0, cut)));
                if (cut < stream.size()) all = passed(pair.send(slice(stream, cut))) && all;
                ASSERT_EQ(all, !block) << cut;
                ASSERT_TRUE(block ? harness.blocked("www.tiktok.com") : harness.allowed("www.example.org")) << cut;
            }
        }
}

TEST(PipelinePrefix, HttpBehindAProxysHeader) {
    for (std::size_t i = 0; i < 3; ++i)
        for (const bool second : {false, true})
            for (const bool block : {false, true}) {
                SCOPED_TRACE(kPrefixes[i].first);
                PipelineHarness harness;
                TcpPair pair(harness, 80);
                pair.connect();
                const std::string host = block ? "www.tiktok.com" : "www.example.org";
                EXPECT_EQ(passed(pair.send(raw(kPrefixes[i].second) + (second ? http2(host) : get(host)))), !block);
                EXPECT_EQ(harness.blocked("www.tiktok.com"), block);
            }
}

TEST(PipelinePrefix, LineBreaksBeforeARequestAreNoProxysHeader) {
    for (const std::string& breaks : {"\r\n"s, "\r\n\r\n"s}) {
        PipelineHarness harness;
        TcpPair pair(harness, 80);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(raw(breaks))));
        EXPECT_TRUE(passed(pair.send(get("www.example.org"))));
        EXPECT_TRUE(harness.allowed("www.example.org"));
        EXPECT_TRUE(refused(pair.send(get("www.tiktok.com"))));
    }
}

struct Named {
    const char* what;
    std::string bytes;
    Protocol protocol;
};

TEST(PipelinePrefix, TheNameInAPrefixIsJudged) {
    const std::string name = "www.tiktok.com";
    const std::string tlv = "\2\0\x0e"s + name;
    for (const Named& row : {
             Named{"PROXY 2", kVersion2 + "\0\x1d"s + kAddresses + tlv, Protocol::tls},
             Named{"SOCKS4A", "\4\1\1\xbb\0\0\0\1\0"s + name + "\0"s, Protocol::http},
             Named{"SOCKS5", "\5\1\0\5\1\0\3\x0e"s + name + "\1\xbb"s, Protocol::http},
         }) {
        SCOPED_TRACE(row.what);
        PipelineHarness harness;
        TcpPair pair(harness, 1080);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(slice(raw(row.bytes), 0, 3))));
        EXPECT_TRUE(refused(pair.send(slice(raw(row.bytes), 3))));
        ASSERT_EQ(harness.findings.size(), 1u);
        EXPECT_EQ(harness.findings[0], (Found{row.protocol, name, Verdict::block, Reason::rule}));
    }
}

/// A packet of OpenVPN's over TCP: its length, P_CONTROL_V1, a session's ID, no acknowledgments, its own number.
Buffer openvpn_control(int number, const Buffer& tls) {
    const Buffer packet =
        raw("\x20\x50\x7a\x28\xa7\x82\x75\x78\x8d\0\0\0\0"s) + big_endian(static_cast<std::size_t>(number), 1) + tls;
    return big_endian(packet.size(), 2) + packet;
}

/// Of an allowed name: a session identifier that is longer than the hello.
Buffer broken_hello() {
    Buffer hello = tls_hello("www.example.org");
    hello[43] = std::byte{0xff};
    return hello;
}

/// OpenVPN speaks TLS in packets of its own, 100 bytes each by default, whose headers stand amid a hello.
TEST(PipelinePrefix, AHelloInAnotherProtocolsPacketsIsNone) {
    const Buffer hello = tls_hello("vpn.example.org");
    ASSERT_GT(hello.size(), 100u);
    PipelineHarness harness;
    TcpPair pair(harness, 1194);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(raw("\0\x0e\x38\x50\x7a\x28\xa7\x82\x75\x78\x8d\0\0\0\0\0"s))));
    EXPECT_TRUE(passed(pair.answer(raw("\0\x1a\x40\x9a\xd7\x47\xbe\xb2\x4d\x8a\x1b\1"s + std::string(16, '\0')))));
    const Buffer first = openvpn_control(1, slice(hello, 0, 100));
    for (const Buffer& segment : {first + openvpn_control(2, slice(hello, 100)), openvpn_control(3, buffer("more"))})
        EXPECT_TRUE(passed(pair.send(segment)));
    EXPECT_FALSE(harness.blocked("vpn.example.org"));
    EXPECT_TRUE(refused(pair.send(broken_hello()))) << "with a segment of its own";
}

/// The first bytes of a hello in a record of an odd version, and then nothing that a hello has: found by one part of
/// the reader, and by the next taken for none.
TEST(PipelinePrefix, WhatOnlyBeginsLikeAHelloIsPassedOver) {
    const Buffer record = raw("\x16\x82\x02\2\0\1\0\1\xfc\3\3"s) + Buffer(500, std::byte{0x7a});
    for (const bool first : {false, true})
        for (const char* name : {"www.example.org", "www.tiktok.com"}) {
            PipelineHarness harness;
            TcpPair pair(harness, 25);
            pair.connect();
            if (!first) EXPECT_TRUE(passed(pair.send(buffer("EHLO client\r\n"))));
            EXPECT_TRUE(passed(pair.send(buffer("x") + record)));
            const bool served = std::string_view(name) == "www.example.org";
            EXPECT_EQ(passed(pair.send(tls_hello(name))), served);
        }
}

/// What a segment begins with is what a server reads, after STARTTLS for one: there a broken hello is refused.
TEST(PipelinePrefix, ABrokenHelloThatBeginsASegmentIsRefused) {
    PipelineHarness harness;
    TcpPair pair(harness, 25);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(buffer("EHLO client\r\n"))));
    EXPECT_TRUE(passed(pair.send(buffer("STARTTLS\r\n"))));
    EXPECT_TRUE(refused(pair.send(broken_hello())));
}

/// 6 KB of a protocol, in lines, then its STARTTLS: more than is watched before a flow is let go of.
TEST(PipelinePrefix, StartTlsAfterALongConversation) {
    const std::vector<std::pair<int, std::vector<std::string>>> conversations{
        {25, {"EHLO client.example.org\r\n", "STARTTLS\r\n"}},
        {143, {"a1 LIST \"\" *\r\n", "a2 STARTTLS\r\n"}},
        {110, {"CAPA\r\n", "STLS\r\n"}},
        {389, {"\x30\x1d\2\1\1\x77\x18\x80\x16"s + "1.3.6.1.4.1.1466.20037", "\x30\x05\2\1\2\x42\0"s}},
        {5222, {"<?xml version='1.0'?><stream:stream to='example.org'>", "<starttls xmlns='x'/>"}},
        {5432, {"\0\0\0\x08\x04\xd2\x16\x30"s, "\0\0\0\x08\x04\xd2\x16\x2f"s}},
        {3306, {"\x03\0\0\0\x03"s + "select 1", "\x20\0\0\1\x05\xae\xff\x19"s + std::string(28, '\0')}},
    };
    for (const auto& [port, says] : conversations)
        for (const bool acknowledged : {false, true})
            for (const bool block : {false, true}) {
                SCOPED_TRACE(port);
                PipelineHarness harness;
                TcpPair pair(harness, port);
                pair.connect();
                pair.answer(raw("220 ready\r\n"));
                for (std::size_t sent = 0; sent < 6000; sent += says[0].size()) {
                    EXPECT_TRUE(passed(pair.send(raw(says[0]))));
                    if (acknowledged) pair.answer(raw("250 ok\r\n"));
                }
                EXPECT_TRUE(passed(pair.send(raw(says[1]))));
                if (acknowledged) pair.answer(raw("220 go ahead\r\n"));
                const Buffer hello = tls_hello(block ? "www.tiktok.com" : "www.example.org");
                EXPECT_TRUE(passed(pair.send(slice(hello, 0, 40))));
                EXPECT_EQ(passed(pair.send(slice(hello, 40))), !block);
                EXPECT_EQ(harness.blocked("www.tiktok.com"), block);
            }
}

/// A server that knows no such protocol reads on in HTTP/1.1, behind the body.
TEST(PipelinePrefix, AnUpgradeWithABodyHasTheBodyFirst) {
    const std::string body = "some words\n and more";
    const std::string head =
        "POST / HTTP/1.1\r\nHost: www.example.org\r\nUpgrade: foo\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n";
    for (const Buffer& next : {get("www.tiktok.com"), tls_hello("www.tiktok.com"), http2("www.tiktok.com")}) {
        PipelineHarness harness;
        TcpPair pair(harness, 80);
        pair.connect();
        EXPECT_TRUE(refused(pair.send(raw(head + body) + next)));
        EXPECT_TRUE(harness.blocked("www.tiktok.com"));
    }
}

/// As long as the first bytes are too few to tell that they are no DNS query.
TEST(PipelinePrefix, ARequestBehindAFewBytes) {
    for (const std::string& first : {"foo\n"s, "EHLO x\r\n"s, "\1\2\n"s, "\0\x09\n"s})
        for (std::size_t cut = 0; cut < 12; ++cut)
            for (const bool block : {false, true}) {
                SCOPED_TRACE(first);
                PipelineHarness harness;
                TcpPair pair(harness, 8090);
                pair.connect();
                EXPECT_TRUE(passed(pair.send(raw(first))));
                EXPECT_TRUE(passed(pair.answer(raw("220 x\r\n"))));
                const Buffer request = get(block ? "www.tiktok.com" : "www.example.org");
                const bool all = passed(pair.send(slice(request, 0, cut))) && passed(pair.send(slice(request, cut)));
                EXPECT_EQ(all, !block) << cut;
                EXPECT_TRUE(block ? harness.blocked("www.tiktok.com") : harness.allowed("www.example.org")) << cut;
            }
}

/// WebSocket frames, and binary protocols that look like SOCKS, are let be.
TEST(PipelinePrefix, OtherBytesPass) {
    for (const std::string& bytes : {"\5\0\x0b\3\x10\0\0\0\x48\0\0\0"s, "\4\1"s, "\5\1\0"s, "\5\1\0\x81\x05hello"s,
                                     "\x16"s, "text\x16\3\1"s, "text\x16\3\1\2\0\1\0\1\xfc\7\7 no hello"s}) {
        PipelineHarness harness;
        TcpPair pair(harness, 9000);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(raw(bytes))));
        for (int i = 0; i < 8; ++i) {
            EXPECT_TRUE(passed(pair.answer(raw("answer"))));
            harness.wait(3 * kSecond);
            EXPECT_TRUE(passed(pair.send(Buffer(1000, std::byte{0x81}))));
        }
        EXPECT_TRUE(harness.findings.empty());
    }
}

}  // namespace
}  // namespace sluis::test
