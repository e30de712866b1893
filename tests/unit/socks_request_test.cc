#include "dataplane/protocol/socks_request.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluis {
namespace {

using namespace std::string_literals;

struct Row {
    const char* what;
    std::string bytes;
    Reason reason = Reason::none;
    std::string host;
};
const std::string kGreeting = "\5\2\0\2"s;
const std::string kByName = "\5\1\0\3\6a.test\1\xbb"s;
const std::vector<Row> kRows{
    {"SOCKS4", "\4\1\1\xbb\xc0\0\2\1user\0"s},
    {"SOCKS4A", "\4\1\1\xbb\0\0\0\1\0a.test\0"s, Reason::none, "a.test"},
    {"SOCKS4A with a user", "\4\2\1\xbb\0\0\0\xffme\0a.test\0"s, Reason::none, "a.test"},
    {"SOCKS5 by name", kGreeting + kByName, Reason::none, "a.test"},
    {"SOCKS5 with a password", kGreeting + "\1\2me\6secret"s + kByName, Reason::none, "a.test"},
    {"SOCKS5 to an IPv4 address", "\5\1\0\5\1\0\1\xc0\0\2\1\1\xbb"s},
    {"SOCKS5 to an IPv6 address", "\5\1\0\5\1\0\4"s + std::string(16, '\2') + "\1\xbb"},
    {"SOCKS5 BIND by name", "\5\1\0\5\2\0\3\6a.test\1\xbb"s, Reason::none, "a.test"},
    {"no methods", "\5\0\5"s, Reason::not_this_protocol},
    {"another authentication", kGreeting + "\x60\0\0"s, Reason::not_this_protocol},
    {"another type of address", kGreeting + "\5\1\0\2\1\1\1"s, Reason::not_this_protocol},
    {"another command of SOCKS4", "\4\3\1\xbb\xc0\0\2\1\0"s, Reason::not_this_protocol},
    {"a user without end", "\4\1\1\xbb\xc0\0\2\1"s + std::string(300, 'u'), Reason::not_this_protocol},
    {"MSRPC", "\5\0\x0b\3\x10\0\0\0"s, Reason::not_this_protocol},
    {"text", "USER x\r\n", Reason::not_this_protocol},
};

TEST(SocksRequest, IsRead) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.what);
        const std::string stream = row.bytes + "next";
        const auto request = read_socks_request(as_bytes(stream));
        ASSERT_EQ(request.has_value(), row.reason == Reason::none);
        EXPECT_EQ(may_be_socks_request(as_bytes(stream)), request.has_value());
        if (!request) EXPECT_EQ(name(request.error()), name(row.reason));
        if (!request) continue;
        EXPECT_EQ(request->size, row.bytes.size());
        EXPECT_EQ(as_text(request->host), row.host);
    }
}

TEST(SocksRequest, CutAnywhereIsIncomplete) {
    for (const Row& row : kRows) {
        if (row.reason != Reason::none) continue;
        SCOPED_TRACE(row.what);
        for (std::size_t size = 1; size < row.bytes.size(); ++size) {
            const std::string cut = row.bytes.substr(0, size);
            EXPECT_TRUE(may_be_socks_request(as_bytes(cut))) << size;
            EXPECT_EQ(read_socks_request(as_bytes(cut)).error(), Reason::incomplete) << size;
        }
    }
}

}  // namespace
}  // namespace sluis
