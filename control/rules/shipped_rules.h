// Where the pattern set that comes with Sluis lies.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace sluis {

/// $SLUIS_RULES when it is set; else the source tree that the program was built from; else /usr/share/sluis/rules.
/// The error is one line: where it was looked for.
tl::expected<std::string, std::string> find_shipped_rules();

}  // namespace sluis
