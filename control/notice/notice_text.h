// What the notice page says, in each of its languages.
#pragma once

#include <string>
#include <string_view>

#include "control/notice/notice_language.h"

namespace sluis {

/// The page's texts in one language. `{}` stands for the office's name, or for a date where the comment says so.
struct NoticeText {
    std::string_view language;   ///< its own name
    std::string_view languages;  ///< what the list of languages is called
    std::string_view title;
    std::string_view lead;  ///< {} the office
    std::string_view no_fault;
    std::string_view what_heading;
    std::string_view what;
    std::string_view why_heading;
    std::string_view why;  ///< {} the office
    std::string_view rule_link;
    std::string_view from, review_by, until;
    std::string_view kept_heading;
    std::string_view nothing;  ///< said first, unless events show clients in the clear
    std::string_view kept;
    std::string_view counted;   ///< what the box itself keeps, without clients' addresses
    std::string_view recorded;  ///< the same while events show them in the clear: {} until which day
    std::string_view help_heading;
    std::string_view help;
    std::string_view help_link;
};

const NoticeText& notice_text(NoticeLanguage language) noexcept;

/// "2023-03-27" as the language writes it. REQUIRES: it is such a date (is_date).
std::string written_date(std::string_view date, NoticeLanguage language);

}  // namespace sluis
