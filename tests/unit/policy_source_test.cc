// policy.toml: what is read of it, and what is wrong with others, with its place.
#include "control/policy/policy_source.h"

#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scratch_folder.h"

namespace sluis {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

tl::expected<std::string, std::string> device_file(const std::string& name) {
    if (name == "one.csv") return "MAC\n00:00:5e:00:53:01\n";
    if (name == "two.csv") return "MAC\n00:00:5e:00:53:01\n00:00:5e:00:53:02\n";
    if (name == "random.csv") return "MAC\nda:a1:19:00:00:01\n";
    if (name == "wrong.csv") return "MAC\nx\n";
    return tl::unexpected(name + ": No such file or directory; name one that is");
}

tl::expected<Policy, Lines> read(const std::string& text) { return read_policy_text(text, "p.toml", device_file); }

/// The errors, and the warnings of what is right.
Lines messages_of(const std::string& text) {
    const auto policy = read(text);
    return policy ? policy->warnings : policy.error();
}

const std::string kHead = "[policy]\ntime_zone = \"Europe/Brussels\"\n";  // two lines

TEST(PolicySource, ReadsEveryKey) {
    const auto policy = read(kHead + R"(
[[zone]]
name = "wifi"
vlans = [30, "32-34", "untagged", 30]
prefixes = ["10.1.0.0/16", "2001:db8::/32", "192.0.2.7"]
pairs = ["pair0", "pair1"]
devices = "two.csv"
language = "nl-BE"
[[zone.rule]]
categories = ["tiktok", "encrypted-dns"]
mode = "enforce"
from = 2023-03-27
review_by = 2023-09-27T08:00:00
until = 2024-03-27T00:00:00+00:00
[[zone.rule]]
mode = "monitor"
[[zone]]
name = "rest"
[[allow]]
name = "Campaign.Example"
owner = "press"
reason = "ours"
until = 2023-12-31
)");
    ASSERT_TRUE(policy) << policy.error()[0];
    EXPECT_THAT(policy->warnings, IsEmpty());
    ASSERT_EQ(policy->zones.size(), 2u);
    const PolicyZone& zone = policy->zones[0];
    EXPECT_EQ(zone.name, "wifi");
    EXPECT_EQ(zone.line, 4u);
    EXPECT_THAT(zone.vlans, ElementsAre(0, 30, 32, 33, 34));
    EXPECT_EQ(zone.prefixes.size(), 3u);
    EXPECT_EQ(address_prefix_text(zone.prefixes[2]), "192.0.2.7/32");
    EXPECT_THAT(zone.pairs, ElementsAre("pair0", "pair1"));
    EXPECT_EQ(zone.devices.devices.size(), 2u);
    EXPECT_EQ(zone.language, "nl-BE");
    ASSERT_EQ(zone.rules.size(), 2u);
    EXPECT_THAT(zone.rules[0].categories, ElementsAre("tiktok", "encrypted-dns"));
    EXPECT_EQ(zone.rules[0].mode, ZoneMode::enforce);
    EXPECT_EQ(policy->show(*zone.rules[0].from), "2023-03-27T00:00:00+02:00");
    EXPECT_EQ(policy->show(*zone.rules[0].review_by), "2023-09-27T08:00:00+02:00");
    EXPECT_EQ(policy->show(*zone.rules[0].until), "2024-03-27T01:00:00+01:00");
    EXPECT_EQ(zone.rules[1].mode, ZoneMode::monitor);
    EXPECT_FALSE(zone.rules[1].from);
    EXPECT_TRUE(policy->zones[1].is_for_everybody());
    ASSERT_EQ(policy->allowed.size(), 1u);
    EXPECT_EQ(policy->allowed[0].name, "campaign.example");
    EXPECT_EQ(policy->show(policy->allowed[0].until), "2023-12-31T00:00:00+01:00");
}

TEST(PolicySource, AddsAZoneForEverybodyElse) {
    const auto policy = read("[[zone]]\nname = \"a\"\nvlans = [1]\n");
    ASSERT_TRUE(policy) << policy.error()[0];
    ASSERT_EQ(policy->zones.size(), 2u);
    EXPECT_EQ(policy->zones[1].name, kElsewhere);
    EXPECT_THAT(policy->warnings, ElementsAre(HasSubstr("no zone is for everybody else")));
}

TEST(PolicySource, SaysWhatIsWrongAndWhere) {
    const std::string zone = "[[zone]]\nname = \"a\"\n";
    const std::string rule = kHead + zone + "[[zone.rule]]\nmode = \"enforce\"\n";  // the rule is line 5
    const std::string allow = kHead + zone + "[[allow]]\nowner = \"o\"\nreason = \"r\"\n";
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"", "p.toml:1:1: there is no zone"},
        {"[[zones]]\nname = \"a\"\n", "p.toml:1:3: unknown key 'zones'; the nearest known one is 'zone'"},
        {"[policy]\ntimezone = \"UTC\"\n", "p.toml:2:1: unknown key 'timezone'; the nearest known one is 'time_zone'"},
        {"[policy]\ntime_zone = \"Europe/Mechelen\"\n" + zone, "p.toml:2:13: \"Europe/Mechelen\" is no time zone"},
        {"policy = 1\n", "p.toml:1:10: 'policy' must be a table"},
        {"[[zone]]\nvlan = [1]\nname = \"a\"\n", "p.toml:2:1: unknown key 'vlan'; the nearest known one is 'vlans'"},
        {"[zone]\nname = \"a\"\n", "p.toml:1:1: 'zone' must be a list of tables, [[zone]]"},
        {"[[zone]]\nvlans = [1]\n", "p.toml:1:1: 'name' is missing"},
        {"[[zone]]\nname = \"a b\"\n", "p.toml:2:8: 'a b' will not do"},
        {"[[zone]]\nname = \"" + std::string(32, 'x') + "\"\n",
         "p.toml:2:8: 'name' must be a text in quotes, of one line and 1 to 31"},
        {"[[zone]]\nname = \"a\\nb\"\n", "p.toml:2:8: 'name' must be a text"},
        {"[[zone]]\nname = 7\n", "p.toml:2:8: 'name' must be a text"},
        {"[[zone]]\nname = \"everybody-else\"\nvlans = [1]\n", "p.toml:2:8: 'everybody-else' is what"},
        {zone + "vlans = [1]\n" + zone, "p.toml:5:8: zone 'a' is there already, at line 1"},
        {zone + "vlans = []\n", "p.toml:3:9: 'vlans' must be a list with something in it"},
        {zone + "vlans = 4\n", "p.toml:3:9: 'vlans' must be a list"},
        {zone + "vlans = [1, 4095]\n", "p.toml:3:13: no VLAN"},
        {zone + "vlans = [0]\n", "p.toml:3:10: no VLAN"},
        {zone + "vlans = [\"9-8\"]\n", "p.toml:3:10: no VLAN"},
        {zone + "vlans = [\"9-\"]\n", "p.toml:3:10: no VLAN"},
        {zone + "vlans = [\"1-2x\"]\n", "p.toml:3:10: no VLAN"},
        {zone + "vlans = [\"7\"]\n", "p.toml:3:10: no VLAN"},
        {zone + "vlans = [1.5]\n", "p.toml:3:10: no VLAN"},
        {zone + "prefixes = [\"10.1.0.1/16\"]\n", "p.toml:3:13: '10.1.0.1/16' is no prefix"},
        {zone + "prefixes = [4]\n", "p.toml:3:13: '' is no prefix"},
        {zone + "pairs = [\"a pair\"]\n", "p.toml:3:10: 'a pair' is no pair's name"},
        {zone + "pairs = [\"" + std::string(16, 'x') + "\"]\n", "p.toml:3:10: 'xxxxxxxxxxxxxxxx' is no pair's name"},
        {zone + "language = \"Dutch!\"\n", "p.toml:3:12: 'Dutch!' is no language"},
        {zone + "devices = \"none.csv\"\n", "p.toml:3:11: none.csv: No such file"},
        {zone + "devices = \"../one.csv\"\n", "p.toml:3:11: '../one.csv' does not lie beside the policy"},
        {zone + "devices = \"/one.csv\"\n", "p.toml:3:11: '/one.csv' does not lie beside the policy"},
        {zone + "devices = \"wrong.csv\"\n", "wrong.csv:2:1: \"x\" is no MAC address"},
        {zone + "[[zone.rule]]\n", "p.toml:3:1: 'mode' is missing"},
        {zone + "[[zone.rule]]\nmode = \"enforced\"\n",
         "p.toml:4:8: 'enforced' is no mode; the nearest known one is 'enforce'"},
        {rule + "untill = 2023-03-27\n", "p.toml:7:1: unknown key 'untill'; the nearest known one is 'until'"},
        {rule + "from = \"2023-03-27\"\n", "p.toml:7:8: 'from' must be a date or a date with a time, without quotes"},
        {rule + "from = 08:00:00\n", "p.toml:7:8: 'from' must be a date"},
        {rule + "from = 2023-02-30\n", "p.toml:7:"},
        {rule + "from = 2023-03-27\nuntil = 2023-03-27\n", "p.toml:8:9: the rule ends before it begins"},
        {rule + "categories = [\"a\", \"a\"]\n", "p.toml:7:20: 'a' is in the list already"},
        {rule + "categories = [4]\n", "p.toml:7:15: no category's name"},
        {zone + "[[zone.rule]]\nmode = \"off\"\nfrom = 2023-03-27\n",
         "p.toml:5:8: 'from' names no offset, and the file no time zone"},
        {allow + "until = 2023-01-01\n", "p.toml:5:1: 'name' is missing"},
        {allow + "name = \"x.example\"\n", "p.toml:5:1: 'until' is missing"},
        {allow + "name = \"x y\"\nuntil = 2023-01-01\n", "p.toml:8:8: 'x y': "},
        {allow + "name = \"x.example\"\nuntil = 2023-01-01\n[[allow]]\nname = \"X.example\"\nowner = \"o\"\nreason = "
                 "\"r\"\nuntil = 2023-01-01\n",
         "p.toml:11:8: 'x.example' is allowed already, at line 5"},
        {kHead + "[[zone\n", "p.toml:3:"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s = 1\n", "p.toml:1:1: a key of more than 16 parts"},
    };
    for (const auto& [text, error] : rows) {
        const auto policy = read(text);
        ASSERT_FALSE(policy) << text;
        EXPECT_THAT(policy.error(), Contains(testing::StartsWith(error))) << text;
        for (const std::string& line : policy.error()) EXPECT_EQ(line.find('\n'), std::string::npos);
    }
}

TEST(PolicySource, ReportsAllErrorsAtOnce) {
    EXPECT_EQ(messages_of("x = 1\n[[zone]]\nname = \"\"\nvlans = [0, 5000]\n[[zone.rule]]\n").size(), 5u);
}

TEST(PolicySource, StatesWhatClocksDo) {
    const std::string rule = kHead + "[[zone]]\nname = \"a\"\n[[zone.rule]]\nmode = \"off\"\n";
    EXPECT_THAT(messages_of(rule + "from = 2023-03-26T02:30:00\n"),
                ElementsAre(HasSubstr("p.toml:7:8: 'from': clocks of Europe/Brussels are put forward over that time; "
                                      "2023-03-26T03:00:00+02:00 is meant")));
    EXPECT_THAT(messages_of(rule + "from = 2023-10-29T02:30:00\n"),
                ElementsAre(HasSubstr("show that time twice; the first one is meant, 2023-10-29T02:30:00+02:00")));
    EXPECT_THAT(messages_of(rule + "from = 2023-10-29T02:30:00+01:00\n"), IsEmpty());
    EXPECT_THAT(messages_of(rule + "from = 2023-03-26\n"), IsEmpty());
}

TEST(PolicySource, FindsRulesThatContradictEachOther) {
    const std::string zone = kHead + "[[zone]]\nname = \"a\"\n";
    const auto rule = [](const std::string& mode, const std::string& rest) {
        return "[[zone.rule]]\nmode = \"" + mode + "\"\n" + rest;
    };
    const std::string one = "categories = [\"tiktok\"]\n", two = "categories = [\"x\", \"tiktok\"]\n";
    EXPECT_THAT(messages_of(zone + rule("enforce", one) + rule("monitor", two)),
                ElementsAre("p.toml:8:1: zone 'a', category tiktok: this rule and the one at line 5 contradict each "
                            "other, always; end one by 'until', or begin one by 'from'"));
    EXPECT_THAT(messages_of(zone + rule("enforce", "from = 2023-03-27\n") + rule("off", "until = 2023-03-28\n")),
                ElementsAre(HasSubstr("contradict each other, from 2023-03-27T00:00:00+02:00 on")));
    EXPECT_THAT(messages_of(zone + rule("enforce", one) + rule("enforce", two)),
                ElementsAre(HasSubstr("p.toml:8:1: zone 'a', category tiktok: this rule and the one at line 5 say the "
                                      "same, always")));
    // One ends when the other begins; one names what the other does not have to.
    EXPECT_THAT(messages_of(zone + rule("enforce", "from = 2023-03-27\n") + rule("monitor", "until = 2023-03-27\n")),
                IsEmpty());
    EXPECT_THAT(messages_of(zone + rule("enforce", "") + rule("off", one)), IsEmpty());
}

TEST(PolicySource, FindsZonesThatNobodyReaches) {
    const std::string rest = "[[zone]]\nname = \"rest\"\n";
    const auto zone = [](const std::string& name, const std::string& matchers) {
        return "[[zone]]\nname = \"" + name + "\"\n" + matchers + "\n";
    };
    struct Row {
        std::string a, b;
        const char* message;  ///< empty: none
    };
    const Row rows[] = {
        {"vlans = [1, 2]", "vlans = [2]", "p.toml:4:1: zone 'b' is never reached: zone 'a', at line 1,"},
        {"vlans = [1, 2]", "vlans = [2, 3, 1]",
         "p.toml:4:1: zone 'b' never sees VLAN 1 and 1 more: zone 'a', at line 1, goes first"},
        {"vlans = [1]", "vlans = [2]", ""},
        {"vlans = [1, 2]", "vlans = [2]\nprefixes = [\"10.0.0.0/8\"]", "zone 'b' is never reached"},
        {"vlans = [1]\nprefixes = [\"10.0.0.0/8\"]", "vlans = [1]", ""},
        {"prefixes = [\"10.0.0.0/8\"]", "prefixes = [\"10.1.0.0/16\"]", "zone 'b' is never reached"},
        {"prefixes = [\"10.1.0.0/16\"]", "prefixes = [\"10.0.0.0/8\"]", ""},
        {"prefixes = [\"::/0\"]", "prefixes = [\"10.0.0.0/8\"]", ""},
        {"pairs = [\"p\"]", "pairs = [\"p\", \"q\"]", "zone 'b' never sees pair p: "},
        {"devices = \"two.csv\"", "devices = \"one.csv\"", "zone 'b' is never reached"},
        {"devices = \"one.csv\"", "devices = \"two.csv\"", "zone 'b' never sees device 00:00:5e:00:53:01: "},
        {"devices = \"one.csv\"", "devices = \"random.csv\"", "random.csv:2:1: 1 locally administered"},
    };
    for (const Row& row : rows) {
        const Lines messages = messages_of(zone("a", row.a) + zone("b", row.b) + rest);
        if (*row.message == '\0') EXPECT_THAT(messages, IsEmpty()) << row.a << " / " << row.b;
        if (*row.message != '\0') EXPECT_THAT(messages, ElementsAre(HasSubstr(row.message))) << row.a << " / " << row.b;
    }
    EXPECT_THAT(messages_of(rest + zone("late", "vlans = [1]")),
                ElementsAre(HasSubstr("p.toml:3:1: zone 'late' is never reached: zone 'rest', at line 1")));
}

TEST(PolicySource, HoldsItsBounds) {
    std::string zones;
    for (int i = 1; i <= 64; ++i)
        zones += "[[zone]]\nname = \"z" + std::to_string(i) + "\"\nvlans = [" + std::to_string(i) + "]\n";
    EXPECT_THAT(messages_of(zones),
                ElementsAre("p.toml: there are 65 zones, with the last one for everybody; 64 may be"));
    std::string prefixes = "[[zone]]\nname = \"a\"\nprefixes = [\n";
    for (std::size_t i = 0; i <= kZonePrefixLimit; ++i)
        prefixes += "\"10." + std::to_string(i >> 8) + "." + std::to_string(i & 255) + ".0/24\",\n";
    EXPECT_THAT(messages_of(prefixes + "]\n"), ElementsAre(HasSubstr("4096 prefixes at the most")));
    EXPECT_THAT(messages_of(std::string(kPolicyFileLimit + 1, '\n')),
                ElementsAre(HasSubstr("more than 1048576 bytes")));
}

TEST(PolicySource, NamesUnknownCategories) {
    const auto policy =
        read("[[zone]]\nname = \"a\"\n[[zone.rule]]\nmode = \"off\"\ncategories = [\"tictok\", \"x\"]\n");
    const Category categories[] = {{"tiktok", true}, {"x", false}};
    EXPECT_THAT(unknown_categories(*policy, categories),
                ElementsAre("p.toml:3:1: category 'tictok' is not in the rule set; the nearest known one is 'tiktok'"));
}

TEST(PolicySource, ReadsFilesWithTheirDeviceLists) {
    const ScratchFolder folder;
    std::ofstream(folder / "policy.toml") << "[[zone]]\nname = \"a\"\ndevices = \"d.csv\"\n[[zone]]\nname = \"b\"\n";
    const auto without = read_policy(folder / "policy.toml");
    ASSERT_FALSE(without);
    EXPECT_THAT(without.error(), ElementsAre(HasSubstr("d.csv: ")));
    std::ofstream(folder / "d.csv") << "MAC\n00:00:5e:00:53:01\n";
    const auto policy = read_policy(folder / "policy.toml");
    ASSERT_TRUE(policy) << policy.error()[0];
    EXPECT_EQ(policy->zones[0].devices.devices.size(), 1u);
    EXPECT_THAT(read_policy(folder / "none.toml").error(), ElementsAre(HasSubstr("none.toml: ")));
    EXPECT_THAT(read_policy(folder.path().string()).error(), ElementsAre(HasSubstr("is no regular file")));
}

TEST(PolicySource, ReadsMoments) {
    const TimeZone brussels = *TimeZone::find("Europe/Brussels");
    EXPECT_EQ(*read_moment("2023-03-27", &brussels), 1'679'868'000);
    EXPECT_EQ(*read_moment("2023-03-27T00:00:00", &brussels), 1'679'868'000);
    EXPECT_EQ(*read_moment("2023-03-26T22:00:00Z", &brussels), 1'679'868'000);
    EXPECT_EQ(*read_moment("2023-03-27", nullptr), 1'679'875'200);
    EXPECT_EQ(*read_moment("@0", &brussels), 0);
    for (const char* text :
         {"", "now", "2023", "2023-13-01", "@-1", "@1x", "08:00:00", "7", "2023-03-27\nt = 1", "[1]"})
        EXPECT_FALSE(read_moment(text, &brussels)) << text;
}

}  // namespace
}  // namespace sluis
