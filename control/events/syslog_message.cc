#include "control/events/syslog_message.h"

#include <fmt/format.h>

namespace sluis {

std::string syslog_word(const std::string& name) {
    constexpr std::size_t kHostLimit = 255;
    std::string word;
    for (const char each : name.substr(0, kHostLimit)) word += each > ' ' && each < '\x7f' ? each : '_';
    return word.empty() ? "-" : word;
}

std::string syslog_message(const EventLine& line, const SyslogOrigin& origin) {
    constexpr unsigned kVersion = 1;
    const unsigned priority = origin.facility * 8u + static_cast<unsigned>(line.severity);
    return fmt::format("<{}>{} {} {} sluis {} {} - {}", priority, kVersion, event_timestamp(line.time),
                       syslog_word(origin.host), origin.process, name(line.kind), line.json);
}

std::string syslog_frame(const std::string& message) { return fmt::format("{} {}", message.size(), message); }

}  // namespace sluis
