#include "dataplane/interface/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

TEST(Policy, RuleSetWithoutCategories) {
    EXPECT_TRUE(make_policy(Config{}, std::span<const Category>{}));
    Config config;
    config.policy.off = {"tiktok"};
    EXPECT_FALSE(make_policy(config, std::span<const Category>{}));
}

}  // namespace
}  // namespace sluis
