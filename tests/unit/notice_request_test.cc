// Requests to the notice page, and the languages that they ask for.
#include "control/notice/notice_request.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluis {
namespace {

constexpr auto kNl = NoticeLanguage::nl, kFr = NoticeLanguage::fr, kDe = NoticeLanguage::de, kEn = NoticeLanguage::en;

NoticeLanguage best(const std::string& field, NoticeLanguage fallback = kEn) {
    LanguagePreference preference;
    preference.add(field);
    return preference.best(fallback);
}

TEST(AcceptLanguage, PrefersTheHighestQuality) {
    struct Row {
        const char* field;
        NoticeLanguage expected;
    };
    const std::vector<Row> rows{
        {"nl", kNl},
        {"nl-BE,nl;q=0.9,en;q=0.8", kNl},
        {"en;q=0.8, fr;q=0.9, nl;q=0.7", kFr},
        {"DE-at", kDe},
        {"fr;q=0.5, nl;q=0.5", kFr},  // of equals the first
        {"nl;q=0.5, fr;q=0.50", kNl},
        {"nl-BE;q=0.2, fr;q=0.5, nl;q=0.9", kNl},
        {" fr \t;\tq=1.000 , nl;q=0.999", kFr},
        {"es, it;q=0.9, de;q=0.1", kDe},
        {"zh-Hant-TW, *;q=0.5", kEn},
        {"*, nl;q=0.1", kEn},
        {"*;q=0.1, nl;q=0.2", kNl},
        {"en;q=0, *", kNl},  // anything but English: the first of what is left
        {"en;q=0, fr;q=0.001", kFr},
        {"", kEn},
        {",,;;,q=1,", kEn},
        {"es", kEn},
        {"nl;q=0, fr;q=0, de;q=0, en;q=0", kEn},
    };
    for (const Row& row : rows) EXPECT_EQ(best(row.field), row.expected) << row.field;
}

TEST(AcceptLanguage, FallsBackToTheConfiguredLanguage) {
    EXPECT_EQ(best("es", kFr), kFr);
    EXPECT_EQ(best("*", kDe), kDe);
    EXPECT_EQ(best("", kNl), kNl);
}

TEST(AcceptLanguage, PassesOverWhatIsMalformed) {
    for (const char* field :
         {"nl;q=2, fr", "nl;q=1.001, fr", "nl;q=, fr", "nl;q=0.1234, fr", "nl;q=-1, fr", "nl;q=.9, fr",
          "nl;level=1, fr", "nl;q, fr", "nl;q=1;q=1, fr", "n l, fr", "nlx, fr", "nl_BE, fr"})
        EXPECT_EQ(best(field), kFr) << field;
}

TEST(AcceptLanguage, ReadsQualities) {
    EXPECT_EQ(read_quality("1"), 1000);
    EXPECT_EQ(read_quality("1."), 1000);
    EXPECT_EQ(read_quality("0"), 0);
    EXPECT_EQ(read_quality("0.5"), 500);
    EXPECT_EQ(read_quality("0.035"), 35);
    for (const char* text : {"", "2", "1.5", "01", "0,5", "0.0001", "0.a", "-0", "1.0000"})
        EXPECT_EQ(read_quality(text), -1) << text;
}

TEST(AcceptLanguage, ReadsNoMoreThanItsBound) {
    std::string field;
    for (std::size_t i = 0; i < LanguagePreference::kRangeLimit; ++i) field += "x,";
    EXPECT_EQ(best(field + "nl"), kEn);
    EXPECT_EQ(best(field.substr(2) + "nl"), kNl);
}

TEST(NoticeRequest, FindsThePageThatIsAskedFor) {
    const auto page = [](const std::string& line) {
        const auto request = parse_notice_request(line + "\r\n\r\n");
        return request ? request->page : std::nullopt;
    };
    EXPECT_EQ(page("GET /nl HTTP/1.1"), kNl);
    EXPECT_EQ(page("HEAD /fr HTTP/1.0"), kFr);
    EXPECT_EQ(page("GET /de?from=there HTTP/1.1"), kDe);
    EXPECT_EQ(page("GET HTTP://www.tiktok.com/en HTTP/1.1"), kEn);
    for (const char* line : {"GET / HTTP/1.1", "GET /nl/ HTTP/1.1", "GET /NL HTTP/1.1", "POST /nl HTTP/1.1",
                             "GET nl HTTP/1.1", "OPTIONS * HTTP/1.1", "CONNECT www.tiktok.com:443 HTTP/1.1",
                             "GET http://nl HTTP/1.1", "GET /@user/video/7 HTTP/1.1"})
        EXPECT_EQ(page(line), std::nullopt) << line;
}

TEST(NoticeRequest, TakesAnyMethodTargetAndHost) {
    for (const char* head : {"GET / HTTP/1.0\r\n\r\n", "POST /api/v1?x=%ff HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                             "GET http://www.tiktok.com/@u HTTP/1.1\r\nHost:\r\n\r\n", "M-SEARCH * HTTP/1.1\r\n\r\n",
                             "GET /\xc3\xa9 HTTP/1.1\r\nno colon\r\n: x\r\n\r\n", "GET / HTTP/1.1\n\n"}) {
        const auto request = parse_notice_request(head);
        ASSERT_TRUE(request) << head;
        EXPECT_FALSE(request->head_only) << head;
    }
    EXPECT_TRUE(parse_notice_request("HEAD / HTTP/1.1\r\n\r\n")->head_only);
}

TEST(NoticeRequest, JoinsTheLanguagesOfSeveralFields) {
    const auto request = parse_notice_request(
        "GET / HTTP/1.1\r\naccept-LANGUAGE: fr;q=0.2\r\nX-Accept-Language: de\r\nAccept-Language:nl;q=0.3\r\n\r\n");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->preference.best(kEn), kNl);
}

TEST(NoticeRequest, RefusesWhatIsNoRequest) {
    struct Row {
        const char* head;
        NoticeMistake expected;
    };
    const std::vector<Row> rows{
        {"", NoticeMistake::bad_request},
        {"\r\n\r\n", NoticeMistake::bad_request},
        {"GET /\r\n\r\n", NoticeMistake::bad_request},
        {"GET  HTTP/1.1\r\n\r\n", NoticeMistake::bad_request},
        {"GET / x HTTP/1.1\r\n\r\n", NoticeMistake::bad_request},
        {"G\x01T / HTTP/1.1\r\n\r\n", NoticeMistake::bad_request},
        {" / HTTP/1.1\r\n\r\n", NoticeMistake::bad_request},
        {"GET / HTTPS/1.1\r\n\r\n", NoticeMistake::bad_request},
        {"GET / HTTP/1.1 \r\n\r\n", NoticeMistake::bad_request},
        {"\x16\x03\x01\x02\x00\x01\r\n\r\n", NoticeMistake::bad_request},
        {"PRI * HTTP/2.0\r\n\r\n", NoticeMistake::version_not_supported},
        {"GET / HTTP/1.2\r\n\r\n", NoticeMistake::version_not_supported},
    };
    for (const Row& row : rows) {
        const auto request = parse_notice_request(row.head);
        ASSERT_FALSE(request) << row.head;
        EXPECT_EQ(request.error(), row.expected) << row.head;
    }
}

TEST(NoticeRequest, FindsTheEndOfAHead) {
    EXPECT_EQ(notice_head_size("GET / HTTP/1.1\r\nA: b\r\n\r\nbody"), 24u);
    EXPECT_EQ(notice_head_size("GET / HTTP/1.1\n\nbody"), 16u);
    EXPECT_EQ(notice_head_size("a\n\r\n"), 4u);
    for (const char* text : {"", "\r\n", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\n\r", "a\r\r\n"})
        EXPECT_EQ(notice_head_size(text), std::nullopt) << text;
}

}  // namespace
}  // namespace sluis
