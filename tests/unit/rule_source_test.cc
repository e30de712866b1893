#include "control/rules/rule_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "control/rules/name_regex.h"
#include "control/rules/rule_compiler.h"
#include "control/rules/rule_explanation.h"
#include "control/rules/rule_name.h"
#include "control/rules/shipped_rules.h"
#include "dataplane/interface/atomic_file.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kHead = "category = \"test\"\ndefault = \"on\"\ncomment = \"a test\"\nsource = \"here\"\n";

std::vector<std::string> errors_of(const std::string& text) {
    RuleSource source;
    std::vector<std::string> errors;
    read_rule_text(text, "rules.toml", source, errors);
    return errors;
}

RuleSource source_of(const std::string& text) {
    RuleSource source;
    std::vector<std::string> errors;
    read_rule_text(text, "rules.toml", source, errors);
    EXPECT_THAT(errors, IsEmpty());
    return source;
}

TEST(RuleSource, ReadsRules) {
    const RuleSource source = source_of(std::string(kHead) +
                                        "suffix = [\n"
                                        "  { name = \"TikTok.com\", comment = \"site\", source = \"there\" },\n"
                                        "]\n"
                                        "exact = [{ name = \"a.example\", comment = \"one\" }]\n"
                                        "[[regex]]\n"
                                        "name = \"parts\"\n"
                                        "comment = \"two parts\"\n"
                                        "pattern = ['^a', '+\\.example$']\n");
    ASSERT_EQ(source.categories.size(), 1U);
    EXPECT_EQ(source.categories[0].name, "test");
    EXPECT_TRUE(source.categories[0].default_on);
    ASSERT_EQ(source.rules.size(), 3U);
    EXPECT_EQ(source.rules[0].name, "tiktok.com");
    EXPECT_EQ(source.rules[0].expression, "\\.tiktok\\x2ecom\\n");
    EXPECT_EQ(source.rules[0].comment, "site");
    EXPECT_EQ(source.rules[0].source, "there");
    EXPECT_EQ(source.rules[0].location, "rules.toml:6:3");
    EXPECT_EQ(source.rules[1].expression, "\\n\\.a\\x2eexample\\n");
    EXPECT_EQ(source.rules[1].source, "here");
    EXPECT_EQ(source.rules[2].kind, RuleKind::regex);
    EXPECT_EQ(source.rules[2].expression, "\\n\\.a+\\x2eexample\\n");
}

TEST(RuleSource, SaysWhereAndWhatIsWrong) {
    const std::pair<std::string, std::string> cases[] = {
        {"sufix = []", "rules.toml:5:1: unknown key 'sufix'; the nearest known one is 'suffix'"},
        {"suffix = 7", "rules.toml:5:10: 'suffix' must be an array: suffix = [ … ]"},
        {"suffix = [\"tiktok.com\"]", "rules.toml:5:11: a rule must be a table: { name = \"…\", comment = \"…\" }"},
        {"suffix = [{ name = \"a.b\", coment = \"x\", comment = \"x\" }]",
         "rules.toml:5:27: unknown key 'coment'; the nearest known one is 'comment'"},
        {"suffix = [{ name = \"a.b\" }]", "rules.toml:5:11: 'comment' is missing"},
        {"suffix = [{ comment = \"x\" }]", "rules.toml:5:11: 'name' is missing"},
        {"suffix = [{ name = 5, comment = \"x\" }]", "rules.toml:5:20: 'name' must be a text in quotes"},
        {"suffix = [{ name = \"a.b\", comment = \"\" }]",
         "rules.toml:5:37: 'comment' must be one line of text, and not empty"},
        {"suffix = [{ name = \"com\", comment = \"x\" }]",
         "rules.toml:5:20: 'com' is no name for a rule: a single label: that would be a whole top-level domain"},
        {"exact = [{ name = \"a.b\", pattern = \"x$\", comment = \"x\" }]",
         "rules.toml:5:26: unknown key 'pattern'; known are 'name', 'comment', 'source'"},
        {"prefix = [{ name = \"192.0.2.1/24\", comment = \"x\" }]",
         "rules.toml:5:20: '192.0.2.1/24' is no prefix for a rule: write an address, '/' and the number of its bits "
         "that "
         "count, and zeros beyond them"},
        {"prefix = [{ name = \"0.0.0.0/0\", comment = \"x\" }]",
         "rules.toml:5:20: '0.0.0.0/0' is no prefix for a rule: 0 bits; 8 is the least"},
        {"prefix = [{ name = \"2001:db8::/32\", comment = \"x\" },\n{ name = \"2001:0DB8::/32\", comment = \"x\" }]",
         "rules.toml:6:1: '2001:db8::/32' is a rule already, at rules.toml:5:11"},
        {"regex = [{ name = \"a\", pattern = 'a', comment = \"x\" }]",
         "rules.toml:5:34: rule 'a': at character 2 of the pattern: the pattern must end with $, the name's end"},
        {"regex = [{ name = \"a\", pattern = [1], comment = \"x\" }]",
         "rules.toml:5:35: 'pattern' must be a text in quotes, or an array of the parts of one"},
        {"suffix = [{ name = \"a.b\", comment = \"x\" },\n{ name = \"A.b\", comment = \"x\" }]",
         "rules.toml:6:1: 'a.b' is a rule already, at rules.toml:5:11"},
    };
    for (const auto& [text, error] : cases) EXPECT_THAT(errors_of(std::string(kHead) + text), ElementsAre(error));
    EXPECT_THAT(errors_of("category = "), ElementsAre(HasSubstr("rules.toml:1:")));
    EXPECT_THAT(errors_of("category = \"a\"\ndefault = \"yes\"\ncomment = \"x\""),
                ElementsAre("rules.toml:2:11: 'default' is 'yes'; it must be \"on\" or \"off\""));
    EXPECT_THAT(errors_of("category = \"a\"\ndefault = \"on\"\ncomment = \"x\"\n"
                          "suffix = [{ name = \"a.b\", comment = \"x\" }]"),
                ElementsAre("rules.toml:4:11: 'source' is missing"));
    EXPECT_EQ(errors_of("").size(), 3U);
}

TEST(RuleSource, ReportsAllErrors) {
    EXPECT_EQ(errors_of(std::string(kHead) + "suffix = [{ name = \"com\", comment = \"x\" }, { name = \"-\" }]\nx = 1")
                  .size(),
              4U);
}

TEST(RuleSource, PrefixesAreExplained) {
    const RuleSource source = source_of(std::string(kHead) +
                                        "suffix = [{ name = \"tiktok.com\", comment = \"x\" }]\n"
                                        "prefix = [{ name = \"192.0.2.0/24\", comment = \"wide\" },"
                                        " { name = \"192.0.2.8/29\", comment = \"narrow\" },"
                                        " { name = \"2001:db8::/32\", comment = \"six\" }]\n");
    const auto rules = compile_and_load(source);
    ASSERT_TRUE(rules) << rules.error();
    EXPECT_THAT(self_test(**rules, source), IsEmpty());
    const std::pair<std::string, std::vector<std::string>> cases[] = {
        {"192.0.2.9", {"narrow", "wide"}},
        {"192.0.2.9:443", {"narrow", "wide"}},
        {"192.0.2.16", {"wide"}},
        {"192.0.3.0", {}},
        {"2001:db8::7", {"six"}},
        {"[2001:db8::7]:443", {"six"}},
        {"tiktok.com", {"x"}},
        {"192.0.2.9.example", {}},
    };
    for (const auto& [text, comments] : cases) {
        std::vector<std::string> found;
        const auto explained = explain_name(**rules, &source, text);
        ASSERT_TRUE(explained);
        for (const ExplainedRule& rule : explained->rules) found.push_back(rule.comment);
        EXPECT_THAT(found, testing::UnorderedElementsAreArray(comments)) << text;
    }
    RuleSource more = source;
    more.rules.push_back(source.rules.back());
    more.rules.back().name = "203.0.113.0/24";
    EXPECT_THAT(self_test(**rules, more), ElementsAre(HasSubstr("no address is found under '203.0.113.0/24'")));
}

TEST(RuleSource, APrefixAloneIsNoSet) {
    const RuleSource source =
        source_of(std::string(kHead) + "prefix = [{ name = \"192.0.2.0/24\", comment = \"x\" }]\n");
    EXPECT_THAT(compile_rules(source).error(), HasSubstr("only prefixes"));
}

TEST(RuleSource, ACategoryHasOneDefault) {
    RuleSource source;
    std::vector<std::string> errors;
    read_rule_text(kHead, "a.toml", source, errors);
    read_rule_text("category = \"test\"\ndefault = \"off\"\ncomment = \"x\"", "b.toml", source, errors);
    EXPECT_THAT(errors, ElementsAre("b.toml:2:11: category 'test' is on by default in another file"));
}

TEST(RuleSource, FindsARuleTwiceInTwoFiles) {
    RuleSource source;
    std::vector<std::string> errors;
    const std::string rule = std::string(kHead) + "suffix = [{ name = \"a.b\", comment = \"x\" }]";
    read_rule_text(rule, "a.toml", source, errors);
    read_rule_text(rule, "b.toml", source, errors);
    EXPECT_THAT(errors, ElementsAre("b.toml:5:11: 'a.b' is a rule already, at a.toml:5:11"));
}

TEST(RuleSource, PathsThatCannotBeRead) {
    EXPECT_THAT(read_rule_source({"/nonexistent/a.toml"}).error(),
                ElementsAre(HasSubstr("/nonexistent/a.toml: cannot be read")));
    const ScratchFolder empty;
    EXPECT_THAT(read_rule_source({empty.path().string()}).error(), ElementsAre(HasSubstr("no file named *.toml")));
    EXPECT_THAT(read_rule_source({}).error(), ElementsAre("there is no rule in what was read"));
}

TEST(RuleName, TakesHostNames) {
    const std::string longest =
        std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(61, 'd');
    EXPECT_EQ(read_rule_name("_dns.Resolver.ARPA").value(), "_dns.resolver.arpa");
    EXPECT_EQ(read_rule_name(longest).value(), longest);
    const std::pair<std::string, std::string> cases[] = {
        {"", "an empty label"},
        {"a..b", "an empty label"},
        {".a.b", "an empty label"},
        {"a.b.", "trailing dot"},
        {"*.tiktok.com", "wildcard"},
        {"com", "single label"},
        {"bücher.example", "xn--"},
        {"a b.example", "0x20"},
        {"a\\.b.example", "0x5c"},
        {longest + "d", "254 bytes"},
        {std::string(64, 'a') + ".b", "label of 64 bytes"},
    };
    for (const auto& [name, reason] : cases) {
        const auto read = read_rule_name(name);
        ASSERT_FALSE(read) << name;
        EXPECT_THAT(read.error(), HasSubstr(reason)) << name;
    }
}

TEST(NameRegex, RewritesSoThatNothingMeetsANewline) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"^a$", R"(\n\.a\n)"},
        {"a$", R"(\.a\n)"},
        {"^.*$", R"(\n\.[^\n]*\n)"},
        {"[^.]+$", R"(\.[^\x2e\n]+\n)"},
        {"[^a-z]$", R"(\.[^a-z\n]\n)"},
        {"[a-z0-9-]$", R"(\.[a-z0-9\x2d]\n)"},
        {"[-a]$", R"(\.[\x2da]\n)"},
        {R"([\d\w.-]$)", R"(\.[0-9a-z0-9_\x2e\x2d]\n)"},
        {R"([\]\^]$)", R"(\.[\x5d\x5e]\n)"},
        {R"(\d\w\.\\$)", R"(\.[0-9][a-z0-9_]\x2e\x5c\n)"},
        {"(a|b(?:c|d)?)+$", R"(\.(?:a|b(?:c|d)?)+\n)"},
        {"a{2}b{2,}c{2,5}$", R"(\.a{2}b{2,}c{2,5}\n)"},
        {"a-b_c/#$", R"(\.a\x2db_c\x2f\x23\n)"},
    };
    for (const auto& [regex, expected] : cases) {
        const auto rewritten = rewrite_name_regex(regex);
        ASSERT_TRUE(rewritten) << regex << ": " << rewritten.error();
        EXPECT_EQ(*rewritten, expected) << regex;
    }
}

TEST(NameRegex, RefusesWhatIsNotInTheSubset) {
    const std::pair<std::string, std::string> cases[] = {
        {"", "must end with $"},
        {"a", "must end with $"},
        {"$", "matches the empty name"},
        {"^$", "matches the empty"},
        {"a$b", "something follows"},
        {"a^b$", "stands first"},
        {"a|b$", "outside of a group"},
        {"a)$", "closes no group"},
        {"(a$", "stands last"},
        {"(a", "not closed"},
        {"(a|)$", "empty alternative"},
        {"()$", "empty alternative"},
        {"(?=a)$", "look-around"},
        {"(?i:a)$", "look-around"},
        {"[$", "not closed"},
        {"[]$", "empty set"},
        {"[a", "not closed"},
        {"[z-a]$", "ends before"},
        {"[\\d-z]$", "range that begins"},
        {"[[:alpha:]]$", "'[' in a set"},
        {"[A-Z]$", "lower-case"},
        {"TikTok$", "lower-case"},
        {"a b$", "no such byte"},
        {"a\nb$", "no such byte"},
        {"[a\n]$", "no such byte"},
        {"\\n$", "only \\d, \\w"},
        {"\\s$", "only \\d, \\w"},
        {"\\W$", "only \\d, \\w"},
        {"\\D$", "only \\d, \\w"},
        {"\\x0a$", "only \\d, \\w"},
        {"\\1$", "only \\d, \\w"},
        {"\\b$", "only \\d, \\w"},
        {"[\\s]$", "only \\d, \\w"},
        {"[^\\W]$", "only \\d, \\w"},
        {"\\", "only \\d, \\w"},
        {"*a$", "repetition of nothing"},
        {"(*a)$", "repetition of nothing"},
        {"a**$", "repetition of a repetition"},
        {"a+?$", "repetition of a"},
        {"a{3,2}$", "most"},
        {"a{0}$", "most"},
        {"a{256}$", "more than 255"},
        {"a{99999999999999}$", "more than 255"},
        {"a{$", "needs a number"},
        {"a{2$", "not closed"},
        {"a{,2}$", "needs a number"},
        {"a}$", "closes nothing"},
        {"a]$", "closes nothing"},
        {"\xc3\xa9$", "no such byte"},
        {std::string(40, '(') + "a" + std::string(40, ')') + "$", "too deep"},
        {std::string(2000, 'a') + "$", "2000 is the most"},
    };
    for (const auto& [regex, reason] : cases) {
        const auto rewritten = rewrite_name_regex(regex);
        ASSERT_FALSE(rewritten) << regex << " became " << *rewritten;
        EXPECT_THAT(rewritten.error(), HasSubstr(reason)) << regex;
    }
}

TEST(CompileRules, DoesNotDependOnTheOrderOfReading) {
    const std::string one =
        std::string(kHead) + "suffix = [{ name = \"b.c\", comment = \"x\" }, { name = \"a.b\", comment = \"x\" }]";
    const std::string two =
        "category = \"other\"\ndefault = \"off\"\ncomment = \"x\"\nsource = \"y\"\n"
        "regex = [{ name = \"r\", pattern = 'x+\\.example$', comment = \"x\" }]";
    std::vector<std::string> errors;
    RuleSource forward, backward;
    read_rule_text(one, "1.toml", forward, errors);
    read_rule_text(two, "2.toml", forward, errors);
    read_rule_text(two, "2.toml", backward, errors);
    read_rule_text(one, "1.toml", backward, errors);
    ASSERT_THAT(errors, IsEmpty());
    EXPECT_EQ(compile_rules(forward).value(), compile_rules(backward).value());
}

TEST(CompileRules, NamesTheRuleThatTheEngineRefuses) {
    const auto compiled =
        compile_rules(source_of(std::string(kHead) + "suffix = [{ name = \"a.b\", comment = \"x\" }]\n"
                                                     "regex = [{ name = \"huge\", pattern = "
                                                     "'(([a-z]{200}[0-9]{200}){200}x){200}$', comment = \"x\" }]"));
    ASSERT_FALSE(compiled);
    EXPECT_THAT(compiled.error(), HasSubstr("rules.toml:6:10: the matching engine refuses rule 'huge'"));
    EXPECT_FALSE(compile_rules({}));
}

class AtomicFile : public testing::Test {
protected:
    std::string path(const std::string& name) const { return folder_ / name; }
    std::string content(const std::string& name) const {
        std::ifstream file(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
    }
    ScratchFolder folder_;
};

TEST_F(AtomicFile, ReplacesAFileWhole) {
    ASSERT_TRUE(write_file_atomically(path("set"), as_bytes("first, and longer")));
    ASSERT_TRUE(write_file_atomically(path("set"), as_bytes("second")));
    EXPECT_EQ(content("set"), "second");
    EXPECT_EQ(entries(), 1U);
}

TEST_F(AtomicFile, ReplacesNothingButAFile) {
    std::ofstream(path("target")) << "kept";
    std::filesystem::create_symlink("target", path("link"));
    std::filesystem::create_directory(path("folder"));
    EXPECT_THAT(write_file_atomically(path("link"), as_bytes("x")).error(), HasSubstr("not a regular file"));
    EXPECT_THAT(write_file_atomically(path("folder"), as_bytes("x")).error(), HasSubstr("not a regular file"));
    EXPECT_THAT(write_file_atomically(path("missing/set"), as_bytes("x")).error(), HasSubstr("No such file"));
    EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
    EXPECT_EQ(content("target"), "kept");
    EXPECT_EQ(entries(), 3U);
}

TEST_F(AtomicFile, RemovesWhatKilledWritersLeft) {
    const auto earlier = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
    for (const char* name : {"set", "set.aB3xY9", "set.toolong", "other.aB3xY9", "set.new", "set.Zz0Zz0"}) {
        std::ofstream(path(name)) << "x";
        if (std::string(name) != "set.Zz0Zz0") std::filesystem::last_write_time(path(name), earlier);
    }
    remove_unfinished(path("set"));
    EXPECT_FALSE(std::filesystem::exists(path("set.aB3xY9")));
    EXPECT_TRUE(std::filesystem::exists(path("set.Zz0Zz0"))) << "its writer may be alive";
    EXPECT_EQ(entries(), 5U);
    remove_unfinished(path("missing/set"));
}

constexpr std::string_view kRule = "suffix = [{ name = \"a.example\", comment = \"why\" }]\n";

TEST(ExplainName, SaysWhichRuleAndWhy) {
    const RuleSource source = source_of(std::string(kHead) + std::string(kRule));
    const auto rules = compile_and_load(source).value();
    const auto found = explain_name(*rules, &source, "WWW.A.example.:443").value();
    EXPECT_EQ(found.name, "www.a.example");
    EXPECT_TRUE(found.blocked_by_default());
    ASSERT_EQ(found.rules.size(), 1U);
    EXPECT_EQ(found.rules[0].name, "a.example");
    EXPECT_EQ(found.rules[0].category, "test");
    EXPECT_EQ(found.rules[0].comment, "why");
    EXPECT_EQ(found.rules[0].location, "rules.toml:5:11");
    EXPECT_EQ(explain_name(*rules, nullptr, "a.example").value().rules.at(0).comment, "");
    EXPECT_FALSE(explain_name(*rules, &source, "b.example").value().blocked_by_default());
}

TEST(SelfTest, FindsWhatASetMissesAndWhatMatchesTooMuch) {
    const RuleSource source = source_of(std::string(kHead) + std::string(kRule));
    EXPECT_THAT(self_test(*compile_and_load(source).value(), source), IsEmpty());
    const RuleSource other = source_of(std::string(kHead) + "suffix = [{ name = \"b.example\", comment = \"x\" }]");
    EXPECT_THAT(self_test(*compile_and_load(other).value(), source),
                ElementsAre(HasSubstr("'a.example' does not match its own name")));
    const RuleSource broad =
        source_of(std::string(kHead) + "regex = [{ name = \"r\", pattern = 'example\\.(com|net)$', comment = \"x\" }]");
    EXPECT_THAT(self_test(*compile_and_load(broad).value(), broad),
                ElementsAre(HasSubstr("matches 'example.com'"), HasSubstr("matches 'a.example.net'")));
}

TEST(ShippedRules, PassTheirSelfTest) {
    const RuleSource source = read_rule_source({SLUIS_SOURCE_DIR "/control/rules"}).value();
    EXPECT_THAT(self_test(*compile_and_load(source).value(), source), IsEmpty());
}

TEST(ShippedRules, AreFoundAndRead) {
    ::setenv("SLUIS_RULES", SLUIS_SOURCE_DIR "/control/rules", 1);
    EXPECT_EQ(find_shipped_rules().value(), SLUIS_SOURCE_DIR "/control/rules");
    ::setenv("SLUIS_RULES", "/nonexistent", 1);
    EXPECT_THAT(find_shipped_rules().error(), HasSubstr("/nonexistent"));
    ::unsetenv("SLUIS_RULES");
    const auto source = read_rule_source({SLUIS_SOURCE_DIR "/control/rules"});
    ASSERT_TRUE(source);
    EXPECT_GT(source->rules.size(), 1000U);
    for (const SourceRule& rule : source->rules)
        EXPECT_FALSE(rule.comment.empty() || rule.source.empty()) << rule.location;
}

}  // namespace
}  // namespace sluis
