#include "dataplane/port/log.h"

#include <unistd.h>

#include <array>

namespace sluis {
namespace {

std::string quoted_if_needed(const std::string& value) {
    if (!value.empty() && value.find_first_of(" \"\n\t=") == std::string::npos) return value;
    std::string text = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') text += '\\';
        text += c == '\n' ? ' ' : c;
    }
    return text + "\"";
}

}  // namespace

void log(LogLevel level, std::initializer_list<std::pair<std::string_view, std::string>> fields) {
    constexpr std::array kNames{"info", "warn", "error"};
    std::string line = kNames[static_cast<std::size_t>(level)];
    for (const auto& [key, value] : fields) line += " " + std::string(key) + "=" + quoted_if_needed(value);
    line += "\n";
    // One call a line, so that lines of several processes do not mix. Nothing is to be done when it fails.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace sluis
