// Clients and the zone that each falls into; tables that are wrong in one place each.
#include "dataplane/interface/zone_table.h"

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "control/policy/zone_table_writer.h"
#include "counting_allocator.h"

namespace sluis {
namespace {

constexpr auto kOff = ZoneMode::off, kMonitor = ZoneMode::monitor, kEnforce = ZoneMode::enforce;
const std::string kDigest(64, 'a');

AddressPrefix prefix(std::string_view text) { return *read_address_prefix(text); }

ZoneEntry zone(std::string name) {
    ZoneEntry entry;
    entry.name = std::move(name);
    entry.modes = {kEnforce, kOff};
    return entry;
}

/// An office with a zone of each kind, one of two kinds, and one within another's prefix.
ZonePlan office() {
    ZonePlan plan{kDigest, 7, {"tiktok", "encrypted-dns"}, {}};
    ZoneEntry wifi = zone("wifi");
    wifi.vlans = {20, 30};
    wifi.language = "nl";
    ZoneEntry lab = zone("lab");
    lab.prefixes = {prefix("10.1.2.0/24"), prefix("2001:db8:0:2::/64"), prefix("10.1.4.128/25"),
                    prefix("10.1.2.64/26")};
    lab.modes = {kOff, kOff};
    ZoneEntry building = zone("building");
    building.prefixes = {prefix("10.1.0.0/16"), prefix("2001:db8::/32")};
    ZoneEntry annex = zone("annex");
    annex.pairs = {"pair1"};
    annex.vlans = {0};
    ZoneEntry devices = zone("devices");
    devices.devices = {{0x02'0000'00ff'01, 0x02'0000'0000'03, 0x02'0000'0000'03, 0xffff'ffff'fffe}};
    devices.modes = {kMonitor, kEnforce};
    ZoneEntry top = zone("top");
    top.prefixes = {prefix("255.255.255.0/24"), prefix("ff00::/8")};
    plan.zones = {wifi, lab, building, annex, devices, top, zone("default")};
    return plan;
}

long count_of_allocations() {
#if SLUIS_OWN_MALLOC
    return allocations;
#else
    return 0;
#endif
}

struct Client {
    std::string_view address;
    std::uint16_t outer = 0, inner = 0;
    std::string_view pair = "pair0";
    std::uint64_t device = 0;
    std::string_view zone;
};

ZoneQuery query_of(const ZoneTable& table, const Client& client) {
    const AddressPrefix address = *read_address(client.address);
    return {table.pair_index(client.pair), client.outer, client.inner, address.ipv6, client.device, address.address};
}

TEST(ZoneTable, FindsTheFirstZoneThatMatches) {
    const auto image = *make_zone_table(office());
    const auto table = ZoneTable::load(image);
    ASSERT_TRUE(table) << table.error();
    const Client clients[] = {
        {.address = "192.0.2.1", .zone = "default"},
        {.address = "192.0.2.1", .outer = 20, .inner = 20, .zone = "wifi"},
        {.address = "192.0.2.1", .outer = 30, .inner = 30, .zone = "wifi"},
        {.address = "192.0.2.1", .outer = 21, .inner = 21, .zone = "default"},
        {.address = "192.0.2.1", .outer = 7, .inner = 20, .zone = "wifi"},
        {.address = "192.0.2.1", .outer = 20, .inner = 7, .zone = "wifi"},
        {.address = "10.1.2.9", .outer = 20, .inner = 20, .zone = "wifi"},
        {.address = "10.1.2.9", .zone = "lab"},
        {.address = "10.1.1.255", .zone = "building"},
        {.address = "10.1.2.0", .zone = "lab"},
        {.address = "10.1.2.255", .zone = "lab"},
        {.address = "10.1.3.0", .zone = "building"},
        {.address = "10.1.4.127", .zone = "building"},
        {.address = "10.1.4.128", .zone = "lab"},
        {.address = "10.1.5.0", .zone = "building"},
        {.address = "10.0.255.255", .zone = "default"},
        {.address = "10.2.0.0", .zone = "default"},
        {.address = "255.255.255.255", .zone = "top"},
        {.address = "255.255.254.255", .zone = "default"},
        {.address = "0.0.0.0", .zone = "default"},
        {.address = "2001:db8::1", .zone = "building"},
        {.address = "2001:db8:0:2:ffff::1", .zone = "lab"},
        {.address = "2001:db8:0:3::", .zone = "building"},
        {.address = "2001:db9::", .zone = "default"},
        {.address = "::", .zone = "default"},
        {.address = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .zone = "top"},
        {.address = "192.0.2.1", .pair = "pair1", .zone = "annex"},
        {.address = "192.0.2.1", .outer = 9, .inner = 9, .pair = "pair1", .zone = "default"},
        {.address = "192.0.2.1", .pair = "pair2", .zone = "default"},
        {.address = "192.0.2.1", .device = 0x02'0000'0000'03, .zone = "devices"},
        {.address = "192.0.2.1", .device = 0x02'0000'00ff'01, .zone = "devices"},
        {.address = "192.0.2.1", .device = 0xffff'ffff'fffe, .zone = "devices"},
        {.address = "192.0.2.1", .device = 0xffff'ffff'ffff, .zone = "default"},
        {.address = "192.0.2.1", .device = 0x02'0000'0000'04, .zone = "default"},
        {.address = "10.1.9.9", .device = 0x02'0000'0000'03, .zone = "building"},
    };
    for (const Client& client : clients) {
        EXPECT_EQ(table->name(table->zone_of(query_of(*table, client))), client.zone)
            << client.address << " " << client.outer << "." << client.inner << " " << client.pair << " "
            << client.device;
    }
}

TEST(ZoneTable, SaysWhatWasWritten) {
    const auto image = *make_zone_table(office());
    const auto table = *ZoneTable::load(image);
    EXPECT_EQ(table.zone_count(), 7u);
    EXPECT_EQ(table.category_count(), 2u);
    EXPECT_EQ(table.device_count(), 3u);
    EXPECT_EQ(table.generation(), 7u);
    EXPECT_EQ(table.rule_set_digest(), kDigest);
    EXPECT_EQ(table.category(0), "tiktok");
    EXPECT_EQ(table.category(1), "encrypted-dns");
    EXPECT_EQ(table.language(0), "nl");
    EXPECT_EQ(table.language(1), "");
    EXPECT_EQ(table.mode(1, 0), kOff);
    EXPECT_EQ(table.mode(4, 0), kMonitor);
    EXPECT_EQ(table.mode(4, 1), kEnforce);
    EXPECT_EQ(table.mode(6, 1), kOff);
}

TEST(ZoneTable, LooksUpAmongManyDevicesWithoutAllocating) {
    ZonePlan plan = office();
    std::vector<std::uint64_t>& devices = *plan.zones[4].devices;
    devices.clear();
    for (std::uint64_t i = 0; i < 100'000; ++i) devices.push_back(0x0200'0000'0000 + i * 7919 % 0xff'ffff);
    const auto image = *make_zone_table(plan);
    const auto table = *ZoneTable::load(image);
    EXPECT_EQ(table.device_count(), devices.size());
    const long before = count_of_allocations();
    std::size_t found = 0;
    ZoneQuery query;
    for (std::uint64_t device : devices) query.device = device, found += table.zone_of(query) == 4;
    EXPECT_EQ(count_of_allocations(), before);
    EXPECT_EQ(found, devices.size());
    query.device = 0x0200'0000'0000 + 0xff'ffff;
    EXPECT_EQ(table.zone_of(query), 6u);
}

TEST(ZoneTable, HoldsAsManyZonesAsBits) {
    ZonePlan plan = office();
    plan.zones.clear();
    for (std::uint16_t i = 1; i < kZoneLimit; ++i)
        plan.zones.push_back(zone("z" + std::to_string(i))), plan.zones.back().vlans = {i};
    plan.zones.push_back(zone("rest"));
    const auto image = *make_zone_table(plan);
    const auto table = *ZoneTable::load(image);
    ZoneQuery query;
    query.outer_vlan = query.inner_vlan = 63;
    EXPECT_EQ(table.name(table.zone_of(query)), "z63");
    query.outer_vlan = query.inner_vlan = 64;
    EXPECT_EQ(table.name(table.zone_of(query)), "rest");
    query.outer_vlan = query.inner_vlan = 0xffff;  // no identifier at all, and no look-up outside
    EXPECT_EQ(table.name(table.zone_of(query)), "rest");
    plan.zones.insert(plan.zones.begin(), zone("one-more"));
    EXPECT_FALSE(make_zone_table(plan));
}

TEST(ZoneTable, WriterRefusesWhatMakesNoTable) {
    const std::vector<std::pair<std::string, std::function<void(ZonePlan&)>>> rows = {
        {"no zone", [](ZonePlan& plan) { plan.zones.clear(); }},
        {"a narrow last zone", [](ZonePlan& plan) { plan.zones.pop_back(); }},
        {"an empty list of devices last", [](ZonePlan& plan) { plan.zones.back().devices.emplace(); }},
        {"too few modes", [](ZonePlan& plan) { plan.zones[0].modes.pop_back(); }},
        {"VLAN 4095", [](ZonePlan& plan) { plan.zones[0].vlans = {4095}; }},
        {"no name", [](ZonePlan& plan) { plan.zones[0].name = ""; }},
        {"a long name", [](ZonePlan& plan) { plan.zones[0].name = std::string(32, 'x'); }},
        {"a name with a space", [](ZonePlan& plan) { plan.zones[0].name = "a b"; }},
        {"two of a name", [](ZonePlan& plan) { plan.zones[0].name = plan.zones[1].name; }},
        {"a language with a space", [](ZonePlan& plan) { plan.zones[0].language = "n l"; }},
        {"a pair without a name", [](ZonePlan& plan) { plan.zones[3].pairs = {""}; }},
        {"a long name of a pair", [](ZonePlan& plan) { plan.zones[3].pairs = {std::string(16, 'x')}; }},
        {"no digest", [](ZonePlan& plan) { plan.rule_set_digest = ""; }},
        {"a digest of something", [](ZonePlan& plan) { plan.rule_set_digest = std::string(64, 'G'); }},
    };
    for (const auto& [what, change] : rows) {
        ZonePlan plan = office();
        change(plan);
        const auto table = make_zone_table(plan);
        ASSERT_FALSE(table) << what;
        EXPECT_EQ(table.error().find('\n'), std::string::npos);
    }
}

TEST(ZoneTable, ADeviceListWithoutDevicesLetsNobodyThrough) {
    ZonePlan plan = office();
    plan.zones[4].devices.emplace();
    const auto image = *make_zone_table(plan);
    const auto table = *ZoneTable::load(image);
    EXPECT_EQ(table.name(table.zone_of({})), "default");
}

/// A change behind the digest, which is made right again.
using Damage = std::function<void(ZoneTableHeader&, std::vector<std::byte>&)>;

template <typename T>
Damage set_at(CompiledSection ZoneTableHeader::*section, std::size_t index, T value) {
    return [=](ZoneTableHeader& header, std::vector<std::byte>& image) {
        std::memcpy(image.data() + (header.*section).offset + index * sizeof(T), &value, sizeof value);
    };
}

TEST(ZoneTable, RefusesWhatCouldLeadALookUpAstray) {
    using Header = ZoneTableHeader;
    const ZoneSet last = ZoneSet{1} << 6;
    const std::vector<std::pair<std::string, Damage>> rows = {
        {"magic", [](Header& header, auto&) { header.magic ^= 1; }},
        {"version", [](Header& header, auto&) { ++header.version; }},
        {"size of the header", [](Header& header, auto&) { --header.header_size; }},
        {"size", [](Header& header, auto&) { ++header.file_size; }},
        {"digest of the rules", [](Header& header, auto&) { header.rule_set_digest[3] = 'x'; }},
        {"no zone", [](Header& header, auto&) { header.zones.size = 0; }},
        {"a zone too few", [](Header& header, auto&) { header.zones.size -= sizeof(ZoneRecord); }},
        {"half a zone", [](Header& header, auto&) { header.zones.size -= 1; }},
        {"a part in the header", [](Header& header, auto&) { header.zones.offset = 8; }},
        {"a part behind the end", [](Header& header, auto&) { header.devices.offset = 0xffff'fff8; }},
        {"a part beyond the end", [](Header& header, auto&) { header.devices.size += 8; }},
        {"no default for pairs", [&](Header& header, auto&) { header.any_pair &= ~last; }},
        {"a zone too many for pairs", [&](Header& header, auto&) { header.any_pair |= last << 1; }},
        {"no default for devices", [&](Header& header, auto&) { header.any_device = 1; }},
        {"no address", [](Header& header, auto&) { header.ipv4.size = 0; }},
        {"no IPv6 address", [](Header& header, auto&) { header.ipv6.size = 0; }},
        {"too few VLANs", [](Header& header, auto&) { header.vlans.size -= 8; }},
        {"a mode", set_at(&Header::modes, 3, std::uint8_t{3})},
        {"a mode too few", [](Header& header, auto&) { header.modes.size -= 1; }},
        {"a VLAN's set", set_at(&Header::vlans, 4095, ZoneSet{1})},
        {"a zone's name", set_at(&Header::zones, 0, '\n')},
        {"what follows a zone's name", set_at(&Header::zones, 31, 'x')},
        {"a zone's language", set_at(&Header::zones, 32, ' ')},
        {"a pair's name", set_at(&Header::pairs, 0, '\0')},
        {"a pair's set", set_at(&Header::pairs, 2, ZoneSet{0})},
        {"a category's name", set_at(&Header::categories, 0, std::uint32_t{1000})},
        {"the first address", set_at(&Header::ipv4, 0, std::uint32_t{1})},
        {"the addresses' order", set_at(&Header::ipv4, 4, std::uint32_t{0})},
        {"an address's set", set_at(&Header::ipv4, 1, ZoneSet{0})},
        {"the first IPv6 address", set_at(&Header::ipv6, 1, std::uint64_t{1})},
        {"the IPv6 addresses' order", set_at(&Header::ipv6, 3, std::uint64_t{0})},
        {"an IPv6 address's set", set_at(&Header::ipv6, 2, ZoneSet{0})},
        {"a class's set", set_at(&Header::device_classes, 0, ZoneSet{0})},
        {"a device's class", set_at(&Header::devices, 0, std::uint64_t{0x2'0000'0000'0300'01})},
        {"the devices' order", set_at(&Header::devices, 1, std::uint64_t{0})},
    };
    const auto whole = *make_zone_table(office());
    for (const auto& [what, change] : rows) {
        auto image = whole;
        ZoneTableHeader header;
        std::memcpy(&header, image.data(), sizeof header);
        change(header, image);
        std::memcpy(image.data(), &header, sizeof header);
        header.digest = sha256(Bytes(image).subspan(kZoneDigestFrom));
        std::memcpy(image.data(), &header, sizeof header);
        const auto table = ZoneTable::load(image);
        ASSERT_FALSE(table) << what;
        EXPECT_EQ(table.error().find('\n'), std::string::npos) << what;
    }
}

TEST(ZoneTable, RefusesEveryChangedByteAndEveryCut) {
    ZonePlan plan = office();
    const auto whole = *make_zone_table(plan);
    for (std::size_t i = 0; i < whole.size(); i += i < 300 ? 1 : 997) {
        auto image = whole;
        image[i] ^= std::byte{1};
        EXPECT_FALSE(ZoneTable::load(image)) << i;
        EXPECT_FALSE(ZoneTable::load(Bytes(whole).first(i))) << i;
    }
    auto grown = whole;
    grown.push_back({});
    EXPECT_FALSE(ZoneTable::load(grown));
    EXPECT_TRUE(ZoneTable::load(whole));
}

TEST(ZoneTable, LiesAtAnyAddress) {
    const auto image = *make_zone_table(office());
    std::vector<std::byte> shifted(image.size() + 1);
    std::memcpy(shifted.data() + 1, image.data(), image.size());
    const auto table = ZoneTable::load(Bytes(shifted).subspan(1));
    ASSERT_TRUE(table) << table.error();
    EXPECT_EQ(table->name(table->zone_of(query_of(*table, {.address = "10.1.2.3", .zone = ""}))), "lab");
}

}  // namespace
}  // namespace sluis
