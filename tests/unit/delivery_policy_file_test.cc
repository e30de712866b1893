// policy.toml as it comes, goes, breaks and is mended, and what is kept of it over a restart.
#include "control/delivery/policy_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scratch_folder.h"

namespace sluis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kGood = R"(
[[zone]]
name = "tablets"
devices = "tablets.csv"
  [[zone.rule]]
  mode = "enforce"
[[zone]]
name = "all"
  [[zone.rule]]
  mode = "monitor"
[[allow]]
name = "b.example"
owner = "press"
reason = "ours"
until = 2023-05-01T00:00:00Z
[[allow]]
name = "a.example"
owner = "press"
reason = "ours"
until = 2023-04-01T00:00:00Z
)";

class PolicyFileTest : public testing::Test {
protected:
    void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
    void write_good() {
        write("tablets.csv", "Name,Wi-Fi MAC\nJan Peeters,00:00:5e:00:53:01\n");
        write("policy.toml", kGood);
    }
    PolicyFile restarted() const { return PolicyFile(folder_ / "policy.toml", folder_ / "last-good"); }
    std::string content(const std::string& name) const {
        std::ifstream file(folder_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    ScratchFolder folder_;
    PolicyFile file_ = restarted();
};

TEST_F(PolicyFileTest, NoFileIsNoPolicy) {
    const auto look = file_.look();
    EXPECT_TRUE(look.is_news && look.changed);
    EXPECT_EQ(look.policy, nullptr);
    EXPECT_EQ(look.trouble, "");
    EXPECT_FALSE(file_.look().is_news);
}

TEST_F(PolicyFileTest, ReadsWhatIsThereOnce) {
    write_good();
    const auto look = file_.look();
    ASSERT_TRUE(look.changed && look.policy);
    EXPECT_EQ(look.trouble, "");
    EXPECT_EQ(look.policy->policy.zones.size(), 2u);
    EXPECT_FALSE(look.policy->is_copy);
    EXPECT_FALSE(file_.look().is_news);
    file_.forget();
    const auto again = file_.look();
    ASSERT_TRUE(again.policy);
    EXPECT_EQ(again.policy->digest, look.policy->digest);
}

TEST_F(PolicyFileTest, KnowsWhichNamesAreAllowedAtAMoment) {
    write_good();
    const auto look = file_.look();
    ASSERT_TRUE(look.policy);
    EXPECT_THAT(look.policy->allowed_names(1'679'868'000), ElementsAre("a.example", "b.example"));
    EXPECT_THAT(look.policy->allowed_names(1'680'307'199), ElementsAre("a.example", "b.example"));
    EXPECT_THAT(look.policy->allowed_names(1'680'307'200), ElementsAre("b.example"));
}

TEST_F(PolicyFileTest, ADeviceListThatChangesIsAnotherPolicy) {
    write_good();
    const std::string digest = file_.look().policy->digest;
    write("tablets.csv", "Name,Wi-Fi MAC\nJan Peeters,00:00:5e:00:53:02\nAn,00:00:5e:00:53:03\n");
    const auto look = file_.look();
    ASSERT_TRUE(look.policy);
    EXPECT_EQ(look.policy->policy.zones[0].devices.devices.size(), 2u);
    EXPECT_NE(look.policy->digest, digest);
}

TEST_F(PolicyFileTest, WhatIsBrokenIsRefusedWithItsPlaceAndTheLastGoodOneStays) {
    write_good();
    file_.look();
    write("policy.toml", std::string(kGood) + "[[zoen]]\n");
    const auto look = file_.look();
    EXPECT_TRUE(look.is_news);
    EXPECT_FALSE(look.changed);
    EXPECT_THAT(look.trouble, HasSubstr("policy.toml:21:3: "));
    EXPECT_FALSE(file_.look().is_news);
    write("policy.toml", kGood);
    EXPECT_TRUE(file_.look().changed);
}

TEST_F(PolicyFileTest, ABrokenDeviceListThatIsMendedIsReadAgain) {
    write_good();
    write("tablets.csv", "Wi-Fi MAC\nno address\n");
    const auto look = file_.look();
    EXPECT_THAT(look.trouble, HasSubstr("tablets.csv:2:1: "));
    EXPECT_FALSE(file_.look().is_news);
    write("tablets.csv", "Wi-Fi MAC\n00:00:5e:00:53:07\n");
    const auto mended = file_.look();
    EXPECT_EQ(mended.trouble, "");
    ASSERT_TRUE(mended.policy);
}

TEST_F(PolicyFileTest, AFileThatHasGoneCountsAsGoneWithTheSecondLook) {
    write_good();
    file_.look();
    std::filesystem::remove(folder_ / "policy.toml");
    EXPECT_FALSE(file_.look().is_news);
    write("policy.toml", kGood);
    EXPECT_TRUE(file_.look().policy);
    std::filesystem::remove(folder_ / "policy.toml");
    EXPECT_FALSE(file_.look().is_news);
    const auto gone = file_.look();
    EXPECT_TRUE(gone.changed);
    EXPECT_EQ(gone.policy, nullptr);
    EXPECT_FALSE(file_.look().is_news);
}

TEST_F(PolicyFileTest, TheLastGoodOneOutlivesARestartWithItsDevices) {
    write_good();
    const auto good = file_.look().policy;
    ASSERT_TRUE(good);
    ASSERT_TRUE(file_.keep(good.get()));
    EXPECT_THAT(content("last-good"), Not(HasSubstr("Peeters")));
    write("policy.toml", "broken");
    std::filesystem::remove(folder_ / "tablets.csv");
    PolicyFile after = restarted();
    const auto look = after.look();
    ASSERT_TRUE(look.changed && look.policy) << look.trouble;
    EXPECT_THAT(look.trouble, HasSubstr("policy.toml:1:"));
    EXPECT_TRUE(look.policy->is_copy);
    EXPECT_EQ(look.policy->digest, good->digest);
    EXPECT_EQ(look.policy->policy.zones[0].devices.devices, good->policy.zones[0].devices.devices);
    EXPECT_FALSE(after.look().is_news);
    write_good();
    const auto mended = after.look();
    ASSERT_TRUE(mended.policy);
    EXPECT_FALSE(mended.policy->is_copy);
}

TEST_F(PolicyFileTest, ADamagedCopyIsNotUsed) {
    write_good();
    ASSERT_TRUE(file_.keep(file_.look().policy.get()));
    write("policy.toml", "broken");
    for (const std::size_t size : {std::size_t{0}, std::size_t{10}, content("last-good").size() - 1}) {
        const std::string whole = content("last-good");
        std::ofstream(folder_ / "last-good", std::ios::binary) << whole.substr(0, size);
        PolicyFile after = restarted();
        const auto look = after.look();
        EXPECT_TRUE(look.changed);
        EXPECT_EQ(look.policy, nullptr) << size;
        EXPECT_THAT(look.trouble, HasSubstr("last-good: damaged"));
        std::ofstream(folder_ / "last-good", std::ios::binary) << whole;
    }
    std::string flipped = content("last-good");
    flipped[flipped.find("00:53:01") + 7] = '2';
    std::ofstream(folder_ / "last-good", std::ios::binary) << flipped;
    PolicyFile after = restarted();
    EXPECT_EQ(after.look().policy, nullptr);
}

TEST_F(PolicyFileTest, NothingIsKeptOfNoPolicy) {
    write_good();
    ASSERT_TRUE(file_.keep(file_.look().policy.get()));
    ASSERT_TRUE(file_.keep(nullptr));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "last-good"));
    EXPECT_TRUE(file_.keep(nullptr));
}

}  // namespace
}  // namespace sluis
