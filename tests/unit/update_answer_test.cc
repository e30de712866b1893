// The head of a mirror's answer, line by line.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "control/updates/answer_head.h"

namespace sluis {
namespace {

AnswerHead head_of(std::initializer_list<std::string> lines) {
    AnswerHead head;
    for (const std::string& line : lines) read_head_line(line + "\r\n", head);
    return head;
}

TEST(AnswerHead, HasWhatMatters) {
    const AnswerHead head = head_of({"HTTP/1.1 206 Partial Content", "content-length:5", "ETag:  \"a\" ",
                                     "Content-Range: bytes 5-9/10", "Retry-After: 30", "X: y", ""});
    EXPECT_EQ(head.status, 206);
    EXPECT_EQ(head.length, 5u);
    EXPECT_EQ(head.etag, "\"a\"");
    EXPECT_EQ(head.range, (ContentRange{5, 9, 10}));
    EXPECT_EQ(head.retry_after, 30u);
    EXPECT_FALSE(head.is_broken);
}

TEST(AnswerHead, IsTheLastOne) {
    const AnswerHead head =
        head_of({"HTTP/1.1 302 Found", "ETag: \"a\"", "Content-Length: 7", "HTTP/1.1 200 OK", "Content-Length: 9"});
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.etag, "");
    EXPECT_EQ(head.length, 9u);
}

TEST(AnswerHead, IsBrokenByContradictions) {
    EXPECT_TRUE(head_of({"HTTP/1.1 200 OK", "Content-Length: 1", "Content-Length: 2"}).is_broken);
    EXPECT_FALSE(head_of({"HTTP/1.1 200 OK", "Content-Length: 1", "Content-Length: 1"}).is_broken);
    EXPECT_TRUE(head_of({"HTTP/1.1 200 OK", "Content-Length: -1"}).is_broken);
    EXPECT_FALSE(head_of({"HTTP/1.1 206 P", "Content-Range: bytes 0-1/*"}).range);
    EXPECT_FALSE(head_of({"HTTP/1.1 206 P", "Content-Range: bytes 0-1/2", "Content-Range: x"}).range);
    EXPECT_EQ(head_of({"HTTP/1.1 x"}).status, 0);
    EXPECT_EQ(head_of({"HTTP/1.1"}).status, 0);
}

TEST(AnswerHead, BoundsWhatAMirrorAsksFor) {
    EXPECT_EQ(head_of({"HTTP/1.1 503 x", "Retry-After: 99999999999999"}).retry_after, 86400u);
    EXPECT_EQ(head_of({"HTTP/1.1 503 x", "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT"}).retry_after, 0u);
}

TEST(ContentRange, IsTheRestOfAKnownWhole) {
    EXPECT_EQ(parse_content_range("bytes 0-0/1"), (ContentRange{0, 0, 1}));
    for (const char* text : {"", "bytes", "bytes 0-0", "bytes 0-1/1", "bytes 2-1/9", "bytes -1/9", "bytes 1-/9",
                             "bytes 0-0/*", "bytes */9", "bytes=0-0/1", "Bytes 0-0/1", "bytes  0-0/1", "bytes 0-0/1 ",
                             "bytes 0-18446744073709551615/18446744073709551616", "bytes 0/1-2", "items 0-0/1"})
        EXPECT_FALSE(parse_content_range(text)) << text;
}

TEST(EntityTag, IsQuoted) {
    for (const char* tag : {"\"\"", "\"a\"", "W/\"a\""}) EXPECT_TRUE(is_entity_tag(tag)) << tag;
    for (const char* tag :
         {"\"\xc3\xa9\"", "", "a", "ab\"", "\"", "\"a", "w/\"a\"", "\"a\"b\"", "\"a b\"", "W/", "\"a\r\nX: y\""})
        EXPECT_FALSE(is_entity_tag(tag)) << tag;
    EXPECT_FALSE(is_entity_tag("\"" + std::string(kEntityTagLimit, 'a') + "\""));
}

}  // namespace
}  // namespace sluis
