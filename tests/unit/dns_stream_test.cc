// Which streams begin with a DNS query.
#include "dataplane/protocol/dns_stream.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/dns_message_builder.h"

namespace sluis {
namespace {

using namespace std::string_literals;

constexpr std::size_t kLimit = 9216;

std::string over_tcp(const std::string& message) { return be16_text(static_cast<unsigned>(message.size())) + message; }
std::string query(unsigned flags, unsigned questions, unsigned answers, unsigned authorities, unsigned additionals,
                  const std::string& records = "") {
    return over_tcp(dns_header_text(flags, questions, answers, authorities, additionals) +
                    dns_question_text(wire_name("www.example.org"), 1) + records);
}
DnsStreamStart start_of(const std::string& stream) { return read_dns_stream_start(as_bytes(stream), kLimit); }

const std::string kOpt = dns_record_text("\0"s, 41, "", 1232, 0);
const std::string kPadding = dns_record_text("\0"s, 41, "\0\x0c"s + be16_text(1200) + std::string(1200, '\0'), 1232, 0);
const std::string kPlain = over_tcp(dns_query_text("www.example.org"));
const std::string kForward = "\3www"s + pointer_to(22) + "\0\1\0\1"s + wire_name("example.org");

/// About a name that is no host's: only what resolvers send is taken.
std::string odd_query(unsigned flags, unsigned answers, unsigned additionals, const std::string& records = "") {
    return over_tcp(dns_header_text(flags, 1, answers, 0, additionals) +
                    dns_question_text(wire_name("a printer.example.org"), 12) + records);
}

struct Row {
    const char* what;
    std::string stream;
    bool is_dns;
};
const Row kRows[] = {
    {"a query", kPlain, true},
    {"a single label", over_tcp(dns_query_text("intranet")), true},
    {"the root", over_tcp(dns_query_text("", 2)), true},
    {"another class", over_tcp(dns_header_text(0, 1) + dns_question_text(wire_name("version.bind"), 16, 3)), true},
    {"a query with EDNS", query(0x0120, 1, 0, 0, 1, kOpt), true},
    {"a padded query", query(0x0120, 1, 0, 0, 1, kPadding), true},
    {"two queries", kPlain + kPlain, true},
    {"something behind it", kPlain + "\xff\xff\xff", true},
    {"a record less than counted", query(0x0100, 1, 0, 0, 2, kOpt), true},
    {"a record more than counted", query(0x0100, 1, 0, 0, 0, kOpt), true},
    {"a byte more than it needs", over_tcp(dns_query_text("www.example.org") + "\0"s), true},
    {"an update", query(0x2800, 1, 0, 0, 0), true},
    {"a notification", query(0x2000, 1, 0, 0, 0), true},
    {"an error", query(0x0103, 1, 0, 0, 0), true},
    {"an answer", query(0x0100, 1, 1, 0, 0, kOpt), true},
    {"two authorities", query(0x0100, 1, 0, 2, 0), true},
    {"three additionals", query(0x0100, 1, 0, 0, 3, kOpt), true},
    {"two questions",
     over_tcp(dns_header_text(0x0100, 2) + dns_question_text(wire_name("www.example.org"), 1) +
              dns_question_text(wire_name("example.org"), 1)),
     true},
    {"more questions than have room", query(0x0100, 9, 0, 0, 0), false},
    {"an unknown class", over_tcp(dns_header_text(0, 1) + dns_question_text(wire_name("www.example.org"), 1, 77)),
     true},
    {"class zero", over_tcp(dns_header_text(0, 1) + dns_question_text(wire_name("www.example.org"), 1, 0)), true},
    {"a pointer forward", over_tcp(dns_header_text(0, 1) + kForward), true},
    {"a pointer to itself", over_tcp(dns_header_text(0, 1) + pointer_to(12) + "\0\1\0\1\0"s), false},
    {"a pointer beyond the end", over_tcp(dns_header_text(0, 1) + pointer_to(300) + "\0\1\0\1\0"s), false},
    {"a printer", odd_query(0x0100, 0, 0), true},
    {"a printer and a byte more", odd_query(0x0100, 0, 0, "x"), false},
    {"a printer and an error", odd_query(0x0103, 0, 0), false},
    {"a printer and an answer", odd_query(0x0100, 1, 0, kOpt), false},
    {"a byte less than it needs", over_tcp(dns_query_text("www.example.org").substr(0, 32)), false},
    {"an unknown opcode", query(0x1800, 1, 0, 0, 0), false},
    {"a response", query(0x8100, 1, 0, 0, 0), false},
    {"no question", over_tcp(dns_header_text(0x0100, 0) + "\0\0\1\0\1"s), false},
    {"a label of 64", over_tcp(dns_header_text(0, 1) + "\x40"s + std::string(70, 'x')), false},
    {"too short", over_tcp(dns_header_text(0, 1) + "\0\0\1\0"s), false},
    {"zeros", std::string(64, '\0'), false},
    {"beyond the limit, a label alone", be16_text(kLimit + 1) + dns_query_text("intranet"), false},
    {"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s + std::string(32, 'r'), false},
    {"HTTP", "GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n", false},
    {"SSH", "SSH-2.0-OpenSSH_9.2\r\n", false},
    {"BitTorrent",
     "\x13"
     "BitTorrent protocol" +
         std::string(48, '\0'),
     false},
    {"SMB", "\0\0\0\x54\xffSMBr\0\0\0\0\x18\x53\xc8"s + std::string(40, '\0'), false},
    {"RDP", "\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0"s, false},
    {"TDS", "\x12\1\0\x2f\0\0\1\0\0\0\x1a\0\6\1\0\x20"s + std::string(31, '\0'), false},
    {"TNS", "\0\x3a\0\0\1\0\0\0\1\x38\1\x2c\0\0\x08\0\x7f\xff"s + std::string(40, '\0'), false},
    {"DCE/RPC", "\5\0\x0b\3\x10\0\0\0\x48\0\0\0\1\0\0\0"s + std::string(60, '\0'), false},
    {"PostgreSQL", "\0\0\0\x08\4\xd2\x16\x2f"s, false},
    {"Kafka",
     "\0\0\0\x23\0\x12\0\3\0\0\0\1\0\x07"
     "adminclient"s +
         std::string(10, '\0'),
     false},
    {"MQTT", "\x10\x10\0\4MQTT\4\2\0\x3c\0\4test"s, false},
    {"SOCKS4a", "\4\1\0\x50\0\0\0\1\0www.example.org\0"s, false},
    {"SOCKS5", "\5\1\0\5\1\0\3\x0fwww.example.org\0\x50"s, false},
    {"Modbus", "\0\1\0\0\0\6\1\3\0\0\0\x0a"s, false},
};

TEST(DnsStreamStart, IsToldFromEverythingElse) {
    for (const Row& row : kRows)
        EXPECT_EQ(start_of(row.stream), row.is_dns ? DnsStreamStart::yes : DnsStreamStart::no) << row.what;
}

/// A stream that comes byte by byte is never given up before its query is whole, nor taken for one.
TEST(DnsStreamStart, EveryPrefixIsIncomplete) {
    for (const Row& row : kRows) {
        if (!row.is_dns) continue;
        const std::size_t whole = std::size_t{2} + load_be<std::uint16_t>(as_bytes(row.stream).data());
        for (std::size_t size = 0; size < whole; ++size)
            ASSERT_EQ(start_of(row.stream.substr(0, size)), DnsStreamStart::incomplete) << row.what << ", " << size;
        EXPECT_EQ(start_of(row.stream.substr(0, whole)), DnsStreamStart::yes) << row.what;
    }
}

/// Of a message longer than what is kept, that much is looked at.
TEST(DnsStreamStart, IsDecidedAtTheLimit) {
    const std::string question = dns_query_text("www.example.org");
    const std::string stream = be16_text(kLimit + 1) + question + std::string(kLimit + 1 - question.size(), 'x');
    EXPECT_EQ(start_of(stream.substr(0, kLimit + 1)), DnsStreamStart::incomplete);
    EXPECT_EQ(start_of(stream.substr(0, kLimit + 2)), DnsStreamStart::yes);
}

/// Other protocols are let go of within the first bytes, not after as many as their length field claims.
TEST(DnsStreamStart, OthersAreToldByTheirHeader) {
    for (const Row& row : kRows) {
        if (row.is_dns || row.stream.size() < 16) continue;
        const std::string_view what = row.what;
        if (what.find(' ') != what.npos || what == "zeros") continue;
        EXPECT_EQ(start_of(row.stream.substr(0, 16)), DnsStreamStart::no) << row.what;
    }
}

/// On its own port DNS is what may be DNS: the rest is told as soon as it can be.
TEST(DnsPortStart, IsNoOnlyForWhatNoServerTakes) {
    for (const Row& row : kRows) {
        if (!row.is_dns) continue;
        for (std::size_t size = 0; size <= row.stream.size(); ++size)
            ASSERT_EQ(read_dns_port_start(as_bytes(row.stream).first(size)),
                      size <= kDnsStreamHeaderSize ? DnsStreamStart::incomplete : DnsStreamStart::yes)
                << row.what << ", " << size;
    }
    const struct {
        std::string stream;
        DnsStreamStart start;
    } rows[] = {
        {"\0"s, DnsStreamStart::incomplete},
        {"\0\0"s, DnsStreamStart::yes},
        {"\0\x0b"s, DnsStreamStart::yes},
        {over_tcp(dns_header_text(0x8180, 0xffff)), DnsStreamStart::yes},
        {over_tcp(dns_header_text(0x0100, 0)) + "x", DnsStreamStart::yes},
        {over_tcp(dns_header_text(0x0100, 1)), DnsStreamStart::no},
        {over_tcp(dns_header_text(0x1800, 1) + "12345"), DnsStreamStart::no},
        {over_tcp(dns_header_text(0x0100, 2) + "12345"), DnsStreamStart::no},
        {over_tcp(dns_header_text(0x0100, 1) + "\x40" + "2345"), DnsStreamStart::no},
        {over_tcp(dns_header_text(0x0100, 1) + "\xbf" + "2345"), DnsStreamStart::no},
        {over_tcp(dns_header_text(0x0100, 1) + "\xc0" + "2345"), DnsStreamStart::yes},
        {"EHLO a\r\nSTARTTLS\r\n", DnsStreamStart::no},
        {"SSH-2.0-x", DnsStreamStart::no},
    };
    for (const auto& row : rows) EXPECT_EQ(read_dns_port_start(as_bytes(row.stream)), row.start) << &row - rows;
}

}  // namespace
}  // namespace sluis
