#include "dataplane/verdict/dns_refusal.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/dns_message_builder.h"

namespace sluis {
namespace {

using namespace std::string_literals;

constexpr DnsRefusal kPlain{.text = "Blocked: not on this network"};

DnsRefusal sinkhole() {
    DnsRefusal refusal = kPlain;
    refusal.mode = DnsRefusalMode::sinkhole;
    refusal.sinkhole_ipv4 = {std::byte{192}, std::byte{0}, std::byte{2}, std::byte{1}};
    refusal.sinkhole_ipv6.emplace().fill(std::byte{0x20});
    return refusal;
}

/// An answer taken apart by the parsers, so that it is well formed to its last byte.
struct Answer {
    std::string bytes;
    DnsHeader header;
    DnsQuestion question;
    std::vector<DnsRecord> records;
    std::string rdata(std::size_t record) const {
        return bytes.substr(records.at(record).rdata, records.at(record).rdata_length);
    }
    const DnsRecord* opt() const {
        return !records.empty() && records.back().type == kDnsTypeOpt ? &records.back() : nullptr;
    }
};

Answer refuse(const std::string& query, const DnsRefusal& refusal = kPlain) {
    std::array<std::byte, kDnsRefusalLimit> room;
    const auto written = write_dns_refusal(as_bytes(query), refusal, room);
    Answer answer;
    EXPECT_TRUE(written);
    if (!written) return answer;
    answer.bytes = as_text(*written);
    answer.header = *parse_dns_header(*written);
    answer.question = *parse_dns_question(*written, kDnsHeaderSize);
    DnsRecordReader reader(*written, answer.header);
    auto record = reader.next();
    for (; record; record = reader.next()) answer.records.push_back(*record);
    EXPECT_EQ(record.error(), Reason::incomplete);
    EXPECT_EQ(answer.records.empty() ? answer.question.end : answer.records.back().end(), written->size());
    return answer;
}

std::string opt_record(unsigned payload_size, bool dnssec_ok = false, const std::string& options = "") {
    return dns_record_text("\0"s, 41, options, payload_size, dnssec_ok ? 0x8000 : 0);
}

std::string edns_query(std::string_view name, unsigned type, const std::string& opt) {
    return dns_header_text(0x0100, 1, 0, 0, 1) + dns_question_text(wire_name(name), type) + opt;
}

std::string extended_error(const std::string& text) {
    return be16_text(15) + be16_text(static_cast<unsigned>(text.size()) + 2) + be16_text(15) + text;
}

TEST(DnsRefusal, KnownAnswer) {
    // Written out by hand from RFC 1035, 2308, 6891 and 8914.
    const std::string query =
        from_hex("abcd012000010000000000010654694b546f6b03636f6d00001c00010000290200000080000000");
    const std::string expected = from_hex(
        "abcd"
        "8183"
        "0001"
        "0000"
        "0001"
        "0001"  // NXDOMAIN, RD, RA
        "0654694b546f6b03636f6d00"
        "001c"
        "0001"  // TiKTok.com AAAA IN
        "c00c"
        "0006"
        "0001"
        "0000003c"
        "0030"  // SOA, 60 s, 48 bytes
        "05736c75697307696e76616c696400"
        "0a686f73746d6173746572"
        "c028"  // sluis.invalid. hostmaster.sluis.invalid.
        "00000001"
        "00000e10"
        "00000258"
        "00015180"
        "0000003c"
        "00"
        "0029"
        "04d0"
        "00008000"
        "0008"
        "000f"
        "0004"
        "000f"
        "6e6f");  // OPT: 1232, DO, EDE 15 "no"
    EXPECT_EQ(refuse(query, {.text = "no"}).bytes, expected);
}

TEST(DnsRefusal, EveryTypeIsNameError) {
    for (const unsigned type : {0, 1, 2, 15, 16, 28, 33, 64, 65, 255, 65535}) {
        const Answer answer = refuse(dns_query_text("WwW.tIkToK.cOm", type));
        EXPECT_EQ(answer.header.flags, 0x8183);
        EXPECT_EQ(answer.header.id, 0x1234);
        EXPECT_EQ(answer.question.type, type);
        EXPECT_EQ(dotted_name(answer.question.name), "WwW.tIkToK.cOm");
        ASSERT_EQ(answer.records.size(), 1u);
        EXPECT_EQ(answer.records[0].section, DnsSection::authority);
        EXPECT_EQ(answer.records[0].type, kDnsTypeSoa);
    }
}

TEST(DnsRefusal, SoaNamesAndTimes) {
    DnsRefusal refusal = kPlain;
    refusal.ttl = 0x01020304;
    const Answer answer = refuse(dns_query_text("tiktok.com"), refusal);
    const DnsRecord& soa = answer.records.at(0);
    std::size_t end = soa.rdata;
    EXPECT_EQ(dotted_name(*parse_dns_name(as_bytes(answer.bytes), soa.owner, end)), "tiktok.com");
    EXPECT_EQ(dotted_name(*parse_dns_name(as_bytes(answer.bytes), soa.rdata, end)), "sluis.invalid");
    EXPECT_EQ(dotted_name(*parse_dns_name(as_bytes(answer.bytes), end, end)), "hostmaster.sluis.invalid");
    EXPECT_EQ(end + 20, soa.end());
    EXPECT_EQ(soa.ttl, refusal.ttl);
    EXPECT_EQ(answer.rdata(0).substr(answer.rdata(0).size() - 4), be32_text(refusal.ttl));
}

TEST(DnsRefusal, Flags) {
    const struct {
        unsigned query;
        unsigned answer;
    } cases[] = {
        {0x0000, 0x8083},  // no RD
        {0x0100, 0x8183},  // RD
        {0x0110, 0x8193},  // RD, CD
        {0x0160, 0x8183},  // AD and Z are not copied
        {0x0705, 0x8183},  // nor AA, TC, RCODE
        {0x2900, 0xa983},  // UPDATE
        {0x8580, 0x8183},  // a response, AA
    };
    for (const auto& c : cases) {
        const Answer answer = refuse(dns_header_text(c.query, 1) + dns_question_text(wire_name("a.be"), 1));
        EXPECT_EQ(answer.header.flags, c.answer) << std::hex << c.query;
    }
}

TEST(DnsRefusal, CompressedQuestionIsWrittenOut) {
    // The pointer leads to the ID, which is the label "x" and, with the first flags byte, the root.
    const std::string query =
        dns_header_text(0x0000, 1, 0, 0, 0, 0x0178) + dns_question_text("\6tiktok" + pointer_to(0), 1);
    const Answer answer = refuse(query);
    EXPECT_EQ(answer.bytes.substr(12, 14), dns_question_text(wire_name("tiktok.x"), 1));
}

TEST(DnsRefusal, EdnsOnlyWhereItWasAsked) {
    EXPECT_EQ(refuse(dns_query_text("tiktok.com")).opt(), nullptr);
    for (const bool dnssec_ok : {false, true}) {
        const Answer answer = refuse(edns_query("tiktok.com", 1, opt_record(4096, dnssec_ok)));
        ASSERT_NE(answer.opt(), nullptr);
        EXPECT_EQ(answer.opt()->klass, 1232);
        EXPECT_EQ(answer.opt()->ttl, dnssec_ok ? 0x8000u : 0u);
        EXPECT_EQ(answer.rdata(1), extended_error("Blocked: not on this network"));
    }
}

TEST(DnsRefusal, OfTheFlagsOnlyDnssecOkIsCopied) {
    const Answer answer = refuse(edns_query("tiktok.com", 1, dns_record_text("\0"s, 41, "", 1232, 0xff01ffff)));
    EXPECT_EQ(answer.opt()->ttl, 0x8000u);
}

TEST(DnsRefusal, OptCountsInTheAdditionalSectionOnly) {
    const std::string query =
        dns_header_text(0x0100, 1, 1) + dns_question_text(wire_name("tiktok.com"), 1) + opt_record(1232);
    EXPECT_EQ(refuse(query).opt(), nullptr);
}

TEST(DnsRefusal, OptBehindOtherRecords) {
    const std::string query = dns_header_text(0x0100, 1, 0, 0, 2) + dns_question_text(wire_name("tiktok.com"), 1) +
                              dns_record_text(pointer_to(12), 16, "\1x") + opt_record(1232);
    EXPECT_NE(refuse(query).opt(), nullptr);
}

TEST(DnsRefusal, OptThatCannotBeReadIsNone) {
    const std::string query = edns_query("tiktok.com", 1, opt_record(1232));
    EXPECT_EQ(refuse(query.substr(0, query.size() - 1)).opt(), nullptr);
}

TEST(DnsRefusal, CompleteCookieIsReturned) {
    const auto cookie = [](std::size_t size) {
        return be16_text(10) + be16_text(static_cast<unsigned>(size)) + std::string(size, 'c');
    };
    const std::string padding = be16_text(12) + be16_text(3) + "\0\0\0"s;
    for (const std::size_t size : {16, 24, 40}) {
        const Answer answer = refuse(edns_query("tiktok.com", 1, opt_record(1232, false, padding + cookie(size))));
        EXPECT_EQ(answer.rdata(1), cookie(size) + extended_error(std::string(kPlain.text))) << size;
    }
    for (const std::size_t size : {0, 8, 15, 41}) {
        const Answer answer = refuse(edns_query("tiktok.com", 1, opt_record(1232, false, cookie(size))));
        EXPECT_EQ(answer.rdata(1), extended_error(std::string(kPlain.text))) << size;
    }
}

TEST(DnsRefusal, TextYieldsToTheClientsLimit) {
    std::string name = std::string(63, 'a');
    for (int i = 0; i < 2; ++i) name += "." + std::string(63, 'b');
    name += "." + std::string(61, 'c');
    DnsRefusal refusal = kPlain;
    const std::string text(kDnsRefusalTextLimit, 't');
    refusal.text = text;
    const struct {
        std::string opt;
        std::string edns_options;
    } cases[] = {
        {opt_record(0), extended_error("")},      {opt_record(512), extended_error("")},
        {opt_record(547), extended_error("")},    {opt_record(548), extended_error(text)},
        {opt_record(1232), extended_error(text)},
    };
    for (const auto& c : cases) {
        const Answer answer = refuse(edns_query(name, 1, c.opt), refusal);
        EXPECT_EQ(answer.rdata(1), c.edns_options);
        EXPECT_EQ(answer.question.name.length, 255);
    }
    EXPECT_EQ(refuse(edns_query("tiktok.com", 1, opt_record(0)), refusal).rdata(1), extended_error(text));
    // What the server's OPT says is no word of the client.
    std::string from_server = edns_query(name, 1, opt_record(4096));
    from_server[2] = '\x81';
    EXPECT_LE(refuse(from_server, refusal).bytes.size(), 512u);
    EXPECT_LE(refuse(dns_query_text(name), refusal).bytes.size(), 512u);
}

TEST(DnsRefusal, LongTextIsCutBetweenCharacters) {
    DnsRefusal refusal = kPlain;
    const std::string text = std::string(kDnsRefusalTextLimit - 1, 't') + "\xe2\x82\xac" + "t";
    refusal.text = text;
    const Answer answer = refuse(edns_query("tiktok.com", 1, opt_record(1232)), refusal);
    EXPECT_EQ(answer.rdata(1), extended_error(std::string(kDnsRefusalTextLimit - 1, 't')));
}

TEST(DnsRefusal, ServersAnswerIsRefused) {
    const std::string response = dns_header_text(0x85a0, 1, 1, 0, 1, 0x7777) +
                                 dns_question_text(wire_name("CDN.example"), 1) +
                                 dns_record_text(pointer_to(12), 5, wire_name("tiktok.com")) + opt_record(4096, true);
    const Answer answer = refuse(response);
    EXPECT_EQ(answer.header.id, 0x7777);
    EXPECT_EQ(answer.header.flags, 0x8183);
    EXPECT_EQ(answer.header.answers, 0);
    EXPECT_EQ(dotted_name(answer.question.name), "CDN.example");
    ASSERT_NE(answer.opt(), nullptr);
    EXPECT_EQ(answer.opt()->ttl, 0x8000u);
}

TEST(DnsRefusal, Sinkhole) {
    DnsRefusal only_ipv6 = sinkhole();
    only_ipv6.sinkhole_ipv4.reset();
    DnsRefusal none = sinkhole();
    none.sinkhole_ipv4.reset();
    none.sinkhole_ipv6.reset();
    const std::string ipv4 = "\xc0\0\2\1"s;
    const std::string ipv6(16, '\x20');
    const struct {
        DnsRefusal refusal;
        unsigned type;
        unsigned klass;
        unsigned answer;  // type; SOA is NODATA
        std::string rdata;
    } cases[] = {
        {sinkhole(), 1, 1, 1, ipv4},     {sinkhole(), 28, 1, 28, ipv6},    {sinkhole(), 255, 1, 1, ipv4},
        {sinkhole(), 1, 255, 1, ipv4},   {sinkhole(), 1, 0x8001, 1, ipv4}, {sinkhole(), 65, 1, 6, ""},
        {sinkhole(), 1, 3, 6, ""},       {only_ipv6, 1, 1, 6, ""},         {only_ipv6, 255, 1, 28, ipv6},
        {sinkhole(), 65, 0x8001, 6, ""}, {only_ipv6, 28, 1, 28, ipv6},     {none, 1, 1, 6, ""},
        {none, 255, 1, 6, ""},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(testing::Message() << c.type << " class " << c.klass);
        const Answer answer =
            refuse(dns_header_text(0x0100, 1) + dns_question_text(wire_name("tiktok.com"), c.type, c.klass), c.refusal);
        EXPECT_EQ(answer.header.flags, 0x8180);
        ASSERT_EQ(answer.records.size(), 1u);
        EXPECT_EQ(answer.records[0].type, c.answer);
        EXPECT_EQ(answer.records[0].ttl, 60u);
        EXPECT_EQ(answer.records[0].section, c.rdata.empty() ? DnsSection::authority : DnsSection::answer);
        EXPECT_EQ(answer.records[0].klass, c.klass == 3 ? 3 : 1);
        if (!c.rdata.empty()) {
            EXPECT_EQ(answer.rdata(0), c.rdata);
        }
    }
}

TEST(DnsRefusal, WhatHasNoSingleQuestionFails) {
    std::array<std::byte, kDnsRefusalLimit> room;
    const std::string question = dns_question_text(wire_name("a.be"), 1);
    for (const std::string& query :
         {std::string(11, '\0'), dns_header_text(0x0100, 0), dns_header_text(0x0100, 2) + question + question,
          dns_header_text(0x0100, 1), dns_header_text(0x0100, 1) + dns_question_text(pointer_to(12), 1)}) {
        const auto result = write_dns_refusal(as_bytes(query), kPlain, room);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error(), Reason::dns_malformed);
    }
}

TEST(DnsRefusal, EveryRoomTooSmallFails) {
    const std::string query = edns_query("tiktok.com", 1, opt_record(1232));
    const std::size_t size = refuse(query).bytes.size();
    std::array<std::byte, kDnsRefusalLimit> room;
    EXPECT_TRUE(write_dns_refusal(as_bytes(query), kPlain, MutableBytes(room).first(size)));
    for (std::size_t less = 0; less < size; ++less) {
        EXPECT_FALSE(write_dns_refusal(as_bytes(query), kPlain, MutableBytes(room).first(less)));
    }
}

TEST(DnsFormatError, HeaderOnly) {
    std::array<std::byte, kDnsHeaderSize> room;
    const std::string query = dns_header_text(0x2910, 2, 1, 1, 1, 0xbeef) + "\xff";
    const auto answer = write_dns_format_error(as_bytes(query), room);
    ASSERT_TRUE(answer);
    EXPECT_EQ(as_text(*answer), from_hex("beefa9910000000000000000"));
    EXPECT_FALSE(write_dns_format_error(as_bytes(query), MutableBytes(room).first(11)));
    EXPECT_FALSE(write_dns_format_error(as_bytes(query).first(11), room));
    EXPECT_EQ(write_dns_format_error(as_bytes(dns_header_text(0x8100, 2)), room).error(), Reason::dns_malformed);
}

}  // namespace
}  // namespace sluis
