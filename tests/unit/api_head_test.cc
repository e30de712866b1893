// The head of an HTTP request: what is read of it, and what is refused.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "control/api/http_head.h"

namespace sluis {
namespace {

constexpr const char* kGood =
    "POST /v1/ruleset?dry_run=1&comment=a%20b HTTP/1.1\r\nHost: box\r\nContent-Length: 12\r\n"
    "Content-Type: Application/JSON; charset=utf-8\r\nAccept: text/plain\r\nACCEPT: */*;q=0.1\r\n"
    "If-Match:  \"abc\" \r\nExpect: 100-Continue\r\n\r\n";

TEST(RequestHead, ReadsWhatARequestSays) {
    const auto head = parse_request_head(kGood);
    ASSERT_TRUE(head) << head.error().detail;
    EXPECT_EQ(head->method, Method::post);
    EXPECT_EQ(head->path, "/v1/ruleset");
    ASSERT_NE(head->parameter("comment"), nullptr);
    EXPECT_EQ(*head->parameter("comment"), "a b");
    EXPECT_EQ(head->parameter("nothing"), nullptr);
    EXPECT_EQ(head->content_length, 12u);
    EXPECT_EQ(head->content_type, "application/json");
    EXPECT_EQ(head->accept, "text/plain,*/*;q=0.1");
    EXPECT_EQ(head->if_match, "\"abc\"");
    EXPECT_TRUE(head->expects_continue);
    EXPECT_TRUE(head->keep_alive);
    EXPECT_FALSE(head->chunked);
    EXPECT_FALSE(head->encoded);
}

TEST(RequestHead, KnowsWhenTheConnectionEnds) {
    EXPECT_FALSE(parse_request_head("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n")->keep_alive);
    EXPECT_FALSE(parse_request_head("GET / HTTP/1.0\r\n\r\n")->keep_alive);
    EXPECT_TRUE(parse_request_head("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->keep_alive);
}

TEST(RequestHead, TakesTheAbsoluteForm) {
    EXPECT_EQ(parse_request_head("GET http://box/v1/status?a=b HTTP/1.1\r\nHost: box\r\n\r\n")->path, "/v1/status");
    EXPECT_EQ(parse_request_head("GET http://box HTTP/1.1\r\nHost: box\r\n\r\n")->path, "/");
}

struct Refusal {
    const char* head;
    int status;
    const char* field;
};

class RefusedHead : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedHead, IsRefusedWithItsStatus) {
    const auto head = parse_request_head(GetParam().head);
    ASSERT_FALSE(head);
    EXPECT_EQ(head.error().status, GetParam().status) << head.error().detail;
    EXPECT_EQ(head.error().field, GetParam().field);
    EXPECT_FALSE(head.error().detail.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedHead,
    testing::Values(
        Refusal{"", 400, ""}, Refusal{"GET / HTTP/1.1\r\n", 400, ""}, Refusal{"GET / HTTP/1.1\nHost: a\n\n", 400, ""},
        Refusal{"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, ""}, Refusal{"GET /\tx HTTP/1.1\r\nHost: a\r\n\r\n", 400, ""},
        Refusal{"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", 400, ""},
        Refusal{"GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400, ""},
        Refusal{"GET /%20 HTTP/1.1\r\nHost: a\r\n\r\n", 400, ""},
        Refusal{"GET /?=1 HTTP/1.1\r\nHost: a\r\n\r\n", 400, ""},
        Refusal{"GET /?a=1&a=1 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "a"},
        Refusal{"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, ""}, Refusal{"GET / HTTP/1.1\r\n\r\n", 400, "host"},
        Refusal{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "host"},
        Refusal{"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400, ""},
        Refusal{"GET / HTTP/1.1\r\nHost: a\r\n y\r\n\r\n", 400, ""},
        Refusal{"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400, "x"},
        Refusal{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400, "content-length"},
        Refusal{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400, "content-length"},
        Refusal{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400, "content-length"},
        Refusal{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\n\r\n", 400,
                "transfer-encoding"},
        Refusal{"GET / HTTP/1.1\r\nHost: a\r\n\r\nx", 400, ""},
        Refusal{"GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417, "expect"}));

TEST(RequestHead, IsNeverReadFromAPart) {
    const std::string good = kGood;
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(parse_request_head(good.substr(0, size))) << size;
}

TEST(RequestHead, SurvivesWhateverComes) {
    std::mt19937 random(1);  // NOLINT: the same each time
    for (int trial = 0; trial < 20'000; ++trial) {
        std::string head = kGood;
        for (int change = 0; change < 3; ++change) head[random() % head.size()] = static_cast<char>(random());
        const auto read = parse_request_head(head);
        if (read) {
            EXPECT_TRUE(read->path.starts_with('/')) << head;
        } else {
            EXPECT_GE(read.error().status, 400) << head;
        }
    }
}

}  // namespace
}  // namespace sluis
