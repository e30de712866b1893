#include "control/notice/notice_config.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "control/api/listen_address.h"
#include "control/events/events_config.h"

namespace sluis {
namespace {

/// An address that stands in a link as it is: no scheme that a browser would run, nothing that needs quoting.
bool is_link(std::string_view text, std::initializer_list<std::string_view> schemes) {
    const auto begins = [&](std::string_view scheme) {
        return text.starts_with(scheme) && text.size() > scheme.size();
    };
    constexpr std::string_view kNever = "\"<>\\^`{|}";  // RFC 3986, appendix A
    const auto may = [&](char c) { return c > ' ' && c <= '~' && kNever.find(c) == kNever.npos; };
    return std::any_of(schemes.begin(), schemes.end(), begins) && std::all_of(text.begin(), text.end(), may);
}

std::string check_links(const NoticeConfig& notice) {
    if (!notice.rule_link.empty() && !is_link(notice.rule_link, {"https://", "http://"}))
        return "rule_link of [notice] is no address of the web; write one such as \"https://intranet.example/rule\"";
    if (!notice.help_desk_link.empty() && !is_link(notice.help_desk_link, {"https://", "http://", "mailto:", "tel:"}))
        return "help_desk_link of [notice] is no link; write one such as \"mailto:help@office.example\", "
               "\"tel:+3222345678\" or \"https://help.office.example\"";
    return {};
}

std::string check_dates(const NoticeConfig& notice) {
    for (const std::string* date : {&notice.from, &notice.review_by, &notice.until})
        if (!date->empty() && !is_date(*date))
            return "[notice] has \"" + *date + "\", which is no date; write one such as \"2026-03-27\"";
    if (!notice.from.empty() && !notice.until.empty() && notice.until <= notice.from)
        return "until of [notice] is not after from; correct one of them";
    return {};
}

}  // namespace

std::string check_notice(const NoticeConfig& notice) {
    for (const std::string& address : notice.listen)
        if (const auto parsed = parse_listen_address("notice", address); !parsed) return parsed.error();
    if (notice.is_on() && (notice.office.empty() || notice.help_desk.empty()))
        return "[notice] needs office and help_desk: who is refused should know by whom, and whom to ask; write both, "
               "or leave listen out";
    if (std::string problem = check_dates(notice); !problem.empty()) return problem;
    return check_links(notice);
}

}  // namespace sluis
