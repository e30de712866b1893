// The notice page: what is in it, in which language, and what never is.
#include "control/notice/notice_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "control/notice/notice_text.h"

namespace sluis {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr auto kNl = NoticeLanguage::nl, kFr = NoticeLanguage::fr, kDe = NoticeLanguage::de, kEn = NoticeLanguage::en;

NoticeConfig notice() {
    NoticeConfig config;
    config.listen = {"192.0.2.10:80"};
    config.office = "City of Mechelen";
    config.from = "2023-03-01";
    config.review_by = "2023-09-27";
    config.until = "2024-12-31";
    config.rule_link = "https://intranet.example/rule?a=1&b=2";
    config.help_desk = "ICT <015 12 34 56>";
    config.help_desk_link = "mailto:ict@example.org";
    return config;
}

TEST(NoticeText, WritesDatesAsEachLanguageDoes) {
    EXPECT_EQ(written_date("2023-03-01", kNl), "1 maart 2023");
    EXPECT_EQ(written_date("2023-03-01", kFr), "1er mars 2023");
    EXPECT_EQ(written_date("2023-08-11", kFr), "11 août 2023");
    EXPECT_EQ(written_date("2023-03-27", kDe), "27. März 2023");
    EXPECT_EQ(written_date("2024-12-31", kEn), "31 December 2024");
}

TEST(NoticePage, HasWhatTheConfigurationSays) {
    const NoticePages pages(notice(), {});
    const std::string& page = pages.content(kNl);
    EXPECT_THAT(page, HasSubstr("<html lang=\"nl\">"));
    EXPECT_THAT(page, HasSubstr("City of Mechelen laat TikTok op dit netwerk niet toe."));
    EXPECT_THAT(page, HasSubstr("<dt>Geldt sinds</dt><dd><time datetime=\"2023-03-01\">1 maart 2023</time>"));
    EXPECT_THAT(page, HasSubstr("27 september 2023"));
    EXPECT_THAT(page, HasSubstr("31 december 2024"));
    EXPECT_THAT(page, HasSubstr("<a href=\"https://intranet.example/rule?a=1&amp;b=2\">Lees de regel</a>"));
    EXPECT_THAT(page, HasSubstr("<p>ICT &lt;015 12 34 56&gt;</p>"));
    EXPECT_THAT(page, HasSubstr("<a href=\"mailto:ict@example.org\">"));
    EXPECT_THAT(page, HasSubstr("<a href=\"/nl\" lang=\"nl\" hreflang=\"nl\" aria-current=\"page\">Nederlands</a>"));
    EXPECT_THAT(page, HasSubstr("<a href=\"/fr\" lang=\"fr\" hreflang=\"fr\">Français</a>"));
    EXPECT_THAT(page, HasSubstr("name=\"viewport\""));
}

TEST(NoticePage, LeavesOutWhatIsNotSaid) {
    NoticeConfig config = notice();
    config.from = config.review_by = config.until = config.rule_link = config.help_desk_link = "";
    const std::string page = NoticePages(config, {}).content(kEn);
    EXPECT_THAT(page, Not(HasSubstr("<dl>")));
    EXPECT_THAT(page, Not(HasSubstr("Read the rule")));
    EXPECT_THAT(page, Not(HasSubstr("To the help desk")));
    EXPECT_THAT(page, Not(HasSubstr("{}")));
}

TEST(NoticePage, EscapesTheConfiguration) {
    NoticeConfig config = notice();
    config.office = "<script>alert('1')</script> & \"co\" {}";
    for (const NoticeLanguage language : {kNl, kFr, kDe, kEn}) {
        const std::string page = NoticePages(config, {}).content(language);
        EXPECT_THAT(page, Not(HasSubstr("<script")));
        EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;co&quot; {}"));
    }
}

TEST(NoticePage, SaysWhenEventsShowClientsInTheClear) {
    EventsConfig events;
    EXPECT_THAT(NoticePages(notice(), events).content(kEn), HasSubstr("it does not note who you are"));
    EXPECT_THAT(NoticePages(notice(), events).content(kEn), HasSubstr("<p>Nothing. This page keeps no record"));
    events.clients_in_clear = true;
    events.clients_until = "2026-03-27";
    const std::string page = NoticePages(notice(), events).content(kEn);
    EXPECT_THAT(page, Not(HasSubstr("it does not note who you are")));
    EXPECT_THAT(page, Not(HasSubstr("Nothing.")));
    EXPECT_THAT(page, HasSubstr("Until 27 March 2026, the filter itself notes which device was refused."));
}

TEST(NoticePage, AsksNobodyElseForAnything) {
    NoticeConfig config = notice();
    config.rule_link = config.help_desk_link = "";
    const std::string page = NoticePages(config, {}).content(kDe);
    for (const char* never : {"http:", "https:", "<script", "src=", "url(", "@import", "<form", " style="})
        EXPECT_THAT(page, Not(HasSubstr(never)));
}

TEST(NoticePage, HasEveryHeaderField) {
    const NoticePages pages(notice(), {});
    const std::string head = pages.head(kFr, NoticeStatus::forbidden, 1679868000);
    EXPECT_THAT(head, testing::StartsWith("HTTP/1.1 403 Forbidden\r\nDate: Sun, 26 Mar 2023 22:00:00 GMT\r\n"));
    const std::string length = "Content-Length: " + std::to_string(pages.content(kFr).size()) + "\r\n";
    for (const char* field : {length.c_str(), "Content-Type: text/html; charset=utf-8\r\n", "Content-Language: fr\r\n",
                              "X-Content-Type-Options: nosniff\r\n", "Referrer-Policy: no-referrer\r\n",
                              "Cache-Control: no-store\r\n", "Vary: Accept-Language\r\n", "Connection: close\r\n",
                              "Content-Security-Policy: default-src 'none'; style-src 'sha256-"})
        EXPECT_THAT(head, HasSubstr(field));
    EXPECT_TRUE(head.ends_with("\r\n\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("Set-Cookie")));
}

TEST(NoticeConfig, TellsWhatIsWrong) {
    EXPECT_EQ(check_notice(notice()), "");
    EXPECT_EQ(check_notice(NoticeConfig{}), "");
    const auto problem = [](auto change) {
        NoticeConfig config = notice();
        change(config);
        return check_notice(config);
    };
    EXPECT_THAT(problem([](auto& c) { c.office = ""; }), HasSubstr("needs office and help_desk"));
    EXPECT_THAT(problem([](auto& c) { c.listen = {"box:80"}; }), HasSubstr("listen of [notice] has \"box:80\""));
    EXPECT_THAT(problem([](auto& c) { c.from = "2023-13-01"; }), HasSubstr("is no date"));
    EXPECT_THAT(problem([](auto& c) { c.until = c.from; }), HasSubstr("until of [notice] is not after from"));
    for (const char* link : {"javascript:alert(1)", "https://", "data:text/html,x", "https://a b", "https://a\"b",
                             "HTTPS://x", "//x", "tel:1", "mailto:a"})
        EXPECT_THAT(problem([&](auto& c) { c.rule_link = link; }), HasSubstr("rule_link")) << link;
    EXPECT_THAT(problem([](auto& c) { c.help_desk_link = "javascript:alert(1)"; }), HasSubstr("help_desk_link"));
    EXPECT_EQ(problem([](auto& c) { c.help_desk_link = "tel:+3215123456"; }), "");
}

}  // namespace
}  // namespace sluis
