// How much the shipped rules catch, and how little else: figures, over names that public lists hold (data/
// tiktok-names.tsv) and names that nobody has seen yet. tests/patterns/ adds the host names of others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "control/rules/rule_compiler.h"
#include "tests/unit/sanitized.h"

namespace sluis {
namespace {

class Collector final : public MatchVisitor {
public:
    explicit Collector(const RuleSet& rules) : rules_(rules) {}
    void on_match(std::uint32_t, std::uint32_t rule_id) noexcept override {
        const Category& category = rules_.categories()[rules_.rule(rule_id).category];
        if (category.default_on) on.emplace(category.name);
    }
    std::set<std::string> on;  ///< categories that are on by default

private:
    const RuleSet& rules_;
};

const RuleSet& shipped() {
    static const std::unique_ptr<RuleSet> rules = open_rules(SLUIS_SOURCE_DIR "/control/rules").value();
    return *rules;
}

/// The categories that refuse a name by default.
std::set<std::string> refusing(std::string_view name) {
    static const RuleScanner scanner(shipped());
    NameBatch batch;
    batch.add_text(as_bytes(name));
    Collector collector(shipped());
    scanner.scan(batch, collector);
    return collector.on;
}

struct ListedName {
    std::string name, kind, group, action;
};

/// The rows of a table with tabs, without comments and the row of headings: its columns in order.
template <typename Row>
std::vector<Row> rows_of(const std::string& file, std::string_view headings,
                         std::initializer_list<std::string Row::*> columns) {
    std::ifstream input(SLUIS_SOURCE_DIR "/tests/unit/data/" + file);
    std::vector<Row> rows;
    for (std::string line; std::getline(input, line);) {
        if (line.starts_with('#') || line.starts_with(headings)) continue;
        std::istringstream text(line);
        Row& row = rows.emplace_back();
        for (std::string Row::*column : columns) std::getline(text, row.*column, '\t');
    }
    return rows;
}

std::vector<ListedName> listed_names() {
    return rows_of<ListedName>("tiktok-names.tsv", "name\t",
                               {&ListedName::name, &ListedName::kind, &ListedName::group, &ListedName::action});
}

TEST(PatternSet, RefusesEveryNameThatItShould) {
    std::size_t names = 0, refused = 0;
    for (const ListedName& each : listed_names()) {
        if (each.action != "block") continue;
        ++names;
        const bool self = refusing(each.name).count(each.group) != 0;
        const bool below = each.kind != "suffix" || refusing("v16-new." + each.name).count(each.group) != 0;
        EXPECT_TRUE(self && below) << each.name;
        refused += self && below;
    }
    std::cout << "recall: " << refused << " of " << names << " names\n";
    EXPECT_EQ(names, 159U);
}

TEST(PatternSet, RefusesNoNameOfOthers) {
    std::size_t names = 0, refused = 0;
    for (const ListedName& each : listed_names()) {
        if (each.action == "block") continue;
        ++names;
        const bool any = !refusing(each.name).empty();
        refused += any;
        // A TikTok name at a CDN of the app's own, seen in one list only: the regex for such names is right to match
        // it.
        EXPECT_EQ(any, each.name == "ttp-api16-tiktok-com-apix.bytewlb.akadns.net") << each.name;
    }
    std::cout << "refused of names that are others' or off: " << refused << " of " << names << '\n';
    EXPECT_EQ(names, 1277U);
}

struct JudgedName {
    std::string expect, name, why;
};

std::vector<JudgedName> judged_names() {
    return rows_of<JudgedName>("naming-names.tsv", "expect\t",
                               {&JudgedName::expect, &JudgedName::name, &JudgedName::why});
}

TEST(PatternSet, JudgesNamesThatWereWrittenDownWithoutIt) {
    std::size_t refused = 0, passed = 0;
    for (const JudgedName& each : judged_names()) {
        ASSERT_TRUE(each.expect == "refuse" || each.expect == "pass") << each.name;
        EXPECT_EQ(!refusing(each.name).empty(), each.expect == "refuse") << each.name << ": " << each.why;
        each.expect == "refuse" ? ++refused : ++passed;
    }
    std::cout << "names written down without the expressions: " << refused << " refused, " << passed << " passed\n";
    EXPECT_EQ(refused, 38U);
    EXPECT_EQ(passed, 35U);
}

TEST(PatternSet, RefusesNamesThatNoListHasYet) {
    const std::string_view names[] = {
        // a region
        "v16m.tiktokcdn-sg.com", "p16-sign.tiktokcdn-jp.com", "v45.tiktokcdn-ap.com", "log.tiktokv-uk.com",
        "api16-normal.tiktokv.uk", "mon.tiktokv.sg", "v9.tiktokcdn.eu", "oec-api.tiktokglobalshopv.eu",
        "ads.tiktokpangle-cdn-eu.com", "v19.tiktoksg-cdn.com", "v19.tiktokus-cdn.com", "api.ttoverseaeu.net",
        "api.ttoverseaap.net", "pull-f5.ttlivecdn-eu.com", "lf16.ttwstatic-eu.com", "p16.tiktokcdn-ttp2.com",
        "p16.tiktokcdn-ttpeu.com",
        // a host
        "v999-webapp-prime.eu.tiktok.com", "api99-core-c-euwest9.tiktokv.eu",
        // at a content network
        "v77-tiktokcdn-eu-com.akamaized.net", "p9-sign-va-tiktokcdn-com.akamaized.net",
        "v7.tiktokcdn-sg-com.edgekey.net.akadns.net", "sf16-ttwstatic-com.akamaized.net",
        "p77-tiktokw-eu.akamaized.net", "v16-tiktokrow-cdn-com.akamaized.net", "v39.tiktokcdn-eu.com.edgekey.net",
        "v39.tiktokcdn-jp.com.edgesuite.net", "www.tiktok.com-eu.bytewlb.akadns.net", "www.tiktok.com.fastly.net",
        "v5.tiktokcdn-in.com.c.bytefcdn-ttpap.com", "www.tiktokv.us.ttdns9.com", "v3.tiktokw.us.worldfcdn3.com",
        "v16.tiktokcdn-us.com.w.kunlunaq.com", "v16.tiktokv.com.w.alikunlun.net", "v16.ttlivecdn-eu.com.wscdns.com",
        "v16.muscdn.com.bsgslb.com", "api.musical.ly.fastly.net", "v5.tiktokeu-cdn.com.qlivecdn.com",
        "v5.tiktokcdn.com.download.ks-cdn.com", "v5.tiktoklb.eu.akadns.net",
        // the app, from where it is alone
        "tiktok.fr.uptodown.com", "tiktok.nl.uptodown.com", "tiktok-lite.de.uptodown.com"};
    std::size_t refused = 0;
    for (const std::string_view name : names) {
        EXPECT_FALSE(refusing(name).empty()) << name;
        refused += !refusing(name).empty();
    }
    std::cout << "made-up names of TikTok's naming: " << refused << " of " << std::size(names) << '\n';
}

TEST(PatternSet, PassesLookAlikes) {
    const std::string_view names[] = {"tiktokcdn-sg.com.example.org",
                                      "xtiktokcdn-sg.com",
                                      "tiktokcdn-sg.example",
                                      "tiktokcdn-shop.com",
                                      "my-tiktokcdn-sg.com",
                                      "tiktokcdnsg.com",
                                      "tiktok-br.com",
                                      "tiktok-de.com",
                                      "tiktok-fans.net",
                                      "tiktok-shop.org",
                                      "tiktok.uk",
                                      "tiktok.example",
                                      "tiktokshop.de",
                                      "tiktok.me",
                                      "tiktoklb.us",
                                      "tiktokv.co",
                                      "tiktokv.us.example.com",
                                      "tiktoker.eu",
                                      "ttoversea.com",
                                      "ttoverseafreight.net",
                                      "ttcdn.com",
                                      "ttcdn-eu.example",
                                      "muscdn-museum.com",
                                      "tiktokers-cdn.example",
                                      "tiktokfans-cdn.com",
                                      "p16-tiktokcdn-com.akamaized.net.example.org",
                                      "p16-nottiktokcdn-com.akamaized.net",
                                      "p16-tiktokcdn-com.example.net",
                                      "p16-mytiktok-com.akamaized.net",
                                      "nottiktok.com.edgesuite.net",
                                      "www.tiktok.com.localdomain",
                                      "tiktokv.com.dvaitas.lt",
                                      "tiktokcdn.com.example.com",
                                      "tiktok.akamaized.net",
                                      "edgesuite.net",
                                      "akamaized.net",
                                      "www.edgekey.net",
                                      "wsdvs.com",
                                      "x.wsdvs.com",
                                      "musical.ly.example",
                                      "american-musical.ly.fastly.example",
                                      "americanmusical.ly.fastly.net",
                                      "tiktok.com.br",
                                      "stiktokv.com.w.kunlunaq.com",
                                      "tiktok.fr.uptodown.com.example",
                                      "capcut.fr.uptodown.com",
                                      "tiktok-video-downloader.fr.uptodown.com",
                                      "uptodown.com",
                                      "www.uptodown.com",
                                      "en.uptodown.com",
                                      "en.aptoide.com",
                                      "dw.uptodown.com",
                                      "play.google.com",
                                      "apps.apple.com",
                                      "www.capcut.com",
                                      "www.larksuite.com",
                                      "www.bytedance.com",
                                      "www.lemon8-app.com",
                                      "www.douyin.com"};
    for (const std::string_view name : names) EXPECT_THAT(refusing(name), testing::IsEmpty()) << name;
    std::cout << "look-alikes that pass: " << std::size(names) << '\n';
}

TEST(PatternSet, CompilesInLessThanASecondOfAProcessor) {
    const auto source = read_rule_source({SLUIS_SOURCE_DIR "/control/rules"});
    ASSERT_TRUE(source);
    const std::clock_t start = std::clock();  // processor time: the machine has other work
    const auto compiled = compile_rules(*source);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    ASSERT_TRUE(compiled);
    std::cout << "shipped set: " << source->rules.size() << " rules, " << compiled->size() << " bytes, compiled in "
              << seconds << " s of processor time\n";
    EXPECT_LT(seconds, SLUIS_SANITIZED ? 10 : 1);
}

}  // namespace
}  // namespace sluis
