// What a rule that is on by default may not match: names and addresses that every network needs.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "control/rules/needed_names.h"
#include "control/rules/prefix_breadth.h"
#include "control/rules/rule_compiler.h"
#include "control/rules/rule_explanation.h"
#include "control/rules/rule_name.h"

namespace sluis {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// The rules of a category, with a harmless name, since prefixes alone are no set.
RuleSource source_of(const std::string& rules, std::string_view on = "on") {
    RuleSource source;
    std::vector<std::string> errors;
    const std::string text = fmt::format(
        "category = \"test\"\ndefault = \"{}\"\ncomment = \"x\"\nsource = \"x\"\n"
        "exact = [{{ name = \"only.a-test.invalid\", comment = \"x\" }}]\n{}",
        on, rules);
    read_rule_text(text, "rules.toml", source, errors);
    EXPECT_THAT(errors, IsEmpty()) << rules;
    return source;
}

std::vector<std::string> errors_of(const RuleSource& source) {
    const auto rules = compile_and_load(source);
    EXPECT_TRUE(rules);
    return rules ? self_test(**rules, source) : std::vector<std::string>{};
}

std::string prefixes(const std::vector<std::string>& names) {
    std::string text = "prefix = [\n";
    for (const std::string& name : names) text += fmt::format("{{ name = \"{}\", comment = \"x\" }},\n", name);
    return text + "]\n";
}

TEST(NeededNames, AreNormalised) {
    EXPECT_GE(needed_names().size(), 300U);
    for (const std::string_view name : needed_names()) {
        if (name.find('.') == name.npos) continue;
        EXPECT_EQ(read_rule_name(name).value_or("refused"), name);
    }
}

TEST(NeededNames, NoSuffixRuleMayMatch) {
    for (const std::string_view name :
         {"google.com", "apple.com", "microsoft.com", "github.com", "letsencrypt.org", "windowsupdate.com",
          "root-servers.net", "in-addr.arpa", "ip6.arpa", "akamaized.net", "amazonaws.com", "co.uk", "com.au",
          "github.io", "example.com"}) {
        const std::string rule = fmt::format("suffix = [{{ name = \"{}\", comment = \"x\" }}]\n", name);
        EXPECT_THAT(
            errors_of(source_of(rule)),
            testing::Contains(AllOf(HasSubstr("rules.toml:6:11: rule '"), HasSubstr(name),
                                    HasSubstr("which every network needs"), HasSubstr("set default = \"off\""))))
            << name;
        EXPECT_THAT(errors_of(source_of(rule, "off")), IsEmpty()) << name;
    }
}

TEST(NeededNames, NoRegexOrExactRuleMayMatch) {
    EXPECT_THAT(
        errors_of(source_of("[[regex]]\nname = \"r\"\ncomment = \"x\"\npattern = '[a-z-]+\\.akamaized\\.net$'\n")),
        ElementsAre(HasSubstr("rule 'r' is on by default and matches 'some-name.akamaized.net'")));
    RuleSource source = source_of("");
    source.rules[0].name = "captive.apple.com";
    source.rules[0].expression = "\\n\\.captive\\.apple\\.com\\n";
    EXPECT_THAT(errors_of(source), ElementsAre(HasSubstr("rule 'captive.apple.com' is on by default")));
}

TEST(NeededNames, ARuleForOneCustomerIsFine) {
    EXPECT_THAT(errors_of(source_of("suffix = [{ name = \"tiktokcdn-com.akamaized.net\", comment = \"x\" },"
                                    "{ name = \"tiktok.com\", comment = \"x\" }]\n")),
                IsEmpty());
}

TEST(NeededNames, ShowsAFewOfARule) {
    EXPECT_THAT(errors_of(source_of("[[regex]]\nname = \"all\"\ncomment = \"x\"\npattern = '.*\\.com$'\n")), SizeIs(3));
}

TEST(PrefixBreadth, NoAddressesOfEveryNetwork) {
    for (const char* prefix :
         {"0.0.0.0/8",      "10.0.0.0/8",     "10.1.2.0/24",  "127.0.0.0/8",        "127.0.0.1/32",
          "100.64.0.0/12",  "169.254.0.0/16", "172.0.0.0/8",  "172.31.255.0/24",    "192.168.0.0/16",
          "192.168.1.0/24", "192.0.0.0/8",    "224.0.0.0/8",  "239.255.255.250/32", "255.255.255.255/32",
          "::1/128",        "::ffff:0:0/96",  "64:ff9b::/96", "fc00::/19",          "fd00:1::/32",
          "fe80::/64",      "ff02::/32"}) {
        const auto errors = errors_of(source_of(prefixes({prefix})));
        EXPECT_THAT(errors, ElementsAre(AllOf(HasSubstr("rules.toml:7:1: prefix '"), HasSubstr("every network needs"))))
            << prefix;
        EXPECT_THAT(errors_of(source_of(prefixes({prefix}), "off")), IsEmpty()) << prefix;
    }
}

TEST(PrefixBreadth, OtherAddressesAreFine) {
    EXPECT_THAT(errors_of(source_of(prefixes({"71.18.0.0/16", "192.0.2.0/24", "172.32.0.0/16", "100.128.0.0/16",
                                              "9.255.255.0/24", "2605:340::/32"}))),
                IsEmpty());
}

TEST(PrefixBreadth, TheSumIsLimited) {
    const std::string_view ipv4 = "cover more than 16777216 IPv4 addresses";
    const std::string_view ipv6 = "cover more than 35184372088832 IPv6 networks";
    // Exactly the limit, in one prefix, in halves, and with prefixes inside that count once.
    for (const std::vector<std::string>& fine : {std::vector<std::string>{"44.0.0.0/8"},
                                                 {"44.128.0.0/9", "44.0.0.0/9"},
                                                 {"44.1.0.0/16", "44.0.0.0/8", "44.2.0.0/16"},
                                                 {"2a00::/19"},
                                                 {"2a00::/20", "2b00::/20"},
                                                 {"2a00::1/128", "2a00::/19"}}) {
        EXPECT_THAT(errors_of(source_of(prefixes(fine))), IsEmpty()) << fine[0];
    }
    EXPECT_THAT(errors_of(source_of(prefixes({"44.0.0.0/8", "45.0.0.1/32"}))),
                ElementsAre(AllOf(HasSubstr("rules.toml:8:1: with prefix '45.0.0.1/32'"), HasSubstr(ipv4))));
    EXPECT_THAT(errors_of(source_of(prefixes({"2a00::/19", "2b00::1/128"}))),
                ElementsAre(AllOf(HasSubstr("rules.toml:8:1: with prefix '2b00::1/128'"), HasSubstr(ipv6))));
    std::vector<std::string> all;
    for (int i = 0; i < 256; ++i) all.push_back(fmt::format("{}.0.0.0/8", i));
    EXPECT_THAT(errors_of(source_of(prefixes(all))), testing::Contains(HasSubstr(ipv4)));
    EXPECT_THAT(errors_of(source_of(prefixes(all), "off")), IsEmpty());
}

}  // namespace
}  // namespace sluis
