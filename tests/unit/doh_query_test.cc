// What the targets of DoH requests hold (RFC 8484).
#include "dataplane/protocol/doh_query.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluis {
namespace {

using namespace std::string_literals;

/// RFC 8484, section 4.1.1: www.example.com, A.
const std::string kExample = "AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB";
const std::string kMessage = "\0\0\1\0\0\1\0\0\0\0\0\0\3www\7example\3com\0\0\1\0\1"s;
/// Twelve bytes that need every digit beside the letters.
const std::string kOdd = "\xfb\xff\xbf\xfb\xff\xbf\xfb\xff\xbf\xfb\xff\xbf";

struct Row {
    std::string target;
    std::vector<std::string> messages;
};

const std::vector<Row> kRows{
    {"/dns-query?dns=" + kExample, {kMessage}},
    {"https://dns.example/dns-query?dns=" + kExample, {kMessage}},
    {"?dns=" + kExample, {kMessage}},
    {"/a?x=y&dns=" + kExample + "&z", {kMessage}},
    {"/a?x=y;dns=" + kExample + ";z", {kMessage}},
    {"/a?dns=" + kExample + "&dns=" + kExample, {kMessage, kMessage}},
    {"/a?dns=&dns&dns=" + kExample, {kMessage}},
    {"/a?%64n%73%3D" + kExample, {kMessage}},
    {"/a?DNS=" + kExample, {kMessage}},
    {"/a?dns=%41AABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQA%42", {kMessage}},
    {"/a?dns=" + kExample + "==", {kMessage}},
    {"/a?dns=" + kExample + "#top", {kMessage}},
    {"/a?dns=" + kExample + "A", {kMessage}},  // six bits are no byte
    {"/a?dns=-_-_-_-_-_-_-_-_", {kOdd}},
    {"/a?dns=+/+/+/+/+/+/+/+/", {kOdd}},
    {"/a?dns=%2b%2F%2b%2f-_-_-_-_-_-_", {kOdd}},
    {"/a?dns=-_-_-_-_-_-_-_-_AA", {kOdd + '\0'}},
    {"/a?dns=-_-_-_-_-_-_-_-_AAA", {kOdd + "\0\0"s}},
    {"/a?dns=-_-_-_-_-_-_-_-", {}},  // eleven bytes
    {"/a?dns=192.0.2.1", {}},
    {"/a?xdns=" + kExample, {}},
    {"/a?dnsx=" + kExample, {}},
    {"/a?dns%=" + kExample, {}},
    {"/dns=" + kExample, {}},
    {"/a?dns=%", {}},
    {"/a?dns=%4", {}},
    {"/a?dn", {}},
    {"/a?", {}},
    {"", {}},
};

TEST(DohQuery, FindsTheMessages) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.target);
        std::vector<std::byte> room(64);
        DohQueryReader reader(as_bytes(row.target));
        std::vector<std::string> messages;
        auto message = reader.next(room);
        for (; message; message = reader.next(room)) messages.emplace_back(as_text(*message));
        EXPECT_EQ(messages, row.messages);
        EXPECT_EQ(message.error(), Reason::incomplete);
        EXPECT_EQ(reader.next(room).error(), Reason::incomplete);
    }
}

TEST(DohQuery, NeedsRoom) {
    const std::string target = "/a?dns=" + kExample;
    std::vector<std::byte> room(kMessage.size());
    EXPECT_TRUE(DohQueryReader(as_bytes(target)).next(room));
    room.pop_back();
    EXPECT_EQ(DohQueryReader(as_bytes(target)).next(room).error(), Reason::stream_limit);
}

}  // namespace
}  // namespace sluis
