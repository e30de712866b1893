// Prefixes of addresses that rules name, and the table in which the ones in force are looked up.
//
// DPDK's rte_fib would do the same, and needs an initialised EAL (rte_fib_create fails without one), which
// sluis-inspect and sluisctl do not have; for some hundred prefixes a sorted table in one or two pages is as fast.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/packet/address.h"

namespace sluis {

/// The addresses whose first `length` bits are those of `address` (RFC 4632, section 3.1; RFC 4291, section 2.3).
struct AddressPrefix {
    IpAddress address;  ///< the bits beyond `length` are zero
    std::uint8_t length = 0;
    bool ipv6 = false;
    friend bool operator==(const AddressPrefix&, const AddressPrefix&) = default;
};

/// Reads "192.0.2.0/24" or "2001:db8::/32". Nothing when it is not of that form, or has bits beyond its length.
std::optional<AddressPrefix> read_address_prefix(std::string_view text) noexcept;
/// Reads an address without a length; a prefix of all its bits.
std::optional<AddressPrefix> read_address(std::string_view text) noexcept;
/// The one way to write it (RFC 5952 for IPv6).
std::string address_prefix_text(const AddressPrefix& prefix);
bool contains(const AddressPrefix& prefix, const IpAddress& address, bool ipv6) noexcept;

struct AddressRule {
    AddressPrefix prefix;
    std::uint32_t rule = 0;  ///< index in the rule set
};

/// The IPv6 prefixes that stand for an IPv4 one: IPv4-mapped (RFC 4291, section 2.5.5.2), behind a translator with the
/// well-known prefix (NAT64: RFC 6052, section 2.1), and 6to4 (RFC 3056, section 2).
std::array<AddressPrefix, 3> ipv6_forms(const AddressPrefix& ipv4) noexcept;
/// Whether a rule with this prefix is about the address: it contains it, or is IPv4 and a form of it does.
bool covers(const AddressPrefix& prefix, const IpAddress& address, bool ipv6) noexcept;

/// Which rule an address falls under; of prefixes within each other, the widest one's. An IPv4 prefix holds what it
/// stands for in IPv6 too. Read only once built.
class AddressTable {
public:
    static constexpr std::uint32_t kNone = 0xffff'ffff;

    AddressTable() = default;
    explicit AddressTable(std::span<const AddressRule> rules);

    bool empty() const noexcept { return ipv4_.empty() && ipv6_.empty(); }
    /// The rule, or kNone. At most log2(prefixes) + 1 comparisons.
    std::uint32_t find(const IpAddress& address, bool ipv6) const noexcept;

private:
    /// An address as a number: the first eight bytes, and the second; an IPv4 address is the upper half of `high`.
    struct Number {
        std::uint64_t high = 0, low = 0;
        friend auto operator<=>(const Number&, const Number&) = default;
    };
    struct Range {
        Number first, last;
        std::uint32_t rule = 0;
    };

    static Number number(const IpAddress& address) noexcept;
    static Range range(const AddressRule& rule) noexcept;
    static void insert(std::vector<Range>& ranges, const Range& range);

    std::vector<Range> ipv4_, ipv6_;  ///< ascending, without overlap
};

}  // namespace sluis
