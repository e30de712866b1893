#include "dataplane/match/address_prefix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "control/rules/rule_prefix.h"

namespace sluis {
namespace {

using testing::HasSubstr;

IpAddress address(const std::string& text) { return read_address(text).value().address; }

TEST(AddressPrefix, IsReadInOneWayOnly) {
    for (const std::string text : {"192.0.2.0/24", "192.0.2.1/32", "0.0.0.0/0", "10.0.0.0/9", "2001:db8::/32",
                                   "2001:db8::1/128", "::/0", "2605:340:f018::/46"}) {
        const auto prefix = read_address_prefix(text);
        ASSERT_TRUE(prefix) << text;
        EXPECT_EQ(address_prefix_text(*prefix), text);
    }
    EXPECT_EQ(address_prefix_text(*read_address_prefix("2001:0DB8:0:0::/32")), "2001:db8::/32");
    for (const std::string text :
         {"", "/", "192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/024", "192.0.2.0/24 ",
          "192.0.2.1/24", "192.0.2/24", "192.0.2.0/24/24", "010.0.0.0/8", "2001:db8::/129", "2001:db8::1/64",
          "2605:340:f019::/46", "2001:db8::/4294967328", "::ffff:192.0.2.0/24", "tiktok.com/24", "192.0.2.0/2x"}) {
        EXPECT_FALSE(read_address_prefix(text)) << text;
    }
    EXPECT_FALSE(read_address_prefix(std::string("192.0.2.0\0/24", 13)));
    EXPECT_FALSE(read_address_prefix(std::string(200, '1') + "/8"));
}

TEST(AddressPrefix, OfARuleIsNotTooWide) {
    EXPECT_EQ(read_rule_prefix("2001:DB8::/32").value(), "2001:db8::/32");
    EXPECT_EQ(read_rule_prefix("10.0.0.0/8").value(), "10.0.0.0/8");
    EXPECT_THAT(read_rule_prefix("0.0.0.0/0").error(), HasSubstr("8 is the least"));
    EXPECT_THAT(read_rule_prefix("2000::/3").error(), HasSubstr("19 is the least"));
    EXPECT_THAT(read_rule_prefix("192.0.2.1/24").error(), HasSubstr("zeros beyond"));
}

TEST(AddressTable, FindsTheBordersOfPrefixes) {
    const std::vector<AddressRule> rules{{*read_address_prefix("71.18.8.0/24"), 7},
                                         {*read_address_prefix("71.18.8.0/22"), 5},
                                         {*read_address_prefix("71.18.12.0/24"), 6},
                                         {*read_address_prefix("255.255.255.255/32"), 8},
                                         {*read_address_prefix("2605:340:f018::/46"), 9}};
    const AddressTable table(rules);
    EXPECT_FALSE(table.empty());
    const std::pair<std::string, std::uint32_t> cases[] = {
        {"71.18.7.255", AddressTable::kNone},
        {"71.18.8.0", 5},
        {"71.18.8.77", 5},
        {"71.18.11.255", 5},
        {"71.18.12.0", 6},
        {"71.18.13.0", AddressTable::kNone},
        {"0.0.0.0", AddressTable::kNone},
        {"255.255.255.254", AddressTable::kNone},
        {"255.255.255.255", 8},
        {"2605:340:f017:ffff:ffff:ffff:ffff:ffff", AddressTable::kNone},
        {"2605:340:f018::", 9},
        {"2605:340:f01b:ffff:ffff:ffff:ffff:ffff", 9},
        {"2605:340:f01c::", AddressTable::kNone},
        {"4712:800::", AddressTable::kNone},  // begins with the bytes of 71.18.8.0
        {"::", AddressTable::kNone},
    };
    for (const auto& [text, rule] : cases)
        EXPECT_EQ(table.find(address(text), text.find(':') != text.npos), rule) << text;
    EXPECT_TRUE(AddressTable().empty());
    EXPECT_EQ(AddressTable().find(address("192.0.2.1"), false), AddressTable::kNone);
}

TEST(AddressTable, AnIPv4PrefixHoldsItsFormsInIPv6) {
    const std::vector<AddressRule> rules{{*read_address_prefix("71.18.8.0/22"), 5},
                                         {*read_address_prefix("71.18.12.1/32"), 6}};
    const AddressTable table(rules);
    const std::pair<std::string, std::uint32_t> cases[] = {
        {"::ffff:71.18.7.255", AddressTable::kNone},
        {"::ffff:71.18.8.0", 5},
        {"::ffff:71.18.11.255", 5},
        {"::ffff:71.18.12.0", AddressTable::kNone},
        {"::ffff:71.18.12.1", 6},
        {"64:ff9b::71.18.7.255", AddressTable::kNone},
        {"64:ff9b::71.18.8.0", 5},
        {"64:ff9b::71.18.12.1", 6},
        {"64:ff9b::1:4712:c01", AddressTable::kNone},
        {"2002:4712:7ff:ffff::", AddressTable::kNone},
        {"2002:4712:800::", 5},
        {"2002:4712:bff:ffff:ffff:ffff:ffff:ffff", 5},
        {"2002:4712:c01::1", 6},
        {"2002:4712:c02::", AddressTable::kNone},
        {"::71.18.8.0", AddressTable::kNone},
    };
    for (const auto& [text, rule] : cases) {
        EXPECT_EQ(table.find(address(text), true), rule) << text;
        for (const AddressRule& each : rules)
            EXPECT_EQ(covers(each.prefix, address(text), true), each.rule == rule) << text;
    }
    EXPECT_TRUE(covers(rules[0].prefix, address("71.18.9.0"), false));
    EXPECT_FALSE(covers(rules[0].prefix, address("71.18.7.0"), false));
    EXPECT_TRUE(covers(*read_address_prefix("2001:db8::/32"), address("2001:db8::1"), true));
}

TEST(AddressTable, AnIPv6RuleAroundAFormCountsFirst) {
    const std::vector<AddressRule> rules{{*read_address_prefix("71.18.8.0/22"), 5},
                                         {*read_address_prefix("2002:4700::/24"), 6},
                                         {*read_address_prefix("64:ff9b::4712:800/128"), 7}};
    const AddressTable table(rules);
    EXPECT_EQ(table.find(address("2002:4712:800::1"), true), 6u);
    EXPECT_EQ(table.find(address("64:ff9b::4712:800"), true), 5u);
}

/// Few bits that vary, so that prefixes nest and addresses hit.
AddressPrefix random_prefix(std::mt19937& random) {
    AddressPrefix prefix;
    prefix.ipv6 = random() % 2 == 0;
    prefix.length = static_cast<std::uint8_t>(random() % (prefix.ipv6 ? 129 : 33));
    for (std::size_t i = 0; i < (prefix.ipv6 ? 16U : 4U); ++i) {
        const unsigned kept = std::clamp<unsigned>(prefix.length, 8 * i, 8 * i + 8) - 8 * i;
        prefix.address.bytes[i] = static_cast<std::byte>((random() % 2 * 0xff) & (0xff00U >> kept));
    }
    return prefix;
}

TEST(AddressTable, AgreesWithALookAtEachPrefix) {
    std::mt19937 random(7018);
    std::size_t hits = 0;
    for (int round = 0; round < 300; ++round) {
        std::vector<AddressRule> rules;
        for (std::uint32_t id = 0; id < 1 + random() % 40; ++id) rules.push_back({random_prefix(random), id});
        const AddressTable table(rules);
        for (int i = 0; i < 200; ++i) {
            const AddressPrefix probe = random_prefix(random);
            std::uint32_t expected = AddressTable::kNone;
            unsigned widest = 200;
            for (const AddressRule& rule : rules) {
                std::vector<AddressPrefix> prefixes{rule.prefix};
                if (!rule.prefix.ipv6)
                    for (const AddressPrefix& form : ipv6_forms(rule.prefix)) prefixes.push_back(form);
                for (const AddressPrefix& prefix : prefixes) {
                    if (!contains(prefix, probe.address, probe.ipv6) || prefix.length >= widest) continue;
                    widest = prefix.length;
                    expected = rule.rule;
                }
            }
            hits += expected != AddressTable::kNone;
            ASSERT_EQ(table.find(probe.address, probe.ipv6), expected) << address_prefix_text(probe);
        }
    }
    EXPECT_GT(hits, 3000U);
}

}  // namespace
}  // namespace sluis
