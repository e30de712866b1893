#include "dataplane/match/rule_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "control/rules/rule_compiler.h"
#include "dataplane/match/compiled_set.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using testing::HasSubstr;

class Collector final : public MatchVisitor {
public:
    explicit Collector(std::size_t names) : rules(names) {}
    void on_match(std::uint32_t name_index, std::uint32_t rule_id) noexcept override {
        ASSERT_LT(name_index, rules.size());
        rules[name_index].insert(rule_id);
    }
    std::vector<std::set<std::uint32_t>> rules;
};

std::vector<std::set<std::uint32_t>> matches(const RuleScanner& scanner, const NameBatch& batch) {
    Collector collector(batch.size());
    scanner.scan(batch, collector);
    return collector.rules;
}

std::unique_ptr<RuleSet> rules_of(std::string_view toml) {
    RuleSource source;
    std::vector<std::string> errors;
    read_rule_text(toml, "test.toml", source, errors);
    EXPECT_THAT(errors, testing::IsEmpty());
    auto rules = compile_and_load(source);
    EXPECT_TRUE(rules) << (rules ? "" : rules.error());
    return rules ? std::move(*rules) : nullptr;
}

const RuleSource& shipped_source() {
    static const RuleSource source = [] {
        auto read = read_rule_source({SLUIS_SOURCE_DIR "/control/rules"});
        if (!read) {
            for (const auto& line : read.error()) ADD_FAILURE() << line;
            std::abort();
        }
        return *read;
    }();
    return source;
}

const std::vector<std::byte>& shipped_bytes() {
    static const std::vector<std::byte> bytes = compile_rules(shipped_source()).value();
    return bytes;
}

const RuleSet& shipped() {
    static const std::unique_ptr<RuleSet> rules = RuleSet::load(shipped_bytes()).value();
    return *rules;
}

std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

struct AdversarialName {
    std::string kind, expect, text, wire;
};

std::vector<AdversarialName> adversarial_names() {
    std::ifstream file(SLUIS_SOURCE_DIR "/tests/unit/data/adversarial-names.tsv");
    std::vector<AdversarialName> names;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#') || line.starts_with("class\t")) continue;
        std::istringstream columns(line);
        AdversarialName name;
        std::string hex;
        std::getline(columns, name.kind, '\t');
        std::getline(columns, name.expect, '\t');
        std::getline(columns, name.text, '\t');
        std::getline(columns, hex, '\t');
        name.wire = from_hex(hex);
        names.push_back(name);
    }
    return names;
}

/// The categories of the rules that match; only those on by default when `on` is set.
std::set<std::string> categories(const RuleSet& rules, const std::set<std::uint32_t>& ids, bool on) {
    std::set<std::string> names;
    for (std::uint32_t id : ids) {
        const Category& category = rules.categories()[rules.rule(id).category];
        if (category.default_on || !on) names.emplace(category.name);
    }
    return names;
}

TEST(ShippedRules, JudgeAdversarialNames) {
    const RuleScanner scanner(shipped());
    ASSERT_TRUE(scanner.ok());
    std::size_t blocked = 0, passed = 0;
    for (const auto& name : adversarial_names()) {
        if (name.expect == "invalid") continue;  // not well formed: the DNS parser's
        NameBatch batch;
        name.kind == "trailing-dot" ? batch.add_text(as_bytes(name.wire)) : batch.add_dns(as_bytes(name.wire));
        const auto on = categories(shipped(), matches(scanner, batch)[0], true);
        if (name.expect == "block") {
            EXPECT_THAT(on, testing::Contains("tiktok")) << name.text;
        }
        if (name.expect == "pass") {
            EXPECT_THAT(on, testing::IsEmpty()) << name.text;
        }
        if (name.expect == "policy") {
            EXPECT_THAT(on, testing::ElementsAre("shared-overseas")) << name.text;
        }
        blocked += name.expect == "block";
        passed += name.expect == "pass";
    }
    EXPECT_GE(blocked, 25U);
    EXPECT_GE(passed, 40U);
}

TEST(ShippedRules, ComposedNamesOfOtherRegionsMatchAndLookAlikesDoNot) {
    const std::pair<std::string_view, bool> cases[] = {
        {"v77-tiktokcdn-eu-com.akamaized.net", true},
        {"p9-sign-va-tiktokcdn-com.akamaized.net", true},
        {"v39.tiktokcdn-eu.com.edgekey.net", true},
        {"www.tiktok.com-eu.bytewlb.akadns.net", true},
        {"pull-f7.tiktokcdn-in.com.c.bytefcdn-ttpap.com", true},
        {"ttp-api16-tiktok-com-apix.bytewlb.akadns.net", true},
        {"www.tiktokv.us.ttdns9.com", true},
        {"p16-tiktokcdn-com.akamaized.net.example.org", false},
        {"nottiktok.com.edgesuite.net", false},
        {"tiktok.com.example.edgesuite.org", false},
        {"p16-nottiktokcdn-com.akamaized.net", false},
        {"p16-tiktokcdn-com.example.net", false},
        {"www.tiktok.com.example.org", false},
        {"edgesuite.net", false},
        {"tiktok.akamaized.net", false},
    };
    const RuleScanner scanner(shipped());
    for (const auto& [name, expected] : cases) {
        NameBatch batch;
        batch.add_text(as_bytes(name));
        EXPECT_EQ(!categories(shipped(), matches(scanner, batch)[0], true).empty(), expected) << name;
    }
}

/// Labels that hostile clients write: newlines, NULs, dots, high bytes, and rules' names.
std::string hostile_wire(std::mt19937& random, const std::vector<SourceRule>& rules) {
    const auto pick = [&](std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
    };
    std::string name = rules[pick(rules.size())].name;
    if (name.find('.') == name.npos) name = "p16-tiktokcdn-com.akamaized.net";
    for (std::size_t i = pick(4); i > 0; --i) name[pick(name.size())] = "\n.\0\xff\\x-\r A"[pick(11)];
    if (pick(3) == 0) name = "www\n." + name;
    if (pick(3) == 0) name += "\n.example";
    std::string wire, label;
    for (char c : name + ".") {
        // At times a dot stays inside its label.
        if (c == '.' && pick(6) != 0) {
            if (!label.empty()) wire += static_cast<char>(label.size()) + label;
            label.clear();
        } else if (label.size() < 63) {
            label += c;
        }
    }
    return wire + '\0';
}

TEST(RuleScanner, ANamesVerdictIsItsVerdictInEveryBatch) {
    const auto extra = rules_of(R"(category = "test"
default = "on"
comment = "expressions that would cross from one name into the next if they could"
source = "test"
suffix = [{ name = "tiktok.com", comment = "test" }]
exact = [{ name = "tiktok.com", comment = "test" }, { name = "example.org", comment = "test" }]
regex = [
  { name = "negated", pattern = 'www[^.]*tiktok[^a]com$', comment = "test" },
  { name = "anything", pattern = '^.*tiktok.*$', comment = "test" },
  { name = "long", pattern = '^[^x]{3,200}$', comment = "test" },
  { name = "start", pattern = '^w.{2,40}\.example$', comment = "test" },
  { name = "class", pattern = '[^a-z]+[^0-9]*(com|net|example)$', comment = "test" },
])");
    ASSERT_TRUE(extra);
    std::mt19937 random(20230327);
    std::size_t hits = 0;
    for (const RuleSet* rules : {&shipped(), static_cast<const RuleSet*>(extra.get())}) {
        const RuleScanner scanner(*rules);
        for (int round = 0; round < 300; ++round) {
            NameBatch batch, single;
            std::vector<std::set<std::uint32_t>> alone;
            const std::size_t count = 1 + random() % 32;
            for (std::size_t i = 0; i < count; ++i) {
                const std::string wire = hostile_wire(random, shipped_source().rules);
                batch.add_dns(as_bytes(wire));
                single.clear();
                single.add_dns(as_bytes(wire));
                alone.push_back(matches(scanner, single)[0]);
                hits += alone.back().size();
            }
            ASSERT_EQ(matches(scanner, batch), alone) << batch.text();
        }
    }
    EXPECT_GT(hits, 1000U);
}

TEST(RuleScanner, KindsMatchWhatTheySay) {
    const auto rules = rules_of(R"(category = "test"
default = "off"
comment = "test"
source = "test"
suffix = [{ name = "below.example", comment = "test" }]
exact = [{ name = "only.example", comment = "test" }]
regex = [
  { name = "whole", pattern = '^a+\.whole\.example$', comment = "test" },
  { name = "label", pattern = 'b{2}(c|dd)?\.label\.example$', comment = "test" },
])");
    ASSERT_TRUE(rules);
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"below.example", "below.example"},
        {"x.y.below.example", "below.example"},
        {"xbelow.example", ""},
        {"below.example.org", ""},
        {"only.example", "only.example"},
        {"www.only.example", ""},
        {"aaa.whole.example", "whole"},
        {"x.aaa.whole.example", ""},
        {"bb.label.example", "label"},
        {"x.bbdd.label.example", "label"},
        {"xbb.label.example", ""},
        {"bbb.label.example", ""},
        {"bb.label.example.org", ""},
    };
    const RuleScanner scanner(*rules);
    NameBatch batch;
    for (const auto& each : cases) batch.add_text(as_bytes(each.first));
    const auto found = matches(scanner, batch);
    for (std::size_t i = 0; i < std::size(cases); ++i) {
        const std::string_view name = found[i].empty() ? "" : rules->rule(*found[i].begin()).name;
        EXPECT_EQ(name, cases[i].second) << cases[i].first;
    }
}

TEST(RuleScanner, AnOverlongTextMatchesSuffixesOnly) {
    const auto rules = rules_of(R"(category = "test"
default = "off"
comment = "test"
source = "test"
suffix = [{ name = "tiktok.com", comment = "test" }]
exact = [{ name = "tiktok.com", comment = "test" }]
regex = [{ name = "whole", pattern = '^tiktok\.com$', comment = "test" }]
)");
    const RuleScanner scanner(*rules);
    NameBatch batch;
    batch.add_text(as_bytes("tiktok.com"));
    batch.add_text(as_bytes(std::string(600, 'a') + ".tiktok.com"));
    batch.add_text(as_bytes(std::string(600, 'a') + "tiktok.com"));
    const auto found = matches(scanner, batch);
    EXPECT_EQ(found[0].size(), 3U);
    ASSERT_EQ(found[1].size(), 1U);
    EXPECT_EQ(rules->rule(*found[1].begin()).kind, RuleKind::suffix);
    EXPECT_TRUE(found[2].empty());
}

TEST(RuleScanner, CanBeMoved) {
    RuleScanner first(shipped());
    RuleScanner second(std::move(first));
    EXPECT_FALSE(first.ok());
    ASSERT_TRUE(second.ok());
    first = std::move(second);
    ASSERT_TRUE(first.ok());
    NameBatch batch;
    batch.add_text(as_bytes("www.tiktok.com"));
    EXPECT_EQ(matches(first, batch)[0].size(), 1U);
}

TEST(RuleSet, KnowsItsRulesAndCategories) {
    const RuleSet& rules = shipped();
    EXPECT_EQ(rules.size(), shipped_source().rules.size());
    EXPECT_THAT(std::string(rules.digest()), testing::MatchesRegex("[0-9a-f]{64}"));
    std::set<std::string> on;
    for (const Category& category : rules.categories()) {
        if (category.default_on) on.emplace(category.name);
    }
    EXPECT_THAT(on, testing::ElementsAre("shared-overseas", "tiktok", "tiktok-download"));
    const auto again = RuleSet::load(shipped_bytes()).value();
    EXPECT_EQ(again->digest(), rules.digest());
}

TEST(RuleSet, OutlivesWhatItWasLoadedFrom) {
    auto bytes = shipped_bytes();
    const auto rules = RuleSet::load(bytes).value();
    std::fill(bytes.begin(), bytes.end(), std::byte{0xee});
    const RuleScanner scanner(*rules);
    NameBatch batch;
    batch.add_text(as_bytes("www.tiktok.com"));
    ASSERT_EQ(matches(scanner, batch)[0].size(), 1U);
    EXPECT_EQ(rules->rule(*matches(scanner, batch)[0].begin()).name, "tiktok.com");
}

/// Changes the header or the content, and makes the digest right again so that the deeper checks are met.
template <typename Change>
std::string error_after(Change change, bool seal = true) {
    auto bytes = shipped_bytes();
    CompiledHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    change(header, bytes);
    std::memcpy(bytes.data(), &header, std::min(sizeof header, bytes.size()));
    if (seal && bytes.size() >= sizeof header) {
        header.digest = sha256(Bytes(bytes).subspan(kCompiledDigestFrom));
        std::memcpy(bytes.data(), &header, sizeof header);
    }
    const auto loaded = RuleSet::load(bytes);
    return loaded ? "loaded" : loaded.error();
}

using Header = CompiledHeader;
using Content = std::vector<std::byte>;

TEST(RuleSetLoad, RefusesWhatIsNotForThisBox) {
    EXPECT_EQ(error_after([](Header&, Content&) {}), "loaded");
    EXPECT_THAT(error_after([](Header& h, Content&) { h.magic = 7; }), HasSubstr("magic"));
    EXPECT_THAT(error_after([](Header& h, Content&) { h.version = 1; }), HasSubstr("format version 1"));
    EXPECT_THAT(error_after([](Header& h, Content&) { h.header_size = 8; }),
                HasSubstr("its header says that it has 8 bytes"));
    EXPECT_THAT(error_after([](Header& h, Content&) { std::strcpy(h.engine, "9.9.9"); }), HasSubstr("engine '9.9.9'"));
    EXPECT_THAT(error_after([](Header& h, Content&) { std::memset(h.engine, 'x', sizeof h.engine); }),
                HasSubstr("engine ''"));
    EXPECT_THAT(error_after([](Header& h, Content&) { std::strcpy(h.processor, "x86-64 avx1024"); }),
                HasSubstr("processor of kind 'x86-64 avx1024'"));
}

TEST(RuleSetLoad, RefusesWhatIsDamaged) {
    EXPECT_THAT(error_after([](Header&, Content& c) { c.resize(sizeof(Header) - 1); }), HasSubstr("too few"));
    EXPECT_THAT(error_after([](Header&, Content& c) { c.clear(); }), HasSubstr("too few"));
    EXPECT_THAT(error_after([](Header&, Content& c) { c.pop_back(); }), HasSubstr("cut or has grown"));
    EXPECT_THAT(error_after([](Header&, Content& c) { c.push_back({}); }), HasSubstr("cut or has grown"));
    EXPECT_THAT(error_after([](Header&, Content& c) { c.back() ^= std::byte{1}; }, false), HasSubstr("digest"));
    EXPECT_THAT(error_after([](Header& h, Content&) { h.rules.size += 1; }), HasSubstr("table of rules"));
    EXPECT_THAT(error_after([](Header& h, Content&) { h.rules.size = 0; }), HasSubstr("no rule"));
    EXPECT_THAT(error_after([](Header& h, Content&) { h.rules.offset = 0xffff'fff0; }), HasSubstr("table of rules"));
    EXPECT_THAT(error_after([](Header& h, Content&) { h.rules.offset = 0; }), HasSubstr("table of rules"));
    EXPECT_THAT(error_after([](Header& h, Content&) { h.strings.size = 0xffff'ffff; }), HasSubstr("table of names"));
    EXPECT_THAT(error_after([](Header& h, Content&) { h.strings.size = 10; }), HasSubstr("is wrong"));
    EXPECT_THAT(error_after([](Header& h, Content&) { h.categories.size -= 8; }), HasSubstr("is wrong"));
    EXPECT_THAT(error_after([](Header& h, Content&) { h.database.size -= 8; }), HasSubstr("database"));
    EXPECT_THAT(error_after([](Header& h, Content&) { h.database.size = 0; }), HasSubstr("database"));
    EXPECT_THAT(error_after([](Header& h, Content& c) { c[h.database.offset + h.database.size / 2] ^= std::byte{1}; }),
                HasSubstr("database"));
    const auto rule = [](auto set) {
        return error_after([&](Header& h, Content& c) {
            CompiledRule first;
            std::memcpy(&first, c.data() + h.rules.offset, sizeof first);
            set(first);
            std::memcpy(c.data() + h.rules.offset, &first, sizeof first);
        });
    };
    EXPECT_THAT(rule([](CompiledRule& r) { r.kind = 4; }), HasSubstr("rule 0 is wrong"));
    EXPECT_THAT(rule([](CompiledRule& r) { r.kind = 3; }), HasSubstr("rule 0 is no prefix of addresses"));
    EXPECT_THAT(rule([](CompiledRule& r) { r.in_table = 2; }), HasSubstr("rule 0 is wrong"));
    EXPECT_THAT(rule([](CompiledRule& r) { r.kind = 2, r.in_table = 1; }), HasSubstr("rule 0 is wrong"));
    EXPECT_THAT(rule([](CompiledRule& r) { r.category = 60000; }), HasSubstr("rule 0 is wrong"));
    EXPECT_THAT(rule([](CompiledRule& r) { r.name_offset = 0xffff'ffff; }), HasSubstr("rule 0 is wrong"));
    EXPECT_THAT(rule([](CompiledRule& r) { r.name_size = 0; }), HasSubstr("rule 0 is wrong"));
}

TEST(RuleSet, KnowsItsAddressRules) {
    const auto rules = rules_of(R"(category = "test"
default = "off"
comment = "test"
source = "test"
suffix = [{ name = "tiktok.com", comment = "test" }]
prefix = [
  { name = "192.0.2.0/24", comment = "test" },
  { name = "2001:DB8::/32", comment = "test" },
])");
    ASSERT_TRUE(rules);
    ASSERT_EQ(rules->size(), 3U);
    std::set<std::string> names;
    for (const AddressRule& each : rules->address_rules()) {
        EXPECT_EQ(rules->rule(each.rule).kind, RuleKind::prefix);
        EXPECT_EQ(rules->rule(each.rule).name, address_prefix_text(each.prefix));
        names.emplace(rules->rule(each.rule).name);
    }
    EXPECT_THAT(names, testing::ElementsAre("192.0.2.0/24", "2001:db8::/32"));
    const RuleScanner scanner(*rules);
    NameBatch batch;
    batch.add_text(as_bytes("192.0.2.0/24"));
    batch.add_text(as_bytes("tiktok.com"));
    const auto found = matches(scanner, batch);
    EXPECT_TRUE(found[0].empty());
    ASSERT_EQ(found[1].size(), 1U);
    EXPECT_EQ(rules->rule(*found[1].begin()).name, "tiktok.com");
}

TEST(RuleSetLoad, EveryTruncationAndBitFlipIsRefused) {
    const auto small = compile_rules([] {
        RuleSource source;
        std::vector<std::string> errors;
        read_rule_text(
            "category = \"a\"\ndefault = \"on\"\ncomment = \"a\"\nsource = \"a\"\n"
            "suffix = [{ name = \"tiktok.com\", comment = \"a\" }]",
            "a.toml", source, errors);
        return source;
    }());
    ASSERT_TRUE(small);
    for (std::size_t size = 0; size < small->size(); ++size) {
        EXPECT_FALSE(RuleSet::load(Bytes(*small).first(size))) << size;
    }
    for (std::size_t i = 0; i < small->size(); ++i) {
        auto bytes = *small;
        bytes[i] ^= std::byte{0x10};
        EXPECT_FALSE(RuleSet::load(bytes)) << i;
    }
}

TEST(RuleSetLoad, ErrorsAreOneLine) {
    for (const std::string& text : {error_after([](Header&h, Content&) { std::memcpy(h.engine, "a\nb", 4); }),
                                    error_after([](Header&h, Content&) { h.magic = 0; })}) {
        EXPECT_EQ(text.find('\n'), text.npos) << text;
        EXPECT_THAT(text, HasSubstr("sluisctl rules compile"));
    }
}

TEST(RuleSetLoadFile, NamesTheFile) {
    EXPECT_THAT(RuleSet::load_file("/nonexistent/rules").error(),
                HasSubstr("/nonexistent/rules: cannot be read: No such file or directory; make it by sluisctl"));
    EXPECT_THAT(RuleSet::load_file("/dev/null").error(), HasSubstr("not a regular file"));
    EXPECT_THAT(RuleSet::load_file("/").error(), HasSubstr("not a regular file"));
    const ScratchFolder folder;
    const std::string path = folder / "rules.compiled";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(shipped_bytes().data()), static_cast<long>(shipped_bytes().size()));
    EXPECT_EQ(RuleSet::load_file(path).value()->digest(), shipped().digest());
    std::ofstream(path, std::ios::binary) << "not a rule set";
    EXPECT_THAT(RuleSet::load_file(path).error(), HasSubstr(path + ": not a compiled rule set"));
}

TEST(Sha256, IsFips180) {
    const Sha256 digest = sha256(as_bytes("abc"));
    const Sha256 expected{0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                          0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                          0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    EXPECT_EQ(digest, expected);
}

}  // namespace
}  // namespace sluis
