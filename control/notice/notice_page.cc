#include "control/notice/notice_page.h"

#include <fmt/format.h>
#include <mbedtls/base64.h>

#include <ctime>

#include "control/notice/notice_style.h"
#include "control/notice/notice_text.h"
#include "dataplane/packet/bytes.h"
#include "dataplane/protocol/mbedtls_compat.h"

namespace sluis {
namespace {

/// `value` in the place of {} in a text, both made HTML.
std::string fill(std::string_view text, std::string_view value) {
    const std::size_t place = text.find("{}");
    if (place == text.npos) return escape_html(text);
    return escape_html(text.substr(0, place)) + escape_html(value) + escape_html(text.substr(place + 2));
}

/// Elements of the page in one language, one after the other.
class PageWriter {
public:
    PageWriter(NoticeLanguage language, const NoticeConfig& notice)
        : language_(language), text_(notice_text(language)), notice_(notice) {}

    std::string write(const EventsConfig& events) {
        begin();
        languages();
        html_ += "<main>\n";
        html_ += fmt::format("<h1>{}</h1>\n", escape_html(text_.title));
        html_ += fmt::format("<p class=\"lead\">{}</p>\n", fill(text_.lead, notice_.office));
        paragraph(text_.no_fault);
        section(text_.what_heading, text_.what);
        section(text_.why_heading, text_.why);
        link(notice_.rule_link, text_.rule_link);
        dates();
        records(events);
        section(text_.help_heading, text_.help);
        paragraph(notice_.help_desk);
        link(notice_.help_desk_link, text_.help_link);
        html_ += "</main>\n</body>\n</html>\n";
        return std::move(html_);
    }

private:
    void begin() {
        html_ = fmt::format(
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"robots\" content=\"noindex\">\n<title>{} – {}</title>\n<style>{}</style>\n</head>\n<body>\n",
            tag_of(language_), escape_html(text_.title), escape_html(notice_.office), kNoticeStyle);
    }
    void languages() {
        html_ += fmt::format("<header>\n<nav aria-label=\"{}\">\n<ul>\n", escape_html(text_.languages));
        for (std::size_t i = 0; i < kNoticeLanguages; ++i) {
            const auto each = static_cast<NoticeLanguage>(i);
            html_ += fmt::format("<li><a href=\"/{0}\" lang=\"{0}\" hreflang=\"{0}\"{1}>{2}</a></li>\n", tag_of(each),
                                 each == language_ ? " aria-current=\"page\"" : "", notice_text(each).language);
        }
        html_ += "</ul>\n</nav>\n</header>\n";
    }
    void paragraph(std::string_view text) { html_ += fmt::format("<p>{}</p>\n", escape_html(text)); }
    void section(std::string_view heading, std::string_view text) {
        html_ += fmt::format("<h2>{}</h2>\n<p>{}</p>\n", escape_html(heading), fill(text, notice_.office));
    }
    void link(std::string_view address, std::string_view text) {
        if (address.empty()) return;
        html_ += fmt::format("<p><a href=\"{}\">{}</a></p>\n", escape_html(address), escape_html(text));
    }
    void dates() {
        if (notice_.from.empty() && notice_.review_by.empty() && notice_.until.empty()) return;
        html_ += "<dl>\n";
        date(text_.from, notice_.from);
        date(text_.review_by, notice_.review_by);
        date(text_.until, notice_.until);
        html_ += "</dl>\n";
    }
    void date(std::string_view name, const std::string& date) {
        if (date.empty()) return;
        html_ += fmt::format("<div><dt>{}</dt><dd><time datetime=\"{}\">{}</time></dd></div>\n", escape_html(name),
                             date, escape_html(written_date(date, language_)));
    }
    /// What is kept is said as it is: events may show clients in the clear for a while.
    void records(const EventsConfig& events) {
        const std::string nothing = events.clients_in_clear ? "" : std::string(text_.nothing) + " ";
        section(text_.kept_heading, nothing + std::string(text_.kept));
        if (!events.clients_in_clear) return paragraph(text_.counted);
        html_ += fmt::format("<p>{}</p>\n", fill(text_.recorded, written_date(events.clients_until, language_)));
    }

    NoticeLanguage language_;
    const NoticeText& text_;
    const NoticeConfig& notice_;
    std::string html_;
};

std::string_view title_of(NoticeStatus status) {
    switch (status) {
        case NoticeStatus::ok:
            return "OK";
        case NoticeStatus::forbidden:
            return "Forbidden";
        case NoticeStatus::bad_request:
            return "Bad Request";
        case NoticeStatus::head_too_large:
            return "Request Header Fields Too Large";
        case NoticeStatus::version_not_supported:
            return "HTTP Version Not Supported";
    }
    return "";
}

/// IMF-fixdate (RFC 9110, section 5.6.7), whatever the process's locale is.
std::string http_date(std::int64_t now) {
    constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto time = static_cast<std::time_t>(now);
    std::tm utc{};
    if (::gmtime_r(&time, &utc) == nullptr) return "";
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[static_cast<std::size_t>(utc.tm_wday)],
                       utc.tm_mday, kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                       utc.tm_min, utc.tm_sec);
}

}  // namespace

std::string hash_source(std::string_view style) {
    std::array<std::byte, 32> digest{};
    mbedtls_sha256_context context;
    mbedtls::sha256_starts(context);
    mbedtls::sha256_update(context, Bytes(reinterpret_cast<const std::byte*>(style.data()), style.size()));
    mbedtls::sha256_finish(context, digest.data());
    mbedtls_sha256_free(&context);
    std::array<unsigned char, 64> text{};
    std::size_t size = 0;
    mbedtls_base64_encode(text.data(), text.size(), &size, reinterpret_cast<const unsigned char*>(digest.data()),
                          digest.size());
    return "'sha256-" + std::string(reinterpret_cast<const char*>(text.data()), size) + "'";
}

std::string escape_html(std::string_view text) {
    std::string html;
    for (const char c : text) {
        if (c == '&')
            html += "&amp;";
        else if (c == '<')
            html += "&lt;";
        else if (c == '>')
            html += "&gt;";
        else if (c == '"')
            html += "&quot;";
        else if (c == '\'')
            html += "&#39;";
        else
            html += c;
    }
    return html;
}

NoticePages::NoticePages(const NoticeConfig& notice, const EventsConfig& events)
    : security_policy_("default-src 'none'; style-src " + hash_source(kNoticeStyle) +
                       "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
      fallback_(notice.language) {
    for (std::size_t i = 0; i < kNoticeLanguages; ++i)
        contents_[i] = PageWriter(static_cast<NoticeLanguage>(i), notice).write(events);
}

/// Nobody may keep it, since the site that was asked for is served again elsewhere.
std::string NoticePages::head(NoticeLanguage language, NoticeStatus status, std::int64_t now) const {
    return fmt::format(
        "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n"
        "Content-Language: {}\r\nContent-Security-Policy: {}\r\nX-Content-Type-Options: nosniff\r\n"
        "Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\nVary: Accept-Language\r\nConnection: close\r\n\r\n",
        static_cast<int>(status), title_of(status), http_date(now), content(language).size(), tag_of(language),
        security_policy_);
}

}  // namespace sluis
