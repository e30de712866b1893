// Which pairs somebody closed by hand: the file that a dataplane keeps them in (`[runtime] modes`).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluis {

/// Whether a pair was closed by hand, for good or until a time that has not come. `now`: seconds since 1970-01-01 UTC.
/// False where there is no such file, or nothing that can be read.
bool is_closed_by_hand(const std::string& modes_file, std::string_view pair, std::int64_t now);

}  // namespace sluis
