// DNS over UDP and TCP through the whole pipeline.
#include "dataplane/dns_announcer.h"
#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

using namespace std::string_literals;

const Buffer kBlocked = buffer(dns_query_text("www.tiktok.com"));
const Buffer kAllowed = buffer(dns_query_text("www.example.org"));
const std::string kAllowedQuestion = dns_question_text(wire_name("www.example.org"), 1);

Buffer datagram(const Buffer& message, int port = 53, bool to_client = false, bool v6 = false) {
    const Buffer packet = to_client ? udp(port, 5000, message) : udp(5000, port, message);
    if (v6) return ethernet(ipv6({.protocol = kProtocolUdp}, packet), kEtherIpv6);
    return ethernet(ipv4({.source = to_client ? "198.51.100.20" : "192.0.2.10",
                          .destination = to_client ? "192.0.2.10" : "198.51.100.20",
                          .protocol = kProtocolUdp},
                         packet),
                    kEtherIpv4, to_client);
}

TEST(PipelineDns, AQueryIsAllowedOrAnswered) {
    for (const bool v6 : {false, true}) {
        PipelineHarness harness;
        EXPECT_TRUE(passed(harness.from_client(datagram(kAllowed, 53, false, v6))));
        const auto sent = harness.from_client(datagram(kBlocked, 53, false, v6));
        ASSERT_EQ(sent.size(), 1u);
        EXPECT_TRUE(sent[0].injected);
        EXPECT_EQ(sent[0].egress, Side::inside);
        const Bytes answer = Bytes(sent[0].bytes).subspan(v6 ? 62 : 42);
        EXPECT_EQ(get16(answer, 0), 0x1234u);
        EXPECT_EQ(get16(answer, 2) & 0x800f, 0x8003u);  // a response, NXDOMAIN
        EXPECT_TRUE(harness.blocked("www.tiktok.com"));
    }
}

TEST(PipelineDns, OnAnotherPort) {
    PipelineHarness harness;
    EXPECT_TRUE(refused(harness.from_client(datagram(kBlocked, 1253))));
    EXPECT_TRUE(passed(harness.from_client(datagram(kAllowed, 1253))));
    EXPECT_TRUE(passed(harness.from_client(datagram(buffer("anything else that is no DNS"), 1253))));
}

TEST(PipelineDns, AnAnswerThatLeadsToABlockedNameIsReplaced) {
    const std::string cname = dns_header_text(0x8180, 1, 1) + dns_question_text(wire_name("www.example.org"), 1) +
                              dns_record_text(pointer_to(12), 5, wire_name("www.tiktok.com"));
    PipelineHarness harness;
    const auto sent = harness.from_server(datagram(buffer(cname), 53, true));
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_TRUE(sent[0].injected);
    EXPECT_EQ(sent[0].egress, Side::inside);
    EXPECT_EQ(get16(Bytes(sent[0].bytes), 34), 53u) << "in the server's name";
}

TEST(PipelineDns, WhatAServerCannotReadIsDroppedOrRefused) {
    PipelineHarness harness;
    const std::string two = dns_header_text(0x0100, 2) + dns_question_text(wire_name("www.example.org"), 1) +
                            dns_question_text(wire_name("www.example.org"), 28);
    const auto sent = harness.from_client(datagram(buffer(two)));
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(get16(Bytes(sent[0].bytes), 44) & 0xf, 1u);  // FORMERR
    EXPECT_TRUE(harness.from_client(datagram(slice(kAllowed, 0, 20))).empty());
    EXPECT_EQ(harness.drops(Reason::dns_malformed), 1u);
    Buffer bad_sum = datagram(kAllowed);
    bad_sum[60] ^= std::byte{1};
    EXPECT_TRUE(harness.from_client(bad_sum).empty());
    EXPECT_EQ(harness.drops(Reason::udp_checksum), 1u);
}

Buffer over_tcp(const Buffer& message) { return prefixed(2, message); }

TEST(PipelineDns, OverTcpByteByByte) {
    for (const bool block : {false, true}) {
        PipelineHarness harness;
        TcpPair pair(harness, 53);
        pair.connect();
        const Buffer stream = over_tcp(block ? kBlocked : kAllowed);
        std::size_t through = 0;
        std::vector<Sent> last;
        for (const std::byte byte : stream) {
            last = harness.from_client(pair.client_frame({byte}));
            through += !refused(last);
            ++pair.client;
        }
        EXPECT_EQ(through, block ? stream.size() - 1 : stream.size());
        if (!block) continue;
        ASSERT_EQ(last.size(), 2u) << "the answer, and the server's reset";
        EXPECT_EQ(last[0].egress, Side::inside);
        EXPECT_EQ(get32(last[0].bytes, 38), 5001u);
        EXPECT_EQ(get32(last[0].bytes, 42), pair.client);
        EXPECT_EQ(std::to_integer<int>(last[0].bytes[47]) & (kTcpFin | kTcpRst), kTcpFin);
        EXPECT_EQ(get16(last[0].bytes, 54), last[0].bytes.size() - 56);
        EXPECT_EQ(last[1].egress, Side::outside);
        EXPECT_EQ(get32(last[1].bytes, 38), pair.client - 1) << "the byte that completes the query never went on";
    }
}

TEST(PipelineDns, TwentyPipelinedQueries) {
    for (const int bad : {-1, 0, 10, 19}) {
        Buffer stream;
        for (int i = 0; i < 20; ++i) stream = stream + over_tcp(i == bad ? kBlocked : kAllowed);
        PipelineHarness harness;
        TcpPair pair(harness, 53);
        pair.connect();
        EXPECT_EQ(passed(pair.send(stream)), bad < 0);
        EXPECT_EQ(harness.counters.names_allowed[1] + harness.counters.names_blocked[1], 20u);
        EXPECT_EQ(harness.blocked("www.tiktok.com"), bad >= 0);
    }
}

TEST(PipelineDns, OverTcpReversed) {
    PipelineHarness harness;
    TcpPair pair(harness, 53, 0xfffffff0);
    pair.connect();
    const Buffer stream = over_tcp(kBlocked);
    std::size_t through = 0;
    for (std::size_t at = stream.size(); at-- > 0;)
        through += !refused(
            harness.from_client(pair.client_frame(slice(stream, at, 1), kTcpAck, static_cast<std::int64_t>(at))));
    EXPECT_EQ(through, stream.size() - 1);
}

TEST(PipelineDns, AnAnswerOverTcpThatLeadsToABlockedName) {
    const std::string cname = dns_header_text(0x8180, 1, 1) + dns_question_text(wire_name("www.example.org"), 1) +
                              dns_record_text(pointer_to(12), 5, wire_name("www.tiktok.com"));
    PipelineHarness harness;
    TcpPair pair(harness, 53);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(over_tcp(kAllowed))));
    EXPECT_TRUE(refused(pair.answer(over_tcp(buffer(cname)))));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

TEST(PipelineDns, OverTcpOnAnotherPort) {
    for (const bool block : {false, true})
        for (std::size_t size = 1; size < 40; ++size) {
            SCOPED_TRACE(size);
            PipelineHarness harness;
            TcpPair pair(harness, 5300);
            pair.connect();
            const Buffer stream = over_tcp(block ? kBlocked : kAllowed);
            std::size_t through = 0;
            std::vector<Sent> last;
            for (std::size_t at = 0; at < stream.size(); at += size) {
                last = pair.send(slice(stream, at, size));
                if (!refused(last)) through = std::min(at + size, stream.size());
            }
            EXPECT_EQ(through, block ? (stream.size() - 1) / size * size : stream.size());
            EXPECT_EQ(harness.blocked("www.tiktok.com"), block);
            EXPECT_EQ(harness.allowed("www.example.org"), !block);
            if (!block) continue;
            ASSERT_EQ(last.size(), 2u) << "the answer, and the server's reset";
            EXPECT_EQ(get16(last[0].bytes, 34), 5300u);
            EXPECT_EQ(last[0].egress, Side::inside);
        }
}

/// What began as DNS goes on as DNS: queries, answers, and what no server takes.
TEST(PipelineDns, OverTcpOnAnotherPortLater) {
    const std::string cname = dns_header_text(0x8180, 1, 1) + dns_question_text(wire_name("www.example.org"), 1) +
                              dns_record_text(pointer_to(12), 5, wire_name("www.tiktok.com"));
    const std::string two = dns_header_text(0x0100, 2) + dns_question_text(wire_name("www.example.org"), 1) +
                            dns_question_text(wire_name("www.tiktok.com"), 1);
    for (const int second : {0, 1, 2, 3}) {
        SCOPED_TRACE(second);
        PipelineHarness harness;
        TcpPair pair(harness, 5300);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(over_tcp(kAllowed))));
        pair.acknowledge();
        if (second == 0) EXPECT_TRUE(refused(pair.send(over_tcp(kBlocked))));
        if (second == 1) EXPECT_TRUE(refused(pair.answer(over_tcp(buffer(cname)))));
        if (second == 2) EXPECT_TRUE(refused(pair.send(over_tcp(buffer(two)))));
        if (second == 3) {
            EXPECT_TRUE(passed(pair.answer(over_tcp(kAllowed))));
            EXPECT_TRUE(passed(pair.send(over_tcp(kAllowed))));
        }
        EXPECT_EQ(harness.blocked("www.tiktok.com"), second < 3);
    }
}

TEST(PipelineDns, OverTcpOnAnotherPortInTheMiddleOfAFlow) {
    PipelineHarness harness;
    TcpPair pair(harness, 5300);
    EXPECT_TRUE(passed(pair.send(over_tcp(kAllowed))));
    EXPECT_TRUE(refused(pair.send(over_tcp(kBlocked))));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

/// Something that only begins like a query is nobody's business, and is let go of.
TEST(PipelineDns, OverTcpOnAnotherPortNoQuery) {
    Buffer almost = over_tcp(kBlocked);
    almost[almost.size() - 1] = std::byte{77};  // an unknown class,
    almost[15] = std::byte{' '};                // and no name of a host
    for (const std::size_t size : {std::size_t{1}, std::size_t{7}, almost.size()}) {
        PipelineHarness harness;
        TcpPair pair(harness, 5300);
        pair.connect();
        for (std::size_t at = 0; at < almost.size(); at += size)
            EXPECT_TRUE(passed(pair.send(slice(almost, at, size))));
        for (int i = 0; i < 8; ++i) {
            EXPECT_TRUE(passed(pair.send(Buffer(1000, std::byte{0x90}))));
            EXPECT_TRUE(passed(pair.answer(Buffer(1000, std::byte{0x90}))));
            pair.acknowledge();
        }
        EXPECT_EQ(harness.counters.flows, 0u) << "settled";
    }
}

/// A query that servers answer although it is not as resolvers send it.
TEST(PipelineDns, OverTcpOnAnotherPortOddly) {
    const std::string question = dns_question_text(wire_name("www.tiktok.com"), 1);
    const std::string odd[] = {
        dns_query_text("www.tiktok.com") + "x",
        dns_header_text(0x0101, 1) + question,
        dns_header_text(0x0100, 1, 1, 2, 3) + question,
        dns_header_text(0x2000, 1) + question,
        dns_header_text(0x0100, 1) + dns_question_text(wire_name("www.tiktok.com"), 1, 7),
        dns_header_text(0x0100, 2) + dns_question_text(wire_name("www.example.org"), 1) + question,
        dns_header_text(0x0100, 1) + dns_question_text("\3www" + pointer_to(22), 1) + wire_name("tiktok.com"),
        dns_query_text("www.tiktok.com") + std::string(10000, 'x'),
    };
    for (const std::string& message : odd)
        for (const std::size_t size : {std::size_t{7}, std::size_t{1448}}) {
            SCOPED_TRACE(&message - odd);
            PipelineHarness harness;
            TcpPair pair(harness, 5300);
            pair.connect();
            const Buffer stream = over_tcp(buffer(message));
            bool whole = true;
            for (std::size_t at = 0; at < stream.size(); at += size)
                whole &= passed(pair.send(slice(stream, at, size)));
            EXPECT_FALSE(whole);
            EXPECT_TRUE(harness.blocked("www.tiktok.com"));
        }
}

/// Behind a first message that is not recognised, each segment may begin with a query, or with a part of one.
TEST(PipelineDns, OverTcpOnAnotherPortBehindSomethingElse) {
    const Buffer first[] = {buffer("HELLO\r\n"), over_tcp(buffer(dns_header_text(0x8100, 0) + "12345")),
                            buffer({0, 0})};
    const Buffer query = over_tcp(kBlocked);
    for (const Buffer& before : first)
        for (std::size_t cut = 14; cut <= query.size(); ++cut) {
            SCOPED_TRACE(cut);
            PipelineHarness harness;
            TcpPair pair(harness, 5300);
            pair.connect();
            EXPECT_TRUE(passed(pair.send(before)));
            pair.acknowledge();
            const bool begun = passed(pair.send(slice(query, 0, cut)));
            EXPECT_EQ(begun, cut < query.size());
            if (begun) EXPECT_TRUE(refused(pair.send(slice(query, cut))));
            EXPECT_TRUE(harness.blocked("www.tiktok.com"));
        }
}

/// A query whose length and ID look like another protocol's beginning, cut anywhere in its first bytes.
TEST(PipelineDns, OverTcpOnAnotherPortWithTheLengthOfSomethingElse) {
    constexpr unsigned kLikenesses[][2] = {{0x0501, 0x0005}, {0x0502, 0x0001}, {0x0401, 0x0050}, {0x0a0a, 0x4745},
                                           {0x0d0a, 0x0d0a}, {0x1603, 0x0102}, {0x1603, 0x0302}, {0x1803, 0x0301},
                                           {0x1403, 0x0300}, {0x2047, 0x4554}};
    for (const auto& [length, id] : kLikenesses)
        for (std::size_t cut = 1; cut < 40; ++cut) {
            SCOPED_TRACE(testing::Message() << std::hex << length << ' ' << id << ", cut at " << std::dec << cut);
            std::string message =
                dns_header_text(0x0100, 1, 0, 0, 0, id) + dns_question_text(wire_name("www.tiktok.com"), 1);
            message.resize(length);
            const Buffer stream = over_tcp(buffer(message));
            PipelineHarness harness;
            TcpPair pair(harness, 5300);
            pair.connect();
            (void)pair.send(slice(stream, 0, cut));
            EXPECT_TRUE(refused(pair.send(slice(stream, cut))));
        }
}

/// What a SOCKS request hides from us when it is made to look like a query as well.
TEST(PipelineDns, ARequestToAProxyThatLooksLikeAQuery) {
    const Buffer request = buffer("\4\1\1\xbb\x0a\0\0\1userid"s + wire_name("www.example.org"));
    for (const std::size_t cut : {std::size_t{0}, std::size_t{11}, std::size_t{60}}) {
        PipelineHarness harness;
        TcpPair pair(harness, 1080);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(request)));
        pair.acknowledge();
        const Buffer hello = tls_hello("www.tiktok.com");
        if (cut != 0) (void)pair.send(slice(hello, 0, cut));
        EXPECT_TRUE(refused(pair.send(slice(hello, cut))));
    }
}

const std::string kLeading = dns_header_text(0x8180, 1, 1) + dns_question_text(wire_name("www.example.org"), 1) +
                             dns_record_text(pointer_to(12), 5, wire_name("www.tiktok.com"));

/// A query in the SYN (RFC 7413): its answer is read, too.
TEST(PipelineDns, OverTcpInTheSyn) {
    for (const int port : {53, 5300}) {
        SCOPED_TRACE(port);
        PipelineHarness harness;
        TcpPair pair(harness, port);
        TcpFields cookie;
        cookie.options = buffer({34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1});
        const Buffer query = over_tcp(kAllowed);
        EXPECT_TRUE(passed(harness.from_client(pair.client_frame(query, kTcpSyn, 0, cookie))));
        EXPECT_TRUE(harness.allowed("www.example.org"));
        pair.client += static_cast<std::uint32_t>(query.size()) + 1;
        pair.syn_ack();
        EXPECT_TRUE(passed(harness.from_client(pair.client_frame({}, kTcpAck))));
        EXPECT_TRUE(passed(pair.answer(over_tcp(buffer(dns_header_text(0x8180, 1) + kAllowedQuestion)))));
        EXPECT_TRUE(refused(pair.answer(over_tcp(buffer(kLeading)))));
        EXPECT_TRUE(harness.blocked("www.tiktok.com"));
    }
}

/// A flow in whose middle we come, wherever its numbers are: answers begin where the query acknowledges them.
TEST(PipelineDns, AnswersInTheMiddleOfAFlow) {
    for (const int port : {53, 5300})
        for (const std::uint32_t number : {0x10000000u, 0x90000000u, 0xfffffff0u}) {
            SCOPED_TRACE(testing::Message() << port << ' ' << number);
            PipelineHarness harness;
            TcpPair pair(harness, port, 1000, number);
            EXPECT_TRUE(passed(pair.send(over_tcp(kAllowed))));
            EXPECT_TRUE(passed(pair.answer(over_tcp(buffer(dns_header_text(0x8180, 1) + kAllowedQuestion)))));
            EXPECT_TRUE(passed(pair.send(over_tcp(kAllowed))));
            EXPECT_TRUE(refused(pair.answer(over_tcp(buffer(kLeading)))));
            EXPECT_TRUE(harness.blocked("www.tiktok.com"));
        }
}

TEST(PipelineDns, ManyNamesInOneBurst) {
    PipelineHarness harness;
    std::vector<std::pair<Side, Buffer>> burst;
    for (int i = 0; i < 64; ++i) {
        std::string answer = dns_header_text(0x8180, 1, 60) + dns_question_text(wire_name("www.example.org"), 1);
        for (int record = 0; record < 60; ++record)
            answer += dns_record_text(
                wire_name("h" + std::to_string(i) + "-" + std::to_string(record) + ".example.org"), 1, "1234");
        burst.push_back({Side::outside, datagram(buffer(answer), 53, true)});
    }
    EXPECT_EQ(harness.send_burst(burst).size(), 64u);
    EXPECT_EQ(harness.counters.names_allowed[1], 64u * 61);
}

/// Bytes of no known protocol.
const Buffer kUnknown = buffer({0x80, 0x81, 0x82, 0x83, 0x84, 0x85});

/// Less than a header of it tells nothing, and the rest less still; letters alone may be a request's method.
TEST(PipelineDns, AQueryCutInItsHeaderBehindSomethingElse) {
    for (const bool block : {false, true}) {
        const Buffer query = prefixed(2, buffer(dns_query_text(block ? "www.tiktok.com" : "www.example.org")));
        for (std::size_t cut = 1; cut < query.size(); ++cut)
            for (std::size_t second = cut; second < query.size(); ++second) {
                PipelineHarness harness;
                TcpPair pair(harness, 9000);
                pair.connect();
                EXPECT_TRUE(passed(pair.send(kUnknown)));
                EXPECT_TRUE(passed(pair.answer(buffer("ok"))));
                EXPECT_TRUE(passed(pair.send(slice(query, 0, cut))));
                pair.acknowledge();
                if (second > cut) EXPECT_TRUE(passed(pair.send(slice(query, cut, second - cut))));
                ASSERT_EQ(passed(pair.send(slice(query, second))), !block) << cut << ' ' << second;
                ASSERT_TRUE(block ? harness.blocked("www.tiktok.com") : harness.allowed("www.example.org")) << cut;
            }
    }
}

/// What may be a query's first bytes hides no request behind it.
TEST(PipelineDns, ARequestBehindAFewBytesIsRead) {
    const Buffer query = prefixed(2, buffer(dns_query_text("www.example.org")));
    const std::string request = "GET / HTTP/1.1\r\nHost: www.tiktok.com\r\n\r\n";
    for (const Buffer& few : {buffer({0xa0}), slice(query, 0, 2), slice(query, 0, 14), slice(query, 0, 16)})
        for (std::size_t cut = 0; cut < 8; ++cut) {
            PipelineHarness harness;
            TcpPair pair(harness, 9000);
            pair.connect();
            EXPECT_TRUE(passed(pair.send(kUnknown)));
            EXPECT_TRUE(passed(pair.send(few)));
            if (cut != 0) EXPECT_TRUE(passed(pair.send(buffer(request.substr(0, cut)))));
            EXPECT_TRUE(refused(pair.send(buffer(request.substr(cut))))) << few.size() << ' ' << cut;
            EXPECT_TRUE(harness.blocked("www.tiktok.com"));
        }
}

/// A few bytes of whatever: their flow is let be, and forgotten when it is idle.
TEST(PipelineDns, AFewBytesAreNoOpenMessage) {
    for (std::size_t size = 1; size < 14; ++size) {
        PipelineHarness harness;
        TcpPair pair(harness, 9000);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(kUnknown)));
        EXPECT_TRUE(passed(pair.send(slice(Buffer(14, std::byte{1}), 0, size))));
        harness.wait(200 * kSecond);
        EXPECT_TRUE(passed(pair.send(Buffer(1, std::byte{7})))) << size;
        EXPECT_TRUE(passed(pair.acknowledge()));
        harness.wait(301 * kSecond);
        EXPECT_EQ(harness.counters.flows, 0u) << size;
        EXPECT_TRUE(harness.findings.empty());
    }
}

TEST(PipelineDns, FewBytesMakeRoomWithoutAReset) {
    Limits limits = PipelineHarness::small_limits();
    limits.flows = 4;
    PipelineHarness harness(limits);
    for (int port = 50000; port < 50008; ++port) {
        TcpPair pair(harness, 9000, 1000, 5000, port);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(kUnknown)));
        EXPECT_TRUE(passed(pair.send(Buffer(3, std::byte{1}))));
        harness.wait(kSecond);
    }
    EXPECT_EQ(harness.counters.flows_evicted, 4u);
    EXPECT_EQ(harness.counters.blocks[static_cast<std::size_t>(Reason::hello_evicted)], 0u);
}

/// A response with CNAMEs from each of `names` (in wire form, pointers allowed) to the root.
Buffer aliases(const std::vector<std::string>& names) {
    const auto count = static_cast<unsigned>(names.size());
    std::string message = dns_header_text(0x8180, 1, count) + kAllowedQuestion;
    for (const std::string& name : names) message += name + "\0\5\0\1\0\0\0\x3c\0\1\0"s;
    return buffer(message);
}
/// "a7", before the question's name.
std::string host(int number) {
    const std::string label = "a" + std::to_string(number);
    return static_cast<char>(label.size()) + label + "\xc0\x0c"s;
}

TEST(PipelineDns, AsManyNamesAsAMessageMayHave) {
    std::vector<std::string> names;
    for (int i = 0; i < static_cast<int>(DnsAnnouncer::kNameLimit) - 1; ++i) names.push_back(host(i));
    PipelineHarness harness;  // the question is a name, too
    EXPECT_TRUE(passed(harness.from_server(datagram(aliases(names), 53, true))));
    EXPECT_EQ(harness.findings.size(), DnsAnnouncer::kNameLimit);
    names.push_back(host(1000));
    harness.findings.clear();
    EXPECT_TRUE(harness.from_server(datagram(aliases(names), 53, true)).empty());
    EXPECT_EQ(harness.drops(Reason::name_limit), 1u);
    ASSERT_EQ(harness.findings.size(), 1u);  // nothing of it was matched
    EXPECT_EQ(harness.findings[0].reason, Reason::name_limit);
}

TEST(PipelineDns, NamesAreMatchedOnceForAMessage) {
    std::vector<std::string> names;
    for (int i = 0; i < 300; ++i) names.push_back(host(i % 9));
    PipelineHarness harness;
    EXPECT_TRUE(passed(harness.from_server(datagram(aliases(names), 53, true))));
    EXPECT_EQ(harness.findings.size(), 10u);
}

TEST(PipelineDns, LongNamesThatPointersMakeOfFewBytesAreRefused) {
    std::string question;
    for (int i = 0; i < 35; ++i) question += "\6tiktok";
    std::string message = dns_header_text(0x8180, 1, 64) + question + "\0\0\1\0\1"s;
    for (int i = 0; i < 64; ++i)
        message += "\1"s + static_cast<char>('A' + i) + "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1"s +
                   static_cast<char>(130 + i) + "\xc0\x0c"s;
    PipelineHarness harness;
    EXPECT_TRUE(harness.from_server(datagram(buffer(message), 53, true)).empty());
    EXPECT_EQ(harness.drops(Reason::name_limit), 1u);
    EXPECT_EQ(harness.findings.size(), 1u);
}

TEST(PipelineDns, ALongQuestionAndItsAliasPass) {
    std::string name;
    for (int i = 0; i < 24; ++i) name += "\x9wikipedia"s;
    const std::string answer =
        dns_header_text(0x8180, 1, 1) + name + "\0\0\1\0\1"s + "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1a\xc0\x0c"s;
    PipelineHarness harness;
    EXPECT_TRUE(passed(harness.from_server(datagram(buffer(answer), 53, true))));
    EXPECT_EQ(harness.findings.size(), 2u);
}

TEST(PipelineDns, ALongQuestionAndManyHostsPass) {
    const std::string zone = "\x14twenty-letters-of-it\x0a" + "lettersten\2be"s;
    std::string message = dns_header_text(0x8180, 1, 0, 0, 20) + zone + "\0\0\2\0\1"s;
    for (int i = 0; i < 20; ++i) message += host(i) + "\0\1\0\1\0\0\0\x3c\0\4\xc6\x33\x64\x0a"s;
    PipelineHarness harness;
    EXPECT_TRUE(passed(harness.from_server(datagram(buffer(message), 53, true))));
    EXPECT_EQ(harness.findings.size(), 21u);
}

TEST(PipelineDns, QueriesThatAskNothingPass) {
    const std::string cookie = "\0\0\x29\4\xd0\0\0\0\0\0\x0c\0\x0a\0\x08"s + "8 bytes!";
    const Buffer asking = buffer(dns_header_text(0x0100, 0, 0, 0, 1) + cookie);
    PipelineHarness harness;
    EXPECT_TRUE(passed(harness.from_client(datagram(asking))));
    const Buffer more = asking + kAllowedQuestion;
    const auto refused = harness.from_client(datagram(more));
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_TRUE(refused[0].injected);
    EXPECT_EQ(harness.drops(Reason::dns_question_count), 1u);
}

}  // namespace
}  // namespace sluis::test
