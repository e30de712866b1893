// Events as messages of RFC 5424, framed for TCP by octet counting (RFC 6587, section 3.4.1).
#pragma once

#include <cstdint>
#include <string>

#include "control/events/event_line.h"

namespace sluis {

struct SyslogOrigin {
    std::uint8_t facility = 16;  ///< RFC 5424, section 6.2.1: 0 to 23; 16 is local0
    std::string host;
    std::uint32_t process = 0;  ///< PROCID
};

/// "<132>1 2026-03-27T08:00:00.000000+00:00 box17 sluis 812 alert - {…}". The message is JSON in ASCII, without a byte
/// order mark (MSG-ANY).
std::string syslog_message(const EventLine& line, const SyslogOrigin& origin);
/// The message's length in octets, a space, and the message.
std::string syslog_frame(const std::string& message);

/// A host's name as HOSTNAME takes it: printable ASCII without spaces, at most 255 bytes; "-" (NILVALUE) for none.
std::string syslog_word(const std::string& name);

}  // namespace sluis
