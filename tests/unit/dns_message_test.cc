#include "dataplane/protocol/dns_message.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "tests/unit/dns_message_builder.h"

namespace sluis {
namespace {

using namespace std::string_literals;

// --- names ---------------------------------------------------------------------------------------------------------

/// Labels of one byte: `count` of them take 2 * count bytes and, with the root, one more.
std::string short_labels(std::size_t count) {
    std::string wire;
    for (std::size_t i = 0; i < count; ++i) wire += "\1a";
    return wire;
}

/// A root label at offset 0, then `count` pointers, each to what is before it.
std::string pointer_chain(unsigned count) {
    std::string chain("\0\0", 2);
    for (unsigned i = 0; i < count; ++i) chain += pointer_to(i * 2);
    return chain;
}

struct NameCase {
    const char* what;
    std::string message;
    std::size_t offset;
    bool ok;
    std::string wire = {};
    std::size_t end = 0;
};

const NameCase kNameCases[] = {
    {"root", "\0"s, 0, true, "\0"s, 1},
    {"two labels, mixed case", "\4tOk\xc3\3com\0rest"s, 0, true, "\4tOk\xc3\3com\0"s, 10},
    {"dot and NUL inside a label", "\4a.\0b\0"s, 0, true, "\4a.\0b\0"s, 6},
    {"label of 63", "\x3f"s + std::string(63, 'x') + "\0"s, 0, true, "\x3f"s + std::string(63, 'x') + "\0"s, 65},
    {"255 bytes", short_labels(127) + "\0"s, 0, true, short_labels(127) + "\0"s, 255},
    {"256 bytes", short_labels(126) + "\2aa\0"s, 0, false},
    {"256 bytes by way of a pointer", short_labels(100) + "\0"s + short_labels(28) + pointer_to(0), 201, false},
    {"pointer back", "\3com\0\3www\xc0\0"s, 5, true, "\3www\3com\0"s, 11},
    {"pointer to a pointer", "\1a\0\xc0\0\1b\xc0\3"s, 5, true, "\1b\1a\0"s, 9},
    {"pointer alone", "\1a\0\xc0\0"s, 3, true, "\1a\0"s, 5},
    {"pointer to itself", "\0\0\xc0\2"s, 2, false},
    {"pointer to its own name", "\1a\xc0\0"s, 0, false},
    {"pointer into its own name", "\2\1a\xc0\1\0"s, 0, false},
    {"pointer into its own name that would end", "\3\1a\0\xc0\1"s, 0, true, "\3\1a\0\1a\0"s, 6},
    {"pointer forward", "\xc0\3\0\1a\0"s, 0, true, "\1a\0"s, 2},
    {"pointers that lead to each other", "\0\0\xc0\4\xc0\2"s, 4, false},
    {"back, then forward", "\1a\xc0\6\xc0\0\1b\0"s, 4, true, "\1a\1b\0"s, 6},
    {"label type 0x40", "\x41"s + std::string(65, 'x') + "\0"s, 0, false},
    {"label type 0x80", "\x81"s + std::string(200, 'x') + "\0"s, 0, false},
    {"label type 0x40 is no pointer", "\0\x40\0"s, 1, false},
    {"label type 0x80 is no pointer", "\0\x80\0"s, 1, false},
    {"no root label", "\3com"s, 0, false},
    {"label cut off", "\4com"s, 0, false},
    {"pointer cut off", "\0\xc0"s, 1, false},
    {"offset at the end", "\0"s, 1, false},
    {"offset beyond the end", "\0"s, 2, false},
    {"128 pointers", pointer_chain(128), 256, true, "\0"s, 258},
    {"129 pointers", pointer_chain(129), 258, false},
};

TEST(DnsName, Table) {
    for (const NameCase& c : kNameCases) {
        SCOPED_TRACE(c.what);
        std::size_t end = 0;
        const auto name = parse_dns_name(as_bytes(c.message), c.offset, end);
        ASSERT_EQ(name.has_value(), c.ok);
        if (c.ok) {
            EXPECT_EQ(as_text(name->bytes()), c.wire);
            EXPECT_EQ(end, c.end);
        } else {
            EXPECT_EQ(name.error(), Reason::dns_malformed);
        }
    }
}

TEST(DnsName, SkipStopsWhereParsingEnds) {
    for (const NameCase& c : kNameCases) {
        if (!c.ok) continue;
        SCOPED_TRACE(c.what);
        ByteReader reader(as_bytes(c.message));
        reader.skip(c.offset);
        EXPECT_TRUE(skip_dns_name(reader));
        EXPECT_EQ(reader.position(), c.end);
    }
}

TEST(DnsName, SkipFails) {
    for (const std::string& name : {""s, "\3com"s, "\4com"s, "\xc0"s, "\x41"s + std::string(66, '\0'),
                                    "\x81"s + std::string(200, '\0'), short_labels(126) + "\2aa\0"s}) {
        ByteReader reader(as_bytes(name));
        EXPECT_FALSE(skip_dns_name(reader)) << name;
    }
}

TEST(DnsHeader, Fields) {
    const auto header = parse_dns_header(as_bytes(dns_header_text(0xa980, 1, 2, 3, 4, 0xbeef)));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->id, 0xbeef);
    EXPECT_TRUE(header->is_response());
    EXPECT_EQ(header->opcode(), 5);
    EXPECT_EQ(header->questions, 1);
    EXPECT_EQ(header->answers, 2);
    EXPECT_EQ(header->authorities, 3);
    EXPECT_EQ(header->additionals, 4);
    EXPECT_EQ(parse_dns_header(as_bytes(std::string(11, '\0'))).error(), Reason::not_this_protocol);
}

TEST(DnsQuestion, EveryCutFails) {
    const std::string query = dns_query_text("www.example.com", 65);
    const auto question = parse_dns_question(as_bytes(query), kDnsHeaderSize);
    ASSERT_TRUE(question);
    EXPECT_EQ(dotted_name(question->name), "www.example.com");
    EXPECT_EQ(question->type, 65);
    EXPECT_EQ(question->klass, 1);
    EXPECT_EQ(question->end, query.size());
    for (std::size_t size = 0; size < query.size(); ++size) {
        EXPECT_FALSE(parse_dns_question(as_bytes(query).first(size), kDnsHeaderSize)) << size;
    }
}

// --- names of a message --------------------------------------------------------------------------------------------

class NameList final : public DnsNameVisitor {
public:
    bool on_name(const DnsName& name, DnsNameRole role) noexcept override {
        constexpr const char* kRoles[] = {"q:", "o:", "t:"};
        names.push_back(kRoles[static_cast<int>(role)] + dotted_name(name));
        return names.size() < limit;
    }
    std::vector<std::string> names;
    std::size_t limit = 100'000;
};

using Names = std::vector<std::string>;

struct VisitCase {
    const char* what;
    std::string message;
    Names names;
    bool ok = true;
};

constexpr unsigned kResponse = 0x8180;
const std::string kAddress = "\1\2\3\4";
const std::string kQuestion = dns_question_text(wire_name("a.example"), 1);  // 15 bytes: the answer is at 27
constexpr unsigned kAnswer = 27;

std::string response(unsigned answers, unsigned authorities, unsigned additionals, const std::string& records) {
    return dns_header_text(kResponse, 1, answers, authorities, additionals) + kQuestion + records;
}

const VisitCase kVisitCases[] = {
    {"query", dns_query_text("TikTok.com"), {"q:TikTok.com"}},
    {"query for the root", dns_query_text("", 2), {"q:"}},
    {"no question", dns_header_text(0x0100, 0), {}},
    {"two questions",
     dns_header_text(0x0100, 2) + kQuestion + dns_question_text(wire_name("b.example"), 28),
     {"q:a.example", "q:b.example"}},
    {"a second question that points into the first",
     dns_header_text(0x0100, 2) + kQuestion + dns_question_text("\1b" + pointer_to(14), 28),
     {"q:a.example", "q:b.example"}},
    {"a question that points to its own label",
     dns_header_text(0x0100, 1) + dns_question_text("\3www" + pointer_to(12), 1),
     {},
     false},
    {"fewer questions than counted", dns_header_text(0x0100, 2) + kQuestion, {"q:a.example"}, false},
    {"class cut off", dns_query_text("a.example").substr(0, 26), {"q:a.example"}, false},
    {"bytes after a query", dns_query_text("a.example") + "\xff\xff"s, {"q:a.example"}},
    {"a query's records are not read", dns_header_text(0x0100, 1, 1) + kQuestion, {"q:a.example"}},
    {"owner that points to the question",
     response(1, 0, 0, dns_record_text(pointer_to(12), 1, kAddress)),
     {"q:a.example"}},
    {"owner that is none of the question's",
     response(1, 0, 0, dns_record_text(wire_name("b.example"), 16, "\1x")),
     {"q:a.example", "o:b.example"}},
    {"owner that points into the header is read there",
     dns_header_text(kResponse, 1, 1, 0, 0, 0x0178) + kQuestion + dns_record_text(pointer_to(0), 1, kAddress),
     {"q:a.example"},
     false},
    {"CNAME chain",
     response(2, 0, 0,
              dns_record_text(pointer_to(12), 5, wire_name("b.example")) +
                  dns_record_text(pointer_to(kAnswer + 12), 5, "\1c" + pointer_to(14))),
     {"q:a.example", "t:b.example", "t:c.example"}},
    {"DNAME",
     response(1, 0, 0, dns_record_text(pointer_to(14), 39, wire_name("b.test"))),
     {"q:a.example", "o:example", "t:b.test"}},
    {"HTTPS alias",
     response(1, 0, 0, dns_record_text(pointer_to(12), 65, "\0\0"s + wire_name("b.example"))),
     {"q:a.example", "t:b.example"}},
    {"HTTPS that names its owner",
     response(1, 0, 0, dns_record_text(pointer_to(12), 65, "\0\1\0\0\1\0\3\2h2"s)),
     {"q:a.example"}},
    {"SVCB",
     response(1, 0, 0, dns_record_text(pointer_to(12), 64, "\0\1"s + wire_name("b.test"))),
     {"q:a.example", "t:b.test"}},
    {"additional: addresses and targets",
     response(0, 0, 4,
              dns_record_text(wire_name("b.test"), 1, kAddress) +
                  dns_record_text(wire_name("c.test"), 28, std::string(16, 'x')) +
                  dns_record_text(wire_name("d.test"), 16, "\1x") +
                  dns_record_text(wire_name("e.test"), 65, "\0\1"s + wire_name("f.test"))),
     {"q:a.example", "o:b.test", "o:c.test", "o:e.test", "t:f.test"}},
    {"authority is walked over",
     response(0, 1, 1,
              dns_record_text(wire_name("b.test"), 5, wire_name("c.test")) +
                  dns_record_text(wire_name("d.test"), 1, kAddress)),
     {"q:a.example", "o:d.test"}},
    {"a condition of an update has no RDATA",
     dns_header_text(0xa800, 1, 1) + kQuestion + dns_record_text(wire_name("b.test"), 5, "", 255, 0),
     {"q:a.example", "o:b.test"}},
    {"target beyond its RDATA",
     response(1, 0, 0, dns_record_text(pointer_to(12), 5, "\1b") + "\4test\0"s),
     {"q:a.example", "t:b.test"},
     false},
    {"RDATA cut off",
     response(2, 0, 0,
              dns_record_text(wire_name("b.test"), 1, kAddress) + dns_record_text(pointer_to(12), 1, "").substr(0, 8)),
     {"q:a.example", "o:b.test"},
     false},
    {"RDATA cut off in a truncated message",
     dns_header_text(kResponse | kDnsFlagTruncated, 1, 2) + kQuestion +
         dns_record_text(wire_name("b.test"), 1, kAddress) + dns_record_text(pointer_to(12), 1, "").substr(0, 8),
     {"q:a.example", "o:b.test"}},
    {"a reserved label type in a truncated message",
     dns_header_text(kResponse | kDnsFlagTruncated, 1, 2) + kQuestion + dns_record_text("\x80", 1, kAddress) +
         dns_record_text(wire_name("b.test"), 1, kAddress),
     {"q:a.example"},
     false},
    {"header cut off", std::string(11, '\0'), {}, false},
};

TEST(DnsNames, Table) {
    for (const VisitCase& c : kVisitCases) {
        SCOPED_TRACE(c.what);
        NameList list;
        EXPECT_EQ(visit_dns_names(as_bytes(c.message), list).has_value(), c.ok);
        EXPECT_EQ(list.names, c.names);
    }
}

TEST(DnsNames, StopsWhenAskedTo) {
    for (const std::size_t limit : {1, 2, 3}) {
        NameList list;
        list.limit = limit;
        const std::string records = dns_record_text(wire_name("b.test"), 5, wire_name("c.test")) + "\xff";
        EXPECT_EQ(visit_dns_names(as_bytes(response(2, 0, 0, records)), list).has_value(), true);
        EXPECT_EQ(list.names.size(), limit);
    }
}

TEST(DnsNames, ResponseWithAliasTargetFromTheWire) {
    // SVCB alias as a server sent it (Zeek's test suite, dns-svcb.pcap).
    const std::string message = from_hex(
        "c96481000001000100000000076578616d706c6503636f6d0000400001076578616d706c6503636f6d00004000010000025800130000"
        "03666f6f076578616d706c6503636f6d00");
    NameList list;
    ASSERT_TRUE(visit_dns_names(as_bytes(message), list));
    EXPECT_EQ(list.names, (Names{"q:example.com", "o:example.com", "t:foo.example.com"}));
}

TEST(DnsNames, ChainOfCompressedOwnersFromTheWire) {
    // Seven owners, each a pointer to the one before (Zeek's test suite, max-compression-depth.pcap).
    std::string message = from_hex("123481800001000700000000016100000100010161");
    message += from_hex("00000100010000012c00047f000001");
    for (const char* owner : {"c013", "c024", "c034", "c044", "c054", "c064"}) {
        message += from_hex(owner) + from_hex("000100010000012c00047f000002");
    }
    NameList list;
    ASSERT_TRUE(visit_dns_names(as_bytes(message), list));
    EXPECT_EQ(list.names.front(), "q:a");
    EXPECT_EQ(list.names.back(), "o:a");
}

TEST(DnsNames, CompressedReverseZoneTransferIsRead) {
    // ip6.arpa owners have 34 labels, of which compression leaves one: the most steps a byte that real messages need.
    std::string nibbles = "f";
    for (int i = 1; i < 31; ++i) nibbles += ".0";
    std::string records;
    unsigned count = 0;
    for (; records.size() < 16'000; ++count) {
        records += dns_record_text("\1" + std::string(1, static_cast<char>('a' + count % 26)) + pointer_to(12), 12,
                                   "\6server" + pointer_to(12));
    }
    const std::string message =
        dns_header_text(0x8400, 1, count) + dns_question_text(wire_name(nibbles + ".ip6.arpa"), 252) + records;
    NameList list;
    ASSERT_TRUE(visit_dns_names(as_bytes(message), list));
    EXPECT_EQ(list.names.size(), count + 1);
}

TEST(DnsNames, WorkIsBounded) {
    // 64 KiB of owners that each follow 111 pointers, which are in the first record's RDATA.
    constexpr unsigned pointers = 110;
    constexpr unsigned rdata = kAnswer + 1 + 10;
    std::string chain = pointer_to(12);
    for (unsigned i = 0; i < pointers - 1; ++i) chain += pointer_to(rdata + i * 2);
    std::string message = response(0xffff, 0, 0, dns_record_text("\0"s, 16, chain));
    const std::string owner = "\1a" + pointer_to(rdata + (pointers - 1) * 2);
    while (message.size() < 65'000) message += dns_record_text(owner, 16, "");
    NameList list;
    const auto result = visit_dns_names(as_bytes(message), list);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), Reason::dns_malformed);
    EXPECT_GT(list.names.size(), 500u);
    EXPECT_LT(list.names.size(), (1024 + 2 * message.size()) / pointers);
}

// --- recognition ---------------------------------------------------------------------------------------------------

struct LookCase {
    const char* what;
    std::string message;
    bool dns;
};

const std::string kOpt = dns_record_text("\0"s, 41, "", 1232, 0x8000);

const LookCase kLookCases[] = {
    {"query", dns_query_text("example.com"), true},
    {"query with EDNS", dns_header_text(0x0120, 1, 0, 0, 1) + dns_question_text(wire_name("a.be"), 1) + kOpt, true},
    {"bytes after it", dns_query_text("example.com") + std::string(40, '\xff'), true},
    {"unheard-of type", dns_query_text("example.com", 0xfffe), true},
    {"type 0", dns_query_text("example.com", 0), true},
    {"one label", dns_query_text("localhost"), true},
    {"the root's servers", dns_query_text("", 2), true},
    {"the root, type 0", dns_query_text("", 0), false},
    {"odd bytes in a label", dns_header_text(0x0100, 1) + dns_question_text("\3a\0\xff\0"s, 1), true},
    {"class CH", dns_header_text(0, 1) + dns_question_text(wire_name("version.bind"), 16, 3), true},
    {"class HS", dns_header_text(0, 1) + dns_question_text(wire_name("a.b"), 16, 4), true},
    {"class NONE", dns_header_text(0, 1) + dns_question_text(wire_name("a.b"), 16, 254), true},
    {"class ANY", dns_header_text(0, 1) + dns_question_text(wire_name("a.b"), 16, 255), true},
    {"mDNS, unicast answer", dns_header_text(0, 1) + dns_question_text(wire_name("a.local"), 255, 0x8001), true},
    {"class 2", dns_header_text(0, 1) + dns_question_text(wire_name("a.b"), 16, 2), false},
    {"update",
     dns_header_text(0x2800, 1, 0, 1) + dns_question_text(wire_name("a.be"), 6) +
         dns_record_text(wire_name("b.a.be"), 1, kAddress),
     true},
    {"notify", dns_header_text(0x2400, 1) + dns_question_text(wire_name("a.be"), 6), true},
    {"stateful operation", dns_header_text(0x3000, 1) + dns_question_text(wire_name("a.be"), 6), true},
    {"opcode 3", dns_header_text(0x1800, 1) + dns_question_text(wire_name("a.be"), 6), false},
    {"opcode 7", dns_header_text(0x3800, 1) + dns_question_text(wire_name("a.be"), 6), false},
    {"two questions", dns_header_text(0x0100, 2) + kQuestion + kQuestion, true},
    {"no question", dns_header_text(0x0100, 0) + kQuestion, false},
    {"response", response(1, 0, 0, dns_record_text(pointer_to(12), 1, kAddress)), true},
    {"a record more than there is, host name", dns_header_text(0x0100, 1, 0, 0, 1) + kQuestion, true},
    {"absurd counts, host name", dns_header_text(0x0100, 9, 9, 9, 9) + kQuestion, true},
    {"a record more than there is, one label",
     dns_header_text(0x0100, 1, 0, 0, 1) + dns_question_text(wire_name("a"), 1), false},
    {"a record more than there is, odd bytes",
     dns_header_text(0x0100, 1, 0, 0, 1) + dns_question_text("\1\xff\1a\0"s, 1), false},
    {"question that points to itself", dns_header_text(0x0100, 1) + dns_question_text(pointer_to(12), 1), true},
    {"question cut off", dns_query_text("example.com").substr(0, 28), false},
    {"header alone", dns_header_text(0x0100, 1), false},
    {"nothing", "", false},
    {"zeros", std::string(1200, '\0'), false},
    {"ones", std::string(1200, '\xff'), false},
    {"NTP client", from_hex("e30003fa000100000001000000000000") + std::string(32, '\0'), false},
    {"NTP server", from_hex("240203e80000067200000a1bc035c46be6a5d0c1d8a6f5b0") + std::string(24, '\x55'), false},
    {"STUN binding request", from_hex("000100002112a442b7e7a701bc34d686fa87dfae"), false},
    {"RTP", from_hex("80600001000000010000000a") + std::string(160, '\xd5'), false},
    {"WireGuard data", from_hex("04000000a1b2c3d40100000000000000") + std::string(64, '\x9c'), false},
    {"DHCP discover", from_hex("010106003903f3260000000000000000") + std::string(284, '\0'), false},
    {"QUIC v1 Initial", from_hex("c000000001088394c8f03e5157080000449e7b9aec34") + std::string(1178, '\xa7'), false},
    {"SIP", "INVITE sip:a@b.example SIP/2.0\r\nVia: SIP/2.0/UDP c.example\r\n\r\n", false},
    {"SSDP", "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n", false},
    {"Source engine query", "\xff\xff\xff\xffTSource Engine Query\0"s, false},
};

TEST(LooksLikeDns, Table) {
    for (const LookCase& c : kLookCases) EXPECT_EQ(looks_like_dns(as_bytes(c.message)), c.dns) << c.what;
}

/// Random datagrams that DNS is hardest to tell from: random, and random after a header that could be one.
std::uint32_t count_taken(std::string_view start, std::uint32_t datagrams, std::mt19937_64& random) {
    std::array<std::byte, 1472> bytes;
    std::uint32_t taken = 0;
    for (std::uint32_t i = 0; i < datagrams; ++i) {
        const std::size_t size = 17 + random() % (bytes.size() - 16);
        // Names and classes are over after 300 bytes; the rest would only cost the test time.
        for (std::size_t at = 0; at < std::min<std::size_t>(size, 304); at += 8) {
            const std::uint64_t word = random();
            std::memcpy(bytes.data() + at, &word, 8);
        }
        std::memcpy(bytes.data(), start.data(), start.size());
        taken += looks_like_dns(Bytes(bytes).first(size));
    }
    return taken;
}

TEST(LooksLikeDns, TakesHardlyAnyRandomDatagram) {
    std::mt19937_64 random(20230327);
    constexpr std::uint32_t datagrams = 400'000;
    EXPECT_EQ(count_taken("", datagrams, random), 0u);
    EXPECT_LT(count_taken(dns_header_text(0x0100, 1), datagrams, random), datagrams / 10'000);
    EXPECT_LT(count_taken(dns_header_text(0, 1, 1, 1, 1), datagrams, random), datagrams / 10'000);
}

TEST(DnsQueriesWithoutQuestion, OnlyThoseThatNameNothing) {
    const std::string cookie = "\0\x0a\0\x08"s + "8 bytes!";
    const std::string other = "\0\x0c\0\1x"s;
    const auto opt = [](const std::string& options) {
        return "\0\0\x29\4\xd0\0\0\0\0\0"s + static_cast<char>(options.size()) + options;
    };
    const auto is_cookie = [](const std::string& message) { return is_dns_cookie_query(as_bytes(message)); };
    const std::string header = dns_header_text(0x0100, 0, 0, 0, 1);
    EXPECT_TRUE(is_cookie(header + opt(cookie)));
    EXPECT_TRUE(is_cookie(header + opt(other + cookie)));
    EXPECT_FALSE(is_cookie(header + opt(other)));
    EXPECT_FALSE(is_cookie(header + opt(cookie + "\0"s)));
    EXPECT_FALSE(is_cookie(header + opt(cookie) + "\0"s));
    EXPECT_FALSE(is_cookie(header + "\1a" + opt(cookie)));
    EXPECT_FALSE(is_cookie(dns_header_text(0x0100, 1, 0, 0, 1) + opt(cookie)));
    EXPECT_FALSE(is_cookie(dns_header_text(0x0100, 0, 1, 0, 1) + opt(cookie)));
    EXPECT_FALSE(is_cookie(dns_header_text(0x8180, 0, 0, 0, 1) + opt(cookie)));
    EXPECT_FALSE(is_cookie(dns_header_text(0x2800, 0, 0, 0, 1) + opt(cookie)));
    EXPECT_FALSE(is_cookie(header));

    const auto is_stateful = [](const std::string& message) { return is_dns_stateful_operation(as_bytes(message)); };
    const std::string keepalive = "\0\1\0\x08"s + "8 bytes!", padding = "\0\3\0\2\0\0"s;
    EXPECT_TRUE(is_stateful(dns_header_text(0x3000, 0) + keepalive));
    EXPECT_TRUE(is_stateful(dns_header_text(0x3000, 0) + keepalive + padding));
    EXPECT_FALSE(is_stateful(dns_header_text(0x3000, 0)));
    EXPECT_FALSE(is_stateful(dns_header_text(0x3000, 0) + keepalive + "\0"s));
    EXPECT_FALSE(is_stateful(dns_header_text(0x3000, 1) + keepalive));
    EXPECT_FALSE(is_stateful(dns_header_text(0x2800, 0) + keepalive));
}

}  // namespace
}  // namespace sluis
