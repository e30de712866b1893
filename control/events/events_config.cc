#include "control/events/events_config.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "control/events/syslog_target.h"

namespace sluis {

bool is_date(const std::string& text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
    if (std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) != 8) return false;
    const int month = std::atoi(text.substr(5, 2).c_str()), day = std::atoi(text.substr(8, 2).c_str());
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

std::string check_events(const EventsConfig& events) {
    if (!events.syslog.empty())
        if (const std::string problem = SyslogTarget::check(events.syslog); !problem.empty())
            return "syslog of [events] " + problem;
    if (events.syslog.empty() && !events.syslog_ca.empty())
        return "syslog_ca of [events] is for syslog; write syslog = \"HOST:PORT\", too";
    if (events.syslog_certificate.empty() != events.syslog_key.empty())
        return "[events] has one of syslog_certificate and syslog_key; write both, or none";
    if (events.syslog_ca.empty() && !(events.syslog_certificate.empty() && events.syslog_name.empty()))
        return "syslog_certificate and syslog_name of [events] are for TLS; write syslog_ca, too";
    for (const auto& [key, path] : {std::pair("file", &events.file), std::pair("socket", &events.socket),
                                    std::pair("numbers_file", &events.numbers_file)})
        if (!path->empty() && path->front() != '/')
            return std::string(key) + " of [events] is \"" + *path +
                   "\"; write it from the root on, with a slash first";
    if (!events.clients_until.empty() && !is_date(events.clients_until))
        return "clients_until of [events] is no date; write one such as \"2026-03-27\"";
    if (events.clients_in_clear && (events.clients_reason.empty() || events.clients_until.empty()))
        return "clients = \"clear\" of [events] needs clients_reason and clients_until; write both, or \"pseudonym\"";
    return {};
}

}  // namespace sluis
