// Prefixes of addresses in the rule source.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace sluis {

/// Checks a prefix of the rule source, such as "192.0.2.0/24" or "2001:db8::/32", and writes it in the one way that is
/// compared. At least 8 bits of IPv4 or 19 of IPv6, so that a slip refuses no large part of the Internet. The error
/// says what is wrong and what to write.
tl::expected<std::string, std::string> read_rule_prefix(std::string_view text);

}  // namespace sluis
