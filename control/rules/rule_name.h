// Names in the rule source: what may be written, and what it is compared as.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace sluis {

/// Checks a host name of the rule source and folds it to lower case. Letters, digits, '-' and '_' in labels of at most
/// 63 bytes, 253 in all (RFC 1035 section 2.3.4), without a trailing dot, and two labels or more: a rule for a single
/// one would be a rule for a whole top-level domain. The error says what is wrong and what to write.
tl::expected<std::string, std::string> read_rule_name(std::string_view text);

}  // namespace sluis
