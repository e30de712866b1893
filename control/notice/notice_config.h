// The table [notice] of the configuration file.
#pragma once

#include <string>
#include <vector>

#include "control/notice/notice_language.h"

namespace sluis {

struct NoticeConfig {
    std::vector<std::string> listen;  ///< "192.0.2.10:80"; none: there is no page
    std::string office;               ///< whose rule it is, as visitors know it
    std::string from;                 ///< the rule's dates, as "2023-03-27"; empty: not shown
    std::string review_by;
    std::string until;
    std::string rule_link;                         ///< where the rule can be read: https, http; empty: none
    std::string help_desk;                         ///< whom to ask, as text
    std::string help_desk_link;                    ///< the same as a link: https, http, mailto, tel; empty: none
    NoticeLanguage language = NoticeLanguage::en;  ///< for who prefers none that the page speaks

    bool is_on() const { return !listen.empty(); }
};

/// What no single key can tell, empty when nothing is wrong.
std::string check_notice(const NoticeConfig& notice);

}  // namespace sluis
