#include "dataplane/interface/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string_view>

namespace sluis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const std::vector<Category> kCategories{{"tiktok", true}, {"shared-overseas", true}, {"encrypted-dns", false}};

TEST(Policy, EnforcesWhatIsOnByDefault) {
    const auto policy = make_policy(Config{}, kCategories);
    ASSERT_TRUE(policy) << policy.error();
    EXPECT_THAT(policy->enforced, ElementsAre(true, true, false));
    EXPECT_THAT(policy->quic_ports, ElementsAre(443));
    EXPECT_EQ(policy->dns.mode, DnsRefusalMode::nxdomain);
}

TEST(Policy, ListsOverrideTheDefault) {
    Config config;
    config.policy.enforce = {"encrypted-dns", "tiktok"};
    config.policy.off = {"shared-overseas"};
    config.policy.quic_ports = {443, 8443};
    const auto policy = make_policy(config, kCategories);
    ASSERT_TRUE(policy) << policy.error();
    EXPECT_THAT(policy->enforced, ElementsAre(true, false, true));
    EXPECT_THAT(policy->quic_ports, ElementsAre(443, 8443));
}

TEST(Policy, RefusalComesFromTheConfiguration) {
    Config config;
    config.refusal.sinkhole = true;
    config.refusal.sinkhole_ipv4 = {std::byte{192}, std::byte{0}, std::byte{2}, std::byte{80}};
    config.refusal.dns_ttl = 5;
    config.refusal.dns_text = "Vraag het de helpdesk";
    const auto policy = make_policy(config, kCategories);
    ASSERT_TRUE(policy) << policy.error();
    EXPECT_EQ(policy->dns.mode, DnsRefusalMode::sinkhole);
    EXPECT_EQ(policy->dns.sinkhole_ipv4, config.refusal.sinkhole_ipv4);
    EXPECT_EQ(policy->dns.ttl, 5u);
    EXPECT_EQ(policy->dns.text.data(), config.refusal.dns_text.data()) << "borrowed, not copied";
    std::map<std::string_view, const char*> texts;
    for (const auto& [language, text] : policy->dns_texts) texts[language] = text.data();
    EXPECT_EQ(texts, (std::map<std::string_view, const char*>{{"nl", config.refusal.dns_text_nl.data()},
                                                              {"fr", config.refusal.dns_text_fr.data()},
                                                              {"de", config.refusal.dns_text_de.data()}}));
    EXPECT_FALSE(policy->tls_alert);
    EXPECT_EQ(policy->http_redirect, "");
    config.refusal.tls_alert = config.refusal.http_redirect = true;
    config.refusal.notice_url = "http://notice.example/nl";
    const auto telling = make_policy(config, kCategories);
    ASSERT_TRUE(telling) << telling.error();
    EXPECT_TRUE(telling->tls_alert);
    EXPECT_THAT(telling->http_redirect, HasSubstr("\r\nLocation: http://notice.example/nl\r\n"));
}

TEST(Policy, UnknownCategoryNamesTheNearest) {
    for (const bool in_enforce : {true, false}) {
        Config config;
        (in_enforce ? config.policy.enforce : config.policy.off) = {"encripted-dns"};
        const auto policy = make_policy(config, kCategories);
        ASSERT_FALSE(policy);
        EXPECT_THAT(policy.error(), HasSubstr("\"encripted-dns\""));
        EXPECT_THAT(policy.error(), HasSubstr("nearest known one is \"encrypted-dns\""));
    }
}

TEST(Policy, CategoryInBothListsIsAnError) {
    Config config;
    config.policy.enforce = config.policy.off = {"tiktok"};
    EXPECT_FALSE(make_policy(config, kCategories));
}

TEST(Policy, AnErrorSaysWhereInTheFile) {
    const auto complaint = [](const char* text) {
        const auto config = parse_config(text, "sluis.toml", false);
        if (!config) return config.error();
        const auto policy = make_policy(*config, kCategories);
        return policy ? std::string() : policy.error();
    };
    EXPECT_THAT(complaint("\n[policy]\nenforce = [\n  \"tiktok\",\n  \"tictoc\"]\n"),
                StartsWith("sluis.toml:5:3: [policy] names the category \"tictoc\""));
    EXPECT_THAT(complaint("[policy]\noff = [\"tictoc\"]\n"), StartsWith("sluis.toml:2:8: [policy] names"));
    EXPECT_THAT(complaint("[policy]\nenforce = [\"tiktok\"]\noff = [\"shared-overseas\", \"tiktok\"]\n"),
                StartsWith("sluis.toml:3:27: [policy] has the category \"tiktok\" both"));
    EXPECT_EQ(complaint("[policy]\nenforce = [\"tiktok\"]\n"), "");
}

TEST(Policy, RuleSetWithoutCategories) {
    EXPECT_TRUE(make_policy(Config{}, std::span<const Category>{}));
    Config config;
    config.policy.off = {"tiktok"};
    EXPECT_FALSE(make_policy(config, std::span<const Category>{}));
}

}  // namespace
}  // namespace sluis
