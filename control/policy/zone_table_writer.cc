#include "control/policy/zone_table_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace sluis {
namespace {

/// An address as a number: the first eight bytes, and the second.
using Number = std::pair<std::uint64_t, std::uint64_t>;

/// From here on, one prefix more or less of a zone.
struct Edge {
    Number at;
    std::size_t zone;
    int change;
};

struct Step {
    Number first;
    ZoneSet zones;
};

Number first_of(const AddressPrefix& prefix) {
    return {load_be<std::uint64_t>(prefix.address.bytes.data()),
            load_be<std::uint64_t>(prefix.address.bytes.data() + 8)};
}

/// The number behind the prefix's last one; nothing behind the last of all. An IPv4 address is the upper half of the
/// first eight bytes.
std::optional<Number> behind(const AddressPrefix& prefix) {
    auto [high, low] = first_of(prefix);
    if (prefix.length == 0) return std::nullopt;
    if (prefix.length <= 64) {
        const std::uint64_t size = std::uint64_t{1} << (64 - prefix.length);
        high += size;
        return high == 0 ? std::nullopt : std::optional<Number>({high, 0});
    }
    low += std::uint64_t{1} << (128 - prefix.length);
    if (low == 0) ++high;
    return high == 0 && low == 0 ? std::nullopt : std::optional<Number>({high, low});
}

/// Zones that have no matcher of a kind.
template <typename Has>
ZoneSet zones_without(const std::vector<ZoneEntry>& zones, Has&& has) {
    ZoneSet set = 0;
    for (std::size_t i = 0; i < zones.size(); ++i)
        if (!has(zones[i])) set |= ZoneSet{1} << i;
    return set;
}

/// The zones of each address, by where they change, walking once over all prefixes' ends.
std::vector<Step> steps_of(const std::vector<ZoneEntry>& zones, bool ipv6) {
    std::vector<Edge> edges;
    for (std::size_t i = 0; i < zones.size(); ++i) {
        for (const AddressPrefix& prefix : zones[i].prefixes) {
            if (prefix.ipv6 != ipv6) continue;
            edges.push_back({first_of(prefix), i, 1});
            if (const auto end = behind(prefix)) edges.push_back({*end, i, -1});
        }
    }
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.at < b.at; });
    const ZoneSet always = zones_without(zones, [](const ZoneEntry& zone) { return !zone.prefixes.empty(); });
    std::array<int, kZoneLimit> depth{};
    ZoneSet current = always;
    std::vector<Step> steps{{{0, 0}, always}};
    for (std::size_t i = 0; i < edges.size();) {
        const Number at = edges[i].at;
        for (; i < edges.size() && edges[i].at == at; ++i) {
            const ZoneSet bit = ZoneSet{1} << edges[i].zone;
            depth[edges[i].zone] += edges[i].change;
            current = depth[edges[i].zone] > 0 ? current | bit : current & ~bit;
        }
        if (at == Number{0, 0}) steps.back().zones = current;
        if (current != steps.back().zones) steps.push_back({at, current});
    }
    return steps;
}

/// Devices by their numbers, with the zones that list each.
std::vector<std::pair<std::uint64_t, ZoneSet>> merge_devices(const std::vector<ZoneEntry>& zones) {
    std::vector<std::pair<std::uint64_t, ZoneSet>> all;
    for (std::size_t i = 0; i < zones.size(); ++i)
        if (zones[i].devices)
            for (const std::uint64_t device : *zones[i].devices) all.emplace_back(device, ZoneSet{1} << i);
    std::sort(all.begin(), all.end());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (kept > 0 && all[kept - 1].first == all[i].first) {
            all[kept - 1].second |= all[i].second;
        } else {
            all[kept++] = all[i];
        }
    }
    all.resize(kept);
    return all;
}

/// Puts the parts of a table one behind the other.
class Image {
public:
    Image() : bytes_(sizeof(ZoneTableHeader)) {}

    template <typename T>
    CompiledSection add(const std::vector<T>& items) {
        bytes_.resize((bytes_.size() + 7) / 8 * 8);
        const std::size_t offset = bytes_.size();
        const auto* const first = reinterpret_cast<const std::byte*>(items.data());
        bytes_.insert(bytes_.end(), first, first + items.size() * sizeof(T));
        return {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(bytes_.size() - offset)};
    }
    std::vector<std::byte> finish(ZoneTableHeader& header) {
        header.magic = kZoneTableMagic;
        header.version = kZoneTableVersion;
        header.header_size = sizeof header;
        header.file_size = bytes_.size();
        std::memcpy(bytes_.data(), &header, sizeof header);
        header.digest = sha256(Bytes(bytes_).subspan(kZoneDigestFrom));
        std::memcpy(bytes_.data(), &header, sizeof header);
        return std::move(bytes_);
    }

private:
    std::vector<std::byte> bytes_;
};

template <std::size_t N>
void copy_text(const std::string& text, char (&field)[N]) {
    std::memcpy(field, text.data(), std::min(text.size(), N - 1));
}

std::string problem_of(const ZoneEntry& zone, std::size_t categories) {
    if (!is_zone_name(zone.name))
        return fmt::format("its name has to have 1 to {} letters, digits, '.', '_' or '-'", kZoneNameSize);
    if (zone.language.size() > kZoneLanguageSize)
        return fmt::format("its language has more than {} bytes", kZoneLanguageSize);
    if (zone.modes.size() != categories)
        return fmt::format("it has {} modes for {} categories", zone.modes.size(), categories);
    if (std::any_of(zone.vlans.begin(), zone.vlans.end(), [](std::uint16_t id) { return id >= kVlanCount - 1; }))
        return "a VLAN identifier is above 4094";
    for (const std::string& pair : zone.pairs)
        if (pair.size() >= sizeof ZonePair::name) return fmt::format("pair \"{}\" is none: its name is too long", pair);
    return "";
}

std::string problem_of(const ZonePlan& plan) {
    if (plan.zones.empty() || plan.zones.size() > kZoneLimit)
        return fmt::format("there are {} zones, and 1 to {} may be, with the last one for everybody else",
                           plan.zones.size(), kZoneLimit);
    if (plan.categories.size() > 0xffff) return "there are too many categories";
    if (plan.rule_set_digest.size() != sizeof ZoneTableHeader::rule_set_digest) return "the rule set has no digest";
    const ZoneEntry& last = plan.zones.back();
    if (!last.vlans.empty() || !last.pairs.empty() || !last.prefixes.empty() || last.devices)
        return fmt::format("the last zone, \"{}\", does not match everybody", last.name);
    for (const ZoneEntry& zone : plan.zones)
        if (const std::string problem = problem_of(zone, plan.categories.size()); !problem.empty())
            return fmt::format("zone \"{}\": {}", zone.name, problem);
    return "";
}

std::vector<ZoneSet> vlan_sets(const std::vector<ZoneEntry>& zones) {
    const ZoneSet any = zones_without(zones, [](const ZoneEntry& zone) { return !zone.vlans.empty(); });
    std::vector<ZoneSet> sets(kVlanCount, any);
    for (std::size_t i = 0; i < zones.size(); ++i)
        for (const std::uint16_t id : zones[i].vlans) sets[id] |= ZoneSet{1} << i;
    return sets;
}

std::vector<ZonePair> pair_sets(const std::vector<ZoneEntry>& zones, ZoneSet any) {
    std::map<std::string, ZoneSet> sets;
    for (std::size_t i = 0; i < zones.size(); ++i)
        for (const std::string& pair : zones[i].pairs) sets.emplace(pair, any).first->second |= ZoneSet{1} << i;
    std::vector<ZonePair> pairs;
    for (const auto& [name, set] : sets) {
        ZonePair& pair = pairs.emplace_back();
        copy_text(name, pair.name);
        pair.zones = set;
    }
    return pairs;
}

/// Writes the parts, and where they lie into the header.
class Writer {
public:
    explicit Writer(const ZonePlan& plan) : plan_(plan) {}

    bool too_many_classes() const noexcept { return too_many_classes_; }

    std::vector<std::byte> write() {
        header_.generation = plan_.generation;
        std::memcpy(header_.rule_set_digest, plan_.rule_set_digest.data(), sizeof header_.rule_set_digest);
        write_zones();
        write_categories();
        header_.vlans = image_.add(vlan_sets(plan_.zones));
        header_.any_pair = zones_without(plan_.zones, [](const ZoneEntry& zone) { return !zone.pairs.empty(); });
        header_.pairs = image_.add(pair_sets(plan_.zones, header_.any_pair));
        write_addresses();
        write_devices();
        return image_.finish(header_);
    }

private:
    void write_zones() {
        std::vector<ZoneRecord> zones(plan_.zones.size());
        std::vector<ZoneMode> modes;
        for (std::size_t i = 0; i < zones.size(); ++i) {
            copy_text(plan_.zones[i].name, zones[i].name);
            copy_text(plan_.zones[i].language, zones[i].language);
            modes.insert(modes.end(), plan_.zones[i].modes.begin(), plan_.zones[i].modes.end());
        }
        header_.zones = image_.add(zones);
        header_.modes = image_.add(modes);
    }

    void write_categories() {
        std::vector<ZoneCategory> categories;
        std::vector<char> strings;
        for (const std::string& name : plan_.categories) {
            categories.push_back(
                {static_cast<std::uint32_t>(strings.size()), static_cast<std::uint16_t>(name.size()), 0});
            strings.insert(strings.end(), name.begin(), name.end());
        }
        header_.categories = image_.add(categories);
        header_.strings = image_.add(strings);
    }

    void write_addresses() {
        std::vector<Ipv4Step> ipv4;
        for (const Step& step : steps_of(plan_.zones, false))
            ipv4.push_back({static_cast<std::uint32_t>(step.first.first >> 32), 0, step.zones});
        std::vector<Ipv6Step> ipv6;
        for (const Step& step : steps_of(plan_.zones, true))
            ipv6.push_back({step.first.first, step.first.second, step.zones});
        header_.ipv4 = image_.add(ipv4);
        header_.ipv6 = image_.add(ipv6);
    }

    void write_devices() {
        header_.any_device = zones_without(plan_.zones, [](const ZoneEntry& zone) { return zone.devices.has_value(); });
        std::map<ZoneSet, std::size_t> numbers;
        std::vector<ZoneSet> classes;
        std::vector<std::uint64_t> devices;
        for (const auto& [device, listed] : merge_devices(plan_.zones)) {
            const ZoneSet zones = listed | header_.any_device;
            const auto [at, added] = numbers.emplace(zones, classes.size());
            if (added) classes.push_back(zones);
            devices.push_back(device << 16 | (at->second & 0xffff));
        }
        too_many_classes_ = classes.size() > 0x10000;
        header_.device_classes = image_.add(classes);
        header_.devices = image_.add(devices);
    }

    const ZonePlan& plan_;
    ZoneTableHeader header_{};
    Image image_;
    bool too_many_classes_ = false;
};

}  // namespace

tl::expected<std::vector<std::byte>, std::string> make_zone_table(const ZonePlan& plan) {
    if (std::string problem = problem_of(plan); !problem.empty()) return tl::unexpected(std::move(problem));
    Writer writer(plan);
    std::vector<std::byte> table = writer.write();
    if (writer.too_many_classes())
        return tl::unexpected<std::string>("devices are in zones in more than 65536 ways; have fewer device lists");
    // What is left to go wrong (a size, a name twice, a digest that is none) the reader knows.
    if (const auto loaded = ZoneTable::load(table); !loaded) return tl::unexpected(loaded.error());
    return table;
}

}  // namespace sluis
