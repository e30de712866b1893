// Lines for people and journals on standard error: `level key=value …`. Never called on the frame path.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace sluis {

enum class LogLevel { info, warn, error };

/// One line, written at once. A value with spaces or quotes is quoted.
void log(LogLevel level, std::initializer_list<std::pair<std::string_view, std::string>> fields);

}  // namespace sluis
