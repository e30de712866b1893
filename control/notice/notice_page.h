// The notice page, made once from the configuration: a text for each language, and the head that goes before it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "control/events/events_config.h"
#include "control/notice/notice_config.h"

namespace sluis {

/// How the page is answered.
enum class NoticeStatus : int {
    ok = 200,         ///< /nl, /fr, /de or /en: the page itself was asked for
    forbidden = 403,  ///< something else was, and is refused
    bad_request = 400,
    head_too_large = 431,
    version_not_supported = 505,
};

class NoticePages {
public:
    /// REQUIRES: check_notice() finds nothing. Only the configuration is in it, escaped; nothing that a client sent.
    NoticePages(const NoticeConfig& notice, const EventsConfig& events);

    /// HTML, UTF-8.
    const std::string& content(NoticeLanguage language) const noexcept {
        return contents_[static_cast<std::size_t>(language)];
    }
    /// The head of an answer with that content, at a moment in seconds since 1970-01-01 UTC.
    std::string head(NoticeLanguage language, NoticeStatus status, std::int64_t now) const;
    /// For who prefers none of the page's languages.
    NoticeLanguage fallback() const noexcept { return fallback_; }

private:
    std::array<std::string, kNoticeLanguages> contents_;
    std::string security_policy_;
    NoticeLanguage fallback_;
};

/// Text for HTML's elements and quoted attributes.
std::string escape_html(std::string_view text);

/// A style sheet's source in a content security policy (CSP level 3, section 2.3.1).
std::string hash_source(std::string_view style);

}  // namespace sluis
