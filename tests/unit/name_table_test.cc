// The table of suffix and exact rules says what Hyperscan says.
#include "dataplane/match/name_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>
#include <set>

#include "control/rules/name_regex.h"
#include "control/rules/rule_compiler.h"

namespace sluis {
namespace {

SourceRule literal_rule(RuleKind kind, const std::string& name) {
    SourceRule rule;
    rule.kind = kind;
    rule.name = name;
    rule.expression = (kind == RuleKind::exact ? "\\n\\." : "\\.") + escape_for_engine(name) + "\\n";
    return rule;
}

std::vector<std::uint32_t> found(const NameTable& table, std::string_view name) {
    std::vector<std::uint32_t> rules;
    table.match(name, [&](std::uint32_t rule) { rules.push_back(rule); });
    std::sort(rules.begin(), rules.end());
    return rules;
}

TEST(NameTable, MatchesAtLabelsOnly) {
    const std::vector<NameRule> rules{
        {"tiktok.com", false, 1},        {"tiktok.com", true, 2}, {"a.b", true, 3},   {"abcdefgh.example", false, 4},
        {"abcdefghi.example", false, 5}, {"org", false, 6},       {"x.org", false, 7}};
    const NameTable table(rules);
    const std::pair<std::string_view, std::vector<std::uint32_t>> cases[] = {
        {"tiktok.com", {1, 2}},
        {"www.tiktok.com", {1}},
        {"a.b.c.tiktok.com", {1}},
        {"xtiktok.com", {}},
        {"tiktok.com.org", {6}},
        {"x.org", {6, 7}},
        {"y.x.org", {6, 7}},
        {"org", {6}},
        {".org", {6}},
        {"a.b", {3}},
        {".a.b", {}},
        {"x.a.b", {}},
        {"abcdefgh.example", {4}},
        {"abcdefghi.example", {5}},
        {"x.abcdefgh.example", {4}},
        {"abcdefghij.example", {}},
        {"", {}},
        {".", {}},
        {"tiktok.com.", {}},
        {"..tiktok.com", {1}},
        {"tiktok..com", {}},
    };
    for (const auto& [name, expected] : cases) EXPECT_EQ(found(table, name), expected) << name;
    EXPECT_TRUE(found(NameTable(), "tiktok.com").empty());
    EXPECT_TRUE(NameTable().empty());
}

TEST(NameTable, TellsLabelsOfEveryLengthApart) {
    std::vector<std::string> names;
    for (std::size_t size = 1; size <= 63; ++size)
        for (std::size_t at = 0; at < size; ++at) {
            std::string label(size, 'a');
            label[at] = 'b';
            names.push_back(label + ".example");
        }
    std::vector<NameRule> rules;
    for (std::uint32_t i = 0; i < names.size(); i += 2) rules.push_back({names[i], false, i});
    const NameTable table(rules);
    for (std::uint32_t i = 0; i < names.size(); ++i)
        EXPECT_EQ(found(table, names[i]), i % 2 == 0 ? std::vector{i} : std::vector<std::uint32_t>{}) << names[i];
}

/// Few letters and labels, so that names are rules, lie below them, and nearly do.
std::string random_name(std::mt19937& random) {
    std::string name;
    for (std::size_t labels = 1 + random() % 4; labels > 0; --labels) {
        for (std::size_t size = 1 + random() % (random() % 8 == 0 ? 12 : 2); size > 0; --size)
            name += "ab-1"[random() % 4];
        if (labels > 1) name += '.';
    }
    return name;
}

/// Random bytes too, as a client may write them.
std::string hostile_name(std::mt19937& random, const std::vector<SourceRule>& rules) {
    std::string name = random() % 2 == 0 ? rules[random() % rules.size()].name : random_name(random);
    if (random() % 2 == 0) name = random_name(random) + "." + name;
    for (std::size_t changes = random() % 3; changes > 0; --changes)
        name[random() % name.size()] = "\n.\0\xff\\AB:@ ["[random() % 11];
    if (random() % 50 == 0) name = std::string(300, 'a') + "." + name;
    return name;
}

class Collector final : public MatchVisitor {
public:
    explicit Collector(const RuleSet& rules) : rules_(rules) {}
    void on_match(std::uint32_t name_index, std::uint32_t rule_id) noexcept override {
        const Rule rule = rules_.rule(rule_id);
        found.emplace(name_index, static_cast<int>(rule.kind), std::string(rule.name));
    }
    std::set<std::tuple<std::uint32_t, int, std::string>> found;

private:
    const RuleSet& rules_;
};

TEST(NameTable, AgreesWithTheEngineOnRandomRulesAndNames) {
    std::mt19937 random(2023);
    std::size_t matches = 0;
    for (int round = 0; round < 60; ++round) {
        RuleSource source;
        source.categories.push_back({"test", true, "test"});
        std::set<std::pair<RuleKind, std::string>> seen;
        for (int i = 0; i < 1 + round * 3; ++i) {
            const RuleKind kind = random() % 3 == 0 ? RuleKind::exact : RuleKind::suffix;
            const std::string name = random_name(random) + "." + random_name(random);
            if (seen.emplace(kind, name).second) source.rules.push_back(literal_rule(kind, name));
        }
        if (round % 2 == 0) {
            SourceRule regex;
            regex.kind = RuleKind::regex;
            regex.name = "some";
            regex.expression = rewrite_name_regex("a+\\.b$").value();
            source.rules.push_back(regex);
        }
        const auto by_engine = RuleSet::load(compile_rules(source, SIZE_MAX).value()).value();
        const auto by_table = RuleSet::load(compile_rules(source, 0).value()).value();
        const RuleScanner engine(*by_engine), table(*by_table);
        for (int burst = 0; burst < 10; ++burst) {
            NameBatch batch;
            for (int i = 0; i < 40; ++i) batch.add_text(as_bytes(hostile_name(random, source.rules)));
            Collector expected(*by_engine), actual(*by_table);
            engine.scan(batch, expected);
            table.scan(batch, actual);
            ASSERT_EQ(actual.found, expected.found) << batch.text();
            matches += expected.found.size();
        }
    }
    EXPECT_GT(matches, 3000U);
}

/// Names that end alike: what the engine's compiler takes longest for.
RuleSource large_source(std::size_t count) {
    RuleSource source;
    source.categories.push_back({"test", true, "test"});
    for (std::size_t i = 0; i < count; ++i)
        source.rules.push_back(literal_rule(RuleKind::suffix, "site" + std::to_string(i * 7919) + ".example"));
    return source;
}

TEST(LargeRuleSets, CompileInBoundedTimeAndMatch) {
    for (const std::size_t count : {2'000U, 20'000U, 200'000U}) {
        const RuleSource source = large_source(count);
        const auto start = std::chrono::steady_clock::now();
        const auto compiled = compile_rules(source);
        ASSERT_TRUE(compiled);
        const auto rules = RuleSet::load(*compiled);
        ASSERT_TRUE(rules);
        const auto time = std::chrono::steady_clock::now() - start;
        std::cout << count << " rules: compiled and loaded in "
                  << std::chrono::duration_cast<std::chrono::milliseconds>(time).count() << " ms, " << compiled->size()
                  << " bytes\n";
        EXPECT_LT(time, std::chrono::seconds(30));
        const RuleScanner scanner(**rules);
        NameBatch batch;
        for (const std::size_t i : {std::size_t{0}, count / 2, count - 1})
            batch.add_text(as_bytes("www." + source.rules[i].name));
        batch.add_text(as_bytes("site1.example"));
        Collector collector(**rules);
        scanner.scan(batch, collector);
        EXPECT_EQ(collector.found.size(), 3U);
    }
}

}  // namespace
}  // namespace sluis
