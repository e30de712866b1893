#include "control/api/log.h"

#include <unistd.h>

#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

/// Quoted where it is not one plain word.
std::string value_text(std::string_view value) {
    const std::string line = one_line(value);
    if (!line.empty() && line.find_first_of(" \"=") == std::string::npos) return line;
    std::string quoted = "\"";
    for (const char c : line) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

}  // namespace

void log_event(LogPriority priority, std::string_view event,
               std::initializer_list<std::pair<std::string_view, std::string>> fields) {
    std::string line = "<" + std::to_string(static_cast<int>(priority)) + ">event=" + value_text(event);
    for (const auto& [name, value] : fields) line += " " + std::string(name) + "=" + value_text(value);
    line += '\n';
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace sluis
