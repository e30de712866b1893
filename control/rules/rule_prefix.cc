#include "control/rules/rule_prefix.h"

#include <fmt/format.h>

#include "dataplane/match/address_prefix.h"

namespace sluis {
namespace {

using Error = tl::unexpected<std::string>;

constexpr unsigned kLeastIpv4Bits = 8;
constexpr unsigned kLeastIpv6Bits =
    19;  // of the shortest prefixes that are given to networks (RFC 3177 and registries)

}  // namespace

tl::expected<std::string, std::string> read_rule_prefix(std::string_view text) {
    const auto prefix = read_address_prefix(text);
    if (!prefix) return Error("write an address, '/' and the number of its bits that count, and zeros beyond them");
    const unsigned least = prefix->ipv6 ? kLeastIpv6Bits : kLeastIpv4Bits;
    if (prefix->length < least) return Error(fmt::format("{} bits; {} is the least", prefix->length, least));
    return address_prefix_text(*prefix);
}

}  // namespace sluis
