#include "dataplane/protocol/proxy_header.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluis {
namespace {

using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kIpv4(12, '\x01');
std::string tlv(char type, const std::string& value) {
    return std::string{type, static_cast<char>(value.size() >> 8), static_cast<char>(value.size())} + value;
}
std::string version2(const std::string& rest, char command = '\x21', char family = '\x11') {
    return kSignature + command + family + tlv('x', rest).substr(1);
}

struct Row {
    const char* what;
    std::string bytes;
    Reason reason = Reason::none;
    std::string authority;
};
const std::vector<Row> kRows{
    {"version 1", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"},
    {"unknown", "PROXY UNKNOWN\r\n"},
    {"without CR", "PROXY UNKNOWN\n", Reason::not_this_protocol},
    {"too long", "PROXY " + std::string(101, 'x'), Reason::not_this_protocol},
    {"another word", "PROPFIND / HTTP/1.1\r\n", Reason::not_this_protocol},
    {"addresses", version2(kIpv4)},
    {"IPv6", version2(std::string(36, '\x02'), '\x21', '\x21')},
    {"local", version2("", '\x20', '\0')},
    {"authority", version2(kIpv4 + tlv(1, "h2") + tlv(2, "www.example.org")), Reason::none, "www.example.org"},
    {"authority of a connection of the proxy's own", version2(tlv(2, "a.test"), '\x20', '\0'), Reason::none, "a.test"},
    {"two authorities", version2(kIpv4 + tlv(2, "a.test") + tlv(2, "b.test")), Reason::not_this_protocol},
    {"a TLV that lies", version2(kIpv4 + "\x02\x00\x09short"s)},
    {"too few addresses", version2("\1\2\3"), Reason::not_this_protocol},
    {"version 3", version2(kIpv4, '\x31'), Reason::not_this_protocol},
    {"an unknown command", version2(kIpv4, '\x22'), Reason::not_this_protocol},
    {"almost the signature", "\r\n\r\n\0\r\nQUIZ\n!!!!!"s, Reason::not_this_protocol},
};

TEST(ProxyHeader, IsRead) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.what);
        const std::string stream = row.bytes + "GET / HTTP/1.1\r\n";
        const auto header = read_proxy_header(as_bytes(row.reason == Reason::none ? stream : row.bytes));
        ASSERT_EQ(header.has_value(), row.reason == Reason::none);
        if (!header) EXPECT_EQ(name(header.error()), name(row.reason));
        if (!header) continue;
        EXPECT_EQ(header->size, row.bytes.size());
        EXPECT_EQ(as_text(header->authority), row.authority);
    }
}

TEST(ProxyHeader, CutAnywhereIsIncomplete) {
    for (const Row& row : kRows) {
        if (row.reason != Reason::none) continue;
        SCOPED_TRACE(row.what);
        for (std::size_t size = 1; size < row.bytes.size(); ++size) {
            const std::string cut = row.bytes.substr(0, size);
            EXPECT_TRUE(may_be_proxy_header(as_bytes(cut))) << size;
            EXPECT_EQ(read_proxy_header(as_bytes(cut)).error(), Reason::incomplete) << size;
        }
    }
    for (const char* other : {"\r\nGET", "POST", "\x16\x03\x01", "\n"})
        EXPECT_FALSE(may_be_proxy_header(as_bytes(other)));
}

}  // namespace
}  // namespace sluis
