#include "dataplane/interface/zone_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace sluis {
namespace {

using Status = tl::expected<void, std::string>;

constexpr std::string_view kRemedy = "; let control write it again from the policy";

tl::unexpected<std::string> error(std::string text) {
    text += kRemedy;
    return tl::unexpected(std::move(text));
}

tl::unexpected<std::string> damaged(std::string_view what) {
    return error("the zone table is damaged: " + std::string(what));
}

constexpr bool is_name_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
}

bool is_printable(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

/// A zero-terminated text at `field` as a view of the table.
std::string_view text_at(const std::byte* field, std::size_t size) noexcept {
    const auto* const text = reinterpret_cast<const char*>(field);
    return {text, strnlen(text, size)};
}

/// Whether only zeros follow a text that ends within its field.
template <std::size_t N>
bool is_padded(const char (&field)[N]) noexcept {
    const std::size_t size = strnlen(field, N);
    return size < N && std::all_of(field + size, field + N, [](char c) { return c == 0; });
}

/// The number of steps that begin at or below what `is_above` asks for, of `count` sorted ones.
template <typename IsAbove>
std::size_t count_until(std::size_t count, IsAbove&& is_above) noexcept {
    std::size_t first = 0;
    while (count > 0) {
        const std::size_t half = count / 2;
        const bool above = is_above(first + half);
        first += above ? 0 : half + 1;
        count = above ? half : count - half - 1;
    }
    return first;
}

tl::expected<ZoneTableHeader, std::string> read_header(Bytes table) {
    ZoneTableHeader header;
    if (table.size() < sizeof header)
        return error("not a zone table: " + std::to_string(table.size()) + " bytes are too few for a header");
    std::memcpy(&header, table.data(), sizeof header);
    if (header.magic != kZoneTableMagic) return error("not a zone table: it does not begin with the magic");
    if (header.version != kZoneTableVersion)
        return error("the zone table has format version " + std::to_string(header.version) +
                     ", and this program reads version " + std::to_string(kZoneTableVersion));
    if (header.header_size != sizeof header) return damaged("its header has another size");
    if (header.file_size != table.size() || table.size() > kZoneTableLimit)
        return error("the zone table is cut, has grown or is too large: its header says " +
                     std::to_string(header.file_size) + " bytes, it has " + std::to_string(table.size()) + ", and " +
                     std::to_string(kZoneTableLimit) + " are the most");
    if (header.digest != sha256(table.subspan(kZoneDigestFrom))) return damaged("its digest is another one");
    return header;
}

}  // namespace

bool is_zone_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= kZoneNameSize && name.front() != '.' &&
           std::all_of(name.begin(), name.end(), is_name_character);
}

/// Checks a table, part by part, and makes the view.
class ZoneTable::Reader {
public:
    Reader(Bytes bytes, const ZoneTableHeader& header) : bytes_(bytes), header_(header) {}

    tl::expected<ZoneTable, std::string> read() {
        const Status status = place_all()
                                  .and_then([&] { return check_zones(); })
                                  .and_then([&] { return check_categories(); })
                                  .and_then([&] { return check_pairs(); })
                                  .and_then([&] { return check_addresses(); })
                                  .and_then([&] { return check_devices(); });
        if (!status) return tl::unexpected(status.error());
        table_.table_ = bytes_.data();
        table_.generation_ = header_.generation;
        table_.any_pair_ = header_.any_pair;
        table_.any_device_ = header_.any_device;
        table_.category_count_ = table_.categories_.count;
        table_.modes_ = modes_.first;
        table_.strings_ = strings_.first;
        return table_;
    }

private:
    template <typename T>
    bool place(CompiledSection section, Array<T>& array) const {
        if (section.offset < sizeof(ZoneTableHeader) || section.offset > bytes_.size() ||
            section.size > bytes_.size() - section.offset || section.size % sizeof(T) != 0)
            return false;
        array = {bytes_.data() + section.offset, section.size / sizeof(T)};
        return true;
    }

    Status place_all() {
        const bool placed = place(header_.zones, table_.zones_) && place(header_.modes, modes_) &&
                            place(header_.categories, table_.categories_) && place(header_.strings, strings_) &&
                            place(header_.vlans, table_.vlans_) && place(header_.pairs, table_.pairs_) &&
                            place(header_.ipv4, table_.ipv4_) && place(header_.ipv6, table_.ipv6_) &&
                            place(header_.device_classes, table_.device_classes_) &&
                            place(header_.devices, table_.devices_);
        return placed ? Status() : damaged("a part lies outside of it");
    }

    /// Whether a set holds the last zone, which matches always, and none that is not there.
    bool is_right(ZoneSet zones) const noexcept {
        const std::size_t last = table_.zones_.count - 1;
        return (zones >> last) == 1;
    }

    template <typename Each>
    static bool all(std::size_t count, Each&& each) {
        for (std::size_t i = 0; i < count; ++i)
            if (!each(i)) return false;
        return true;
    }

    bool is_right_zone(std::size_t index) const {
        const ZoneRecord zone = table_.zones_[index];
        if (!is_padded(zone.name) || !is_zone_name(zone.name)) return false;
        if (!is_padded(zone.language) || !is_printable(zone.language)) return false;
        return all(index, [&](std::size_t i) { return std::strcmp(table_.zones_[i].name, zone.name) != 0; });
    }

    Status check_zones() const {
        const std::size_t count = table_.zones_.count;
        if (count == 0 || count > kZoneLimit) return damaged("it has no zone, or too many");
        if (!all(count, [&](std::size_t i) { return is_right_zone(i); })) return damaged("a zone's name is wrong");
        if (table_.vlans_.count != kVlanCount ||
            !all(kVlanCount, [&](std::size_t i) { return is_right(table_.vlans_[i]); }))
            return damaged("its VLANs are wrong");
        return {};
    }

    bool is_right_category(std::size_t index) const {
        const ZoneCategory category = table_.categories_[index];
        return category.name_size != 0 && category.reserved == 0 && category.name_offset <= strings_.count &&
               category.name_size <= strings_.count - category.name_offset;
    }

    Status check_categories() const {
        const std::size_t count = table_.categories_.count;
        if (count > 0xffff || !all(count, [&](std::size_t i) { return is_right_category(i); }))
            return damaged("a category is wrong");
        if (modes_.count != table_.zones_.count * count ||
            !all(modes_.count, [&](std::size_t i) { return modes_[i] < kZoneModes; }))
            return damaged("its modes are wrong");
        const std::string_view digest(header_.rule_set_digest, sizeof header_.rule_set_digest);
        if (digest.find_first_not_of("0123456789abcdef") != digest.npos)
            return damaged("the rule set's digest is none");
        return {};
    }

    bool is_right_pair(std::size_t index) const {
        const ZonePair pair = table_.pairs_[index];
        if (!is_padded(pair.name) || !is_zone_name(pair.name) || !is_right(pair.zones)) return false;
        return all(index, [&](std::size_t i) { return std::strcmp(table_.pairs_[i].name, pair.name) != 0; });
    }

    Status check_pairs() const {
        if (!is_right(header_.any_pair)) return damaged("its pairs are wrong");
        if (table_.pairs_.count > kZonePairLimit ||
            !all(table_.pairs_.count, [&](std::size_t i) { return is_right_pair(i); }))
            return damaged("a pair is wrong");
        return {};
    }

    bool is_right_ipv4(std::size_t index) const {
        const Ipv4Step step = table_.ipv4_[index];
        const bool in_order = index == 0 ? step.first == 0 : table_.ipv4_[index - 1].first < step.first;
        return in_order && step.reserved == 0 && is_right(step.zones);
    }

    bool is_right_ipv6(std::size_t index) const {
        const auto begin = [&](std::size_t i) { return std::pair(table_.ipv6_[i].high, table_.ipv6_[i].low); };
        const bool in_order =
            index == 0 ? begin(0) == std::pair<std::uint64_t, std::uint64_t>(0, 0) : begin(index - 1) < begin(index);
        return in_order && is_right(table_.ipv6_[index].zones);
    }

    Status check_addresses() const {
        if (table_.ipv4_.count == 0 || !all(table_.ipv4_.count, [&](std::size_t i) { return is_right_ipv4(i); }))
            return damaged("its IPv4 prefixes are wrong");
        if (table_.ipv6_.count == 0 || !all(table_.ipv6_.count, [&](std::size_t i) { return is_right_ipv6(i); }))
            return damaged("its IPv6 prefixes are wrong");
        return {};
    }

    bool is_right_device(std::size_t index) const {
        const std::uint64_t device = table_.devices_[index];
        const bool in_order = index == 0 || table_.devices_[index - 1] >> 16 < device >> 16;
        return in_order && (device & 0xffff) < table_.device_classes_.count;
    }

    Status check_devices() const {
        if (!is_right(header_.any_device) ||
            !all(table_.device_classes_.count, [&](std::size_t i) { return is_right(table_.device_classes_[i]); }))
            return damaged("its classes of devices are wrong");
        if (!all(table_.devices_.count, [&](std::size_t i) { return is_right_device(i); }))
            return damaged("its devices are out of order, or of no class");
        return {};
    }

    Bytes bytes_;
    const ZoneTableHeader& header_;
    ZoneTable table_;
    Array<std::uint8_t> modes_;
    Array<char> strings_;
};

tl::expected<ZoneTable, std::string> ZoneTable::load(Bytes table) {
    const auto header = read_header(table);
    if (!header) return tl::unexpected(header.error());
    return Reader(table, *header).read();
}

ZoneSet ZoneTable::zones_of_device(std::uint64_t device) const noexcept {
    const std::size_t end = count_until(devices_.count, [&](std::size_t i) { return devices_[i] >> 16 > device; });
    if (end == 0 || devices_[end - 1] >> 16 != device) return any_device_;
    return device_classes_[devices_[end - 1] & 0xffff];
}

ZoneSet ZoneTable::zones_of_address(const IpAddress& address, bool ipv6) const noexcept {
    if (!ipv6) {
        const auto number = load_be<std::uint32_t>(address.bytes.data());
        return ipv4_[count_until(ipv4_.count, [&](std::size_t i) { return ipv4_[i].first > number; }) - 1].zones;
    }
    const std::pair number(load_be<std::uint64_t>(address.bytes.data()),
                           load_be<std::uint64_t>(address.bytes.data() + 8));
    const auto is_above = [&](std::size_t i) { return std::pair(ipv6_[i].high, ipv6_[i].low) > number; };
    return ipv6_[count_until(ipv6_.count, is_above) - 1].zones;
}

std::size_t ZoneTable::zone_of(const ZoneQuery& query) const noexcept {
    ZoneSet zones = query.pair < pairs_.count ? pairs_[query.pair].zones : any_pair_;
    zones &= vlans_[query.outer_vlan % kVlanCount] | vlans_[query.inner_vlan % kVlanCount];
    zones &= zones_of_address(query.client, query.ipv6);
    zones &= zones_of_device(query.device);
    return static_cast<std::size_t>(std::countr_zero(zones));
}

std::uint16_t ZoneTable::pair_index(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < pairs_.count; ++i)
        if (text_at(pairs_.first + i * sizeof(ZonePair), sizeof ZonePair::name) == name)
            return static_cast<std::uint16_t>(i);
    return ZoneQuery::kOtherPair;
}

std::string_view ZoneTable::name(std::size_t zone) const noexcept {
    return text_at(zones_.first + zone * sizeof(ZoneRecord) + offsetof(ZoneRecord, name), sizeof ZoneRecord::name);
}

std::string_view ZoneTable::language(std::size_t zone) const noexcept {
    return text_at(zones_.first + zone * sizeof(ZoneRecord) + offsetof(ZoneRecord, language),
                   sizeof ZoneRecord::language);
}

std::string_view ZoneTable::category(std::size_t category) const noexcept {
    const ZoneCategory record = categories_[category];
    return {reinterpret_cast<const char*>(strings_) + record.name_offset, record.name_size};
}

std::string_view ZoneTable::rule_set_digest() const noexcept {
    return as_text({table_ + offsetof(ZoneTableHeader, rule_set_digest), sizeof ZoneTableHeader::rule_set_digest});
}

}  // namespace sluis
