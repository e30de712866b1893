// How much of the Internet the prefixes of a rule source may take.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/rules/rule_source.h"

namespace sluis {

/// What the prefixes that are on by default may cover together: as much as one of the widest that a rule may have, a
/// /8 of IPv4 addresses and a /19 of IPv6, which is counted in networks of 64 bits.
inline constexpr std::uint64_t kPrefixIpv4Limit = std::uint64_t{1} << (32 - 8);
inline constexpr std::uint64_t kPrefixIpv6Limit = std::uint64_t{1} << (64 - 19);

/// Finds rules of kind prefix that are on by default and touch addresses which are no part of the Internet outside
/// (private, loopback, link-local, multicast …, RFC 6890), or that cover more together than the limits above. The
/// errors are one line each: file:line:column, what is wrong, and what to do.
std::vector<std::string> test_prefix_breadth(const RuleSource& source);

}  // namespace sluis
