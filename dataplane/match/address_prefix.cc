#include "dataplane/match/address_prefix.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "dataplane/packet/byte_order.h"

namespace sluis {
namespace {

constexpr unsigned kIpv4Bits = 32, kIpv6Bits = 128;

/// The bits of one byte that lie beyond the first `length` bits of an address.
constexpr std::byte beyond(std::size_t byte, unsigned length) noexcept {
    if (byte * 8 + 8 <= length) return std::byte{0};
    return byte * 8 >= length ? std::byte{0xff} : static_cast<std::byte>(0xffU >> (length - byte * 8));
}

}  // namespace

std::optional<AddressPrefix> read_address(std::string_view text) noexcept {
    AddressPrefix prefix;
    std::array<char, INET6_ADDRSTRLEN> room{};
    if (text.size() >= room.size() || text.find('\0') != text.npos) return std::nullopt;
    std::copy(text.begin(), text.end(), room.begin());
    prefix.ipv6 = text.find(':') != text.npos;
    prefix.length = prefix.ipv6 ? kIpv6Bits : kIpv4Bits;
    if (inet_pton(prefix.ipv6 ? AF_INET6 : AF_INET, room.data(), prefix.address.bytes.data()) != 1) return std::nullopt;
    return prefix;
}

std::optional<AddressPrefix> read_address_prefix(std::string_view text) noexcept {
    const auto slash = text.find('/');
    if (slash == text.npos) return std::nullopt;
    auto prefix = read_address(text.substr(0, slash));
    if (!prefix) return std::nullopt;
    const std::string_view digits = text.substr(slash + 1);
    unsigned length = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    const bool canonical = digits.size() == 1 || !digits.starts_with('0');
    if (problem != std::errc{} || end != digits.data() + digits.size() || !canonical || length > prefix->length)
        return std::nullopt;
    prefix->length = static_cast<std::uint8_t>(length);
    for (std::size_t i = 0; i < (prefix->ipv6 ? kIpv6Bits : kIpv4Bits) / 8; ++i)
        if ((prefix->address.bytes[i] & beyond(i, length)) != std::byte{0}) return std::nullopt;
    return prefix;
}

std::string address_prefix_text(const AddressPrefix& prefix) {
    std::array<char, INET6_ADDRSTRLEN> room{};
    inet_ntop(prefix.ipv6 ? AF_INET6 : AF_INET, prefix.address.bytes.data(), room.data(), room.size());
    return std::string(room.data()) + '/' + std::to_string(prefix.length);
}

bool contains(const AddressPrefix& prefix, const IpAddress& address, bool ipv6) noexcept {
    if (prefix.ipv6 != ipv6) return false;
    for (std::size_t i = 0; i < address.bytes.size(); ++i)
        if (((prefix.address.bytes[i] ^ address.bytes[i]) & ~beyond(i, prefix.length)) != std::byte{0}) return false;
    return true;
}

std::array<AddressPrefix, 3> ipv6_forms(const AddressPrefix& ipv4) noexcept {
    constexpr std::array kPrefixes{std::string_view("::ffff:0:0/96"), std::string_view("64:ff9b::/96"),
                                   std::string_view("2002::/16")};
    std::array<AddressPrefix, 3> forms;
    for (std::size_t i = 0; i < forms.size(); ++i) {
        forms[i] = *read_address_prefix(kPrefixes[i]);
        std::copy_n(ipv4.address.bytes.begin(), kIpv4Bits / 8, forms[i].address.bytes.begin() + forms[i].length / 8);
        forms[i].length = static_cast<std::uint8_t>(forms[i].length + ipv4.length);
    }
    return forms;
}

bool covers(const AddressPrefix& prefix, const IpAddress& address, bool ipv6) noexcept {
    if (prefix.ipv6 || !ipv6) return contains(prefix, address, ipv6);
    const auto forms = ipv6_forms(prefix);
    return std::any_of(forms.begin(), forms.end(),
                       [&](const AddressPrefix& form) { return contains(form, address, ipv6); });
}

AddressTable::Number AddressTable::number(const IpAddress& address) noexcept {
    return {load_be<std::uint64_t>(address.bytes.data()), load_be<std::uint64_t>(address.bytes.data() + 8)};
}

AddressTable::Range AddressTable::range(const AddressRule& rule) noexcept {
    IpAddress last = rule.prefix.address;
    const std::size_t size = (rule.prefix.ipv6 ? kIpv6Bits : kIpv4Bits) / 8;
    for (std::size_t i = 0; i < size; ++i) last.bytes[i] |= beyond(i, rule.prefix.length);
    return {number(rule.prefix.address), number(last), rule.rule};
}

/// Prefixes lie within each other or apart, so one that begins within the last one is within it.
void AddressTable::insert(std::vector<Range>& ranges, const Range& range) {
    if (ranges.empty() || range.first > ranges.back().last) ranges.push_back(range);
}

AddressTable::AddressTable(std::span<const AddressRule> rules) {
    std::vector<AddressRule> sorted(rules.begin(), rules.end());
    for (const AddressRule& rule : rules)
        if (!rule.prefix.ipv6)
            for (const AddressPrefix& form : ipv6_forms(rule.prefix)) sorted.push_back({form, rule.rule});
    std::sort(sorted.begin(), sorted.end(), [](const AddressRule& a, const AddressRule& b) {
        if (a.prefix.address.bytes != b.prefix.address.bytes) return a.prefix.address.bytes < b.prefix.address.bytes;
        return a.prefix.length != b.prefix.length ? a.prefix.length < b.prefix.length : a.rule < b.rule;
    });
    for (const AddressRule& rule : sorted) insert(rule.prefix.ipv6 ? ipv6_ : ipv4_, range(rule));
}

std::uint32_t AddressTable::find(const IpAddress& address, bool ipv6) const noexcept {
    const std::vector<Range>& ranges = ipv6 ? ipv6_ : ipv4_;
    const Number wanted = number(address);
    const auto after = std::upper_bound(ranges.begin(), ranges.end(), wanted,
                                        [](const Number& value, const Range& range) { return value < range.first; });
    if (after == ranges.begin() || wanted > std::prev(after)->last) return kNone;
    return std::prev(after)->rule;
}

}  // namespace sluis
