#include "control/rules/prefix_breadth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "dataplane/match/address_prefix.h"
#include "dataplane/packet/byte_order.h"

namespace sluis {
namespace {

struct ReservedPrefix {
    std::string_view prefix;
    std::string_view what;
};

/// Of RFC 6890 and IANA's registries of special-purpose addresses, those in real use inside a network, or everywhere.
constexpr auto kReserved = std::to_array<ReservedPrefix>({
    {"0.0.0.0/8", "this network"},
    {"10.0.0.0/8", "private networks"},
    {"100.64.0.0/10", "carriers' shared addresses"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local addresses"},
    {"172.16.0.0/12", "private networks"},
    {"192.168.0.0/16", "private networks"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved addresses and broadcast"},
    {"::/8", "loopback, IPv4-mapped and translated addresses"},
    {"fc00::/7", "private networks"},
    {"fe80::/10", "link-local addresses"},
    {"ff00::/8", "multicast"},
});

struct DefaultPrefix {
    AddressPrefix prefix;
    const SourceRule* rule = nullptr;
};

std::vector<DefaultPrefix> default_prefixes(const RuleSource& source) {
    std::vector<DefaultPrefix> found;
    for (const SourceRule& rule : source.rules) {
        if (rule.kind != RuleKind::prefix || !source.categories[rule.category].default_on) continue;
        if (const auto prefix = read_address_prefix(rule.name)) found.push_back({*prefix, &rule});
    }
    return found;
}

/// Prefixes lie within each other or apart.
bool touch(const AddressPrefix& a, const AddressPrefix& b) {
    return contains(a, b.address, b.ipv6) || contains(b, a.address, a.ipv6);
}

void test_reserved(const DefaultPrefix& each, std::vector<std::string>& errors) {
    for (const ReservedPrefix& reserved : kReserved) {
        if (!touch(each.prefix, read_address_prefix(reserved.prefix).value())) continue;
        errors.push_back(
            fmt::format("{}: prefix '{}' is on by default and has addresses of {} ({}), which every network needs; "
                        "name prefixes of the service itself, or set default = \"off\"",
                        each.rule->location, each.rule->name, reserved.prefix, reserved.what));
        return;
    }
}

/// IPv4 addresses, or IPv6 networks of 64 bits, one at the least.
std::uint64_t size_of(const AddressPrefix& prefix) {
    const unsigned bits = prefix.ipv6 ? 64 : 32;
    return std::uint64_t{1} << (bits - std::min<unsigned>(bits, prefix.length));
}

/// The place of the prefix's first address in the order of `size_of`'s units.
std::uint64_t start_of(const AddressPrefix& prefix) {
    const auto high = load_be<std::uint64_t>(prefix.address.bytes.data());
    return prefix.ipv6 ? high : high >> 32;
}

/// REQUIRES: the prefixes are of one version of IP.
void test_sum(std::vector<DefaultPrefix> prefixes, std::uint64_t limit, std::string_view unit,
              std::vector<std::string>& errors) {
    std::stable_sort(prefixes.begin(), prefixes.end(), [](const DefaultPrefix& a, const DefaultPrefix& b) {
        const std::uint64_t first = start_of(a.prefix), second = start_of(b.prefix);
        return first != second ? first < second : a.prefix.length < b.prefix.length;
    });
    std::uint64_t sum = 0, last = 0;
    for (const DefaultPrefix& each : prefixes) {
        const std::uint64_t end = start_of(each.prefix) + (size_of(each.prefix) - 1);
        if (sum != 0 && end <= last) continue;  // within the one before
        last = end;
        sum += size_of(each.prefix);
        if (sum <= limit) continue;
        errors.push_back(
            fmt::format("{}: with prefix '{}', those that are on by default cover more than {} {}; name fewer or "
                        "longer ones, or set default = \"off\"",
                        each.rule->location, each.rule->name, limit, unit));
        return;
    }
}

}  // namespace

std::vector<std::string> test_prefix_breadth(const RuleSource& source) {
    std::vector<std::string> errors;
    std::vector<DefaultPrefix> ipv4, ipv6;
    for (const DefaultPrefix& each : default_prefixes(source)) {
        test_reserved(each, errors);
        (each.prefix.ipv6 ? ipv6 : ipv4).push_back(each);
    }
    test_sum(std::move(ipv4), kPrefixIpv4Limit, "IPv4 addresses", errors);
    test_sum(std::move(ipv6), kPrefixIpv6Limit, "IPv6 networks of 64 bits", errors);
    return errors;
}

}  // namespace sluis
