// Where the pattern set that comes with Sluis lies.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace sluis {

/// $SLUIS_RULES when it is set; else, of a program in a build tree, its sources; else share/sluis/rules beside the
/// program's folder: /usr/bin and /usr/share, say, or /usr/local/bin and /usr/local/share.
/// The error is one line: where it was looked for.
tl::expected<std::string, std::string> find_shipped_rules();

}  // namespace sluis
