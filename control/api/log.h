// Lines on standard error as the journal reads them: "<priority>key=value …", one event a line.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace sluis {

/// syslog's priorities, as sd-daemon(3) writes them.
enum class LogPriority : int { error = 3, warning = 4, notice = 5, info = 6 };

/// Values are made one line each. May be called by any thread: a line is one write.
void log_event(LogPriority priority, std::string_view event,
               std::initializer_list<std::pair<std::string_view, std::string>> fields = {});

}  // namespace sluis
