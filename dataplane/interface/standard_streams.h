// Standard input, output and error, as every program has to treat them.
#pragma once

#include <string_view>

namespace sluis {

/// Opens /dev/null in the place of each descriptor from 0 to 2 that is closed, so that no file that is opened later
/// takes it, and what is printed. Call it first of all.
void open_standard_streams() noexcept;

/// Whether all that was printed has gone out: a full disk shows only when the buffer is written. Otherwise one line,
/// which begins with the program's name, has been written to standard error.
bool finish_standard_output(const char* program) noexcept;

/// Prints all of `text`; otherwise as above.
bool print_to_standard_output(const char* program, std::string_view text) noexcept;

}  // namespace sluis
