// What two configurations do not share.
#include "dataplane/interface/config_changes.h"

#include <gtest/gtest.h>

namespace sluis {
namespace {

constexpr const char* kPair = "[[pair]]\ninside = \"net_null0\"\noutside = \"net_null1\"\n";
constexpr const char* kOther = "[[pair]]\nname = \"other\"\ninside = \"net_null2\"\noutside = \"net_null3\"\n";

Config read(const std::string& text) {
    auto config = parse_config(text, "test.toml", true);
    EXPECT_TRUE(config) << config.error();
    return std::move(*config);
}

/// Each change as "key before>after", with a "!" where it takes another start.
std::vector<std::string> changes(const std::string& before, const std::string& after) {
    std::vector<std::string> list;
    for (const ConfigChange& change : changes_between(read(before), read(after)))
        list.push_back(change.key + " " + change.before + ">" + change.after + (change.live ? "" : " !"));
    return list;
}

using Lists = std::vector<std::string>;

TEST(ConfigChanges, NoneWhereTheSameIsSaidInOtherWords) {
    EXPECT_EQ(changes(kPair, std::string("# a comment\n") + kPair + "mode = \"inline\"\n[limits]\nflows = 65536\n"),
              Lists{});
}

TEST(ConfigChanges, EachKeyByItsName) {
    EXPECT_EQ(changes(kPair, std::string(kPair) + "[limits]\nflows = 1024\n[policy]\nstrip_ech = false\n"),
              (Lists{"policy.strip_ech true>false", "limits.flows 65536>1024 !"}));
    EXPECT_EQ(changes(std::string(kPair) + "[refusal]\ndns_ttl = \"5s\"\n", kPair),
              (Lists{"refusal.dns_ttl \"5s\">\"60s\""}));
    EXPECT_EQ(changes(kPair, std::string(kPair) + "mode = \"wire\"\nworkers = 2\n"),
              (Lists{"pair.pair0.workers 1>2 !", "pair.pair0.mode \"inline\">\"wire\""}));
}

TEST(ConfigChanges, WhatTheGuardTakesUp) {
    EXPECT_EQ(
        changes(kPair, std::string(kPair) + "on_failure = { dataplane = \"closed\" }\n[guard]\nhang_after = \"1s\"\n"),
        (Lists{"pair.pair0.on_failure { dataplane = \"open\" }>{ dataplane = \"closed\" }",
               "guard.hang_after \"500ms\">\"1s\""}));
}

TEST(ConfigChanges, PairsThatComeGoOrMove) {
    const std::string both = std::string(kPair) + kOther, turned = std::string(kOther) +
                                                                   "\n[[pair]]\nname = \"pair0\"\n" +
                                                                   "inside = \"net_null0\"\noutside = \"net_null1\"\n";
    EXPECT_EQ(changes(kPair, both), (Lists{"pair pair0>pair0, other !"}));
    EXPECT_EQ(changes(both, kPair), (Lists{"pair pair0, other>pair0 !"}));
    EXPECT_EQ(changes(both, turned), (Lists{"pair pair0, other>other, pair0 !"}));
}

TEST(ConfigChanges, TextsAreToldApartByTheirDigests) {
    EXPECT_EQ(read(kPair).digest.size(), 64u);
    EXPECT_EQ(read(kPair).digest, read(kPair).digest);
    EXPECT_NE(read(kPair).digest, read(std::string(kPair) + "\n").digest);
}

}  // namespace
}  // namespace sluis
