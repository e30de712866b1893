// Verdicts by zone and category: whom a rule holds for, what is counted where, and names that always pass.
#include "dataplane/generation.h"

#include <gmock/gmock.h>

#include "control/policy/zone_table_writer.h"
#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"
#include "tests/unit/two_rule_sets.h"

namespace sluis::test {
namespace {

using testing::HasSubstr;

constexpr auto kOff = ZoneMode::off, kMonitor = ZoneMode::monitor, kEnforce = ZoneMode::enforce;
constexpr std::uint64_t kStation = 0x02'00c0'0002'63;  ///< an address of nobody's

ZoneEntry zone(std::string name, ZoneMode mode) {
    ZoneEntry entry;
    entry.name = std::move(name);
    entry.modes = {mode};
    return entry;
}

std::shared_ptr<const ZoneImage> image(const ZonePlan& plan) {
    auto bytes = make_zone_table(plan);
    if (!bytes) ADD_FAILURE() << bytes.error();
    auto loaded = ZoneImage::load(std::move(*bytes));
    if (!loaded) ADD_FAILURE() << loaded.error();
    return *loaded;
}

/// Guests (10.0.0.0/8) pass, staff (192.0.2.10) is monitored, a pair's zone, and everybody else is refused.
struct Zones : testing::Test {
    Zones() {
        ZoneEntry guests = zone("guests", kOff), staff = zone("staff", kMonitor), lab = zone("lab", kOff);
        guests.prefixes = {*read_address_prefix("10.0.0.0/8")};
        staff.prefixes = {*read_address_prefix("192.0.2.10/32")};
        lab.pairs = {"lab"};
        plan = {std::string(rules->digest()), 7, {"tiktok"}, {lab, guests, staff, zone("default", kEnforce)}};
        use();
    }
    void use(std::vector<WorkerPairs> pairs = {{"pair0"}}) {
        auto made = Generation::make({.number = ++number,
                                      .rules = rules,
                                      .policy = harness.policy,
                                      .zones = image(plan),
                                      .pairs_of_worker = std::move(pairs)},
                                     labels);
        ASSERT_TRUE(made) << made.error();
        harness.use(std::move(*made));
    }
    bool passes_for(const std::string& client) {
        const Buffer query = udp(port++, 53, buffer(dns_query_text("www.tiktok.com")));
        const auto sent = harness.from_client(ethernet(ipv4({.source = client, .protocol = kProtocolUdp}, query)));
        return passed(sent);
    }
    std::uint64_t count(const LiveZoneCounts& counts, std::string_view zone_name) const {
        std::uint64_t sum = 0;
        for (std::size_t slot = 0; slot < kZoneSlots; ++slot)
            if (zone_name == labels.zones[slot])
                for (const auto& category : counts[slot])
                    for (const std::uint64_t each : category) sum += each;
        return sum;
    }

    PipelineHarness harness;
    std::shared_ptr<const RuleSet> rules = rules_of(source_of("tiktok.com"));
    ZonePlan plan;
    CounterLabels labels{};
    std::uint64_t number = 0;
    int port = 40000;
};

TEST_F(Zones, SayForWhomACategoryIsRefused) {
    EXPECT_TRUE(passes_for("10.1.2.3"));
    EXPECT_TRUE(passes_for("192.0.2.10"));
    EXPECT_FALSE(passes_for("192.0.2.11"));
    const auto dns = static_cast<std::size_t>(Protocol::dns);
    EXPECT_EQ(harness.counters.names_allowed[dns], 1u);
    EXPECT_EQ(harness.counters.names_monitored[dns], 1u);
    EXPECT_EQ(harness.counters.names_blocked[dns], 1u);
    EXPECT_EQ(count(harness.counters.zone_blocked, "default"), 1u);
    EXPECT_EQ(count(harness.counters.zone_monitored, "staff"), 1u);
    EXPECT_EQ(count(harness.counters.zone_blocked, "staff") + count(harness.counters.zone_monitored, "guests"), 0u);
}

TEST_F(Zones, APairIsLookedUpByItsName) {
    EXPECT_FALSE(passes_for("192.0.2.11"));
    use({{"lab"}});
    EXPECT_TRUE(passes_for("192.0.2.11"));
}

TEST_F(Zones, ALinkIsLookedUpByItsPairsNameThenByItsSets) {
    use({{"lag", {"first", "lab"}}});
    EXPECT_FALSE(passes_for("192.0.2.11"));
    harness.io.link = 1;
    EXPECT_TRUE(passes_for("192.0.2.11"));
    use({{"lab", {"first", "second"}}});
    EXPECT_TRUE(passes_for("192.0.2.11"));
    harness.io.link = 0;
    EXPECT_TRUE(passes_for("192.0.2.11"));
}

TEST_F(Zones, TheClientOfAnAnswerIsItsDestination) {
    const auto hello = [&](const std::string& client) {
        TcpPair pair(harness, 443, 1000, 5000, port++);
        pair.client_address = client;
        pair.connect();
        return passed(pair.send(tls_hello("www.tiktok.com")));
    };
    EXPECT_TRUE(hello("10.9.9.9"));
    EXPECT_FALSE(hello("198.18.0.1"));
}

TEST_F(Zones, ADeviceIsKnownByItsStationsAddress) {
    ZoneEntry devices = zone("devices", kOff);
    devices.devices = {{kStation}};
    plan.zones = {devices, zone("default", kEnforce)};
    use();
    Buffer frame = ethernet(ipv4({.protocol = kProtocolUdp}, udp(40000, 53, buffer(dns_query_text("www.tiktok.com")))));
    EXPECT_FALSE(passed(harness.from_client(frame)));
    for (std::size_t i = 0; i < 6; ++i) frame[6 + i] = static_cast<std::byte>(kStation >> (40 - 8 * i));
    EXPECT_TRUE(passed(harness.from_client(frame)));
}

TEST_F(Zones, ClientsAreToldInTheirZonesLanguage) {
    harness.policy.dns.text = "no";
    harness.policy.dns_texts = {{{"nl", "nee"}, {"fr", "non"}, {"de", "nein"}}};
    const std::vector<std::pair<std::string, std::string>> languages{
        {"nl", "nee"}, {"nl-BE", "nee"}, {"FR", "non"}, {"de-AT", "nein"}, {"en", "no"}, {"", "no"}, {"nds", "no"}};
    for (const auto& [language, text] : languages) {
        ZoneEntry others = zone("others", kEnforce), everybody = zone("default", kEnforce);
        others.prefixes = {*read_address_prefix("10.0.0.0/8")};
        everybody.language = language;
        plan.zones = {others, everybody};
        use();
        Buffer query = buffer(dns_query_text("www.tiktok.com")) + buffer({0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0});
        put16(query, 10, 1);  // ARCOUNT
        const auto sent = harness.from_client(ethernet(ipv4({.protocol = kProtocolUdp}, udp(port++, 53, query))));
        ASSERT_EQ(sent.size(), 1u);
        EXPECT_TRUE(as_text(sent[0].bytes).ends_with(std::string({0, 15}) + text)) << language;
    }
}

TEST_F(Zones, SlotsStayWhenZonesMove) {
    EXPECT_FALSE(passes_for("192.0.2.11"));
    plan.zones = {zone("staff", kEnforce)};
    use();
    EXPECT_FALSE(passes_for("192.0.2.11"));
    EXPECT_EQ(count(harness.counters.zone_blocked, "default"), 1u);
    EXPECT_EQ(count(harness.counters.zone_blocked, "staff"), 1u);
}

TEST_F(Zones, WhatFindsNoSlotIsCountedInTheLast) {
    for (std::size_t i = 0; i < kZoneSlots; ++i) {
        plan.zones = {zone("z" + std::to_string(i), kEnforce)};
        use();
    }
    EXPECT_FALSE(passes_for("192.0.2.11"));
    std::uint64_t last = 0;
    for (const auto& category : harness.counters.zone_blocked[kZoneSlots - 1])
        for (const std::uint64_t each : category) last += each;
    EXPECT_EQ(last, 1u);
}

TEST_F(Zones, ATableForOtherRulesIsRefused) {
    plan.rule_set_digest = std::string(64, 'a');
    const auto other = Generation::make({.rules = rules, .zones = image(plan)}, labels);
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error(), HasSubstr("was made for the rule set aaaa"));
    plan.rule_set_digest = rules->digest();
    plan.categories = {"another"};
    const auto category = Generation::make({.rules = rules, .zones = image(plan)}, labels);
    ASSERT_FALSE(category);
    EXPECT_THAT(category.error(), HasSubstr("category 0 of the zone table is not the rule set's"));
}

TEST_F(Zones, AnAllowedNamePassesWhateverElseMatches) {
    RuleSource source = source_of("tiktok.com");
    RuleSource more = source_of("www.tiktok.com", "local-allow");
    source.categories.push_back(more.categories[0]);
    source.categories.back().allows = true;
    source.rules.push_back(more.rules[0]);
    source.rules.back().category = 1;
    rules = rules_of(source);
    plan = {std::string(rules->digest()), 8, {}, {zone("default", kEnforce)}};
    for (const Category& category : rules->categories()) plan.categories.emplace_back(category.name);
    plan.zones[0].modes = {kEnforce, kEnforce};
    use();
    EXPECT_TRUE(passes_for("192.0.2.11"));
    EXPECT_FALSE(passed(harness.from_client(
        ethernet(ipv4({.protocol = kProtocolUdp}, udp(41000, 53, buffer(dns_query_text("m.tiktok.com"))))))));
}

}  // namespace
}  // namespace sluis::test
