#include "control/guard/relay_bypass.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

/// Attributes as files. A driver's stop the timer with each write of a mode; these do not, so that a write can be seen.
class RelayTest : public testing::Test {
protected:
    void SetUp() override {
        for (const char* attribute : {"wdt", "nextboot", "bpe"}) set(attribute, "0");
        set("bypass", "n");
        set("period", "10");
    }
    void set(const std::string& attribute, const std::string& value) {
        std::ofstream(folder_ / attribute) << value << "\n";
    }
    std::string get(const std::string& attribute) {
        std::string value;
        std::ifstream(folder_ / attribute) >> value;
        return value;
    }
    /// What is written there goes nowhere.
    void ignore(const std::string& attribute, const std::string& device = "/dev/null") {
        std::filesystem::remove(folder_ / attribute);
        std::filesystem::create_symlink(device, folder_ / attribute);
    }
    void expect(const std::string& mode, const std::string& timer, const std::string& power) {
        EXPECT_EQ(get("bypass"), mode);
        EXPECT_EQ(get("wdt"), timer);
        EXPECT_EQ(get("nextboot"), power);
        EXPECT_EQ(get("bpe"), power);
    }

    const ScratchFolder folder_;
    RelayBypass relays_{folder_.path().string(), 4};
};

TEST_F(RelayTest, OpensAndCloses) {
    EXPECT_TRUE(relays_.try_out());
    EXPECT_FALSE(relays_.is_open());
    EXPECT_TRUE(relays_.open());
    EXPECT_TRUE(relays_.is_open());
    expect("b", "0", "1");
    EXPECT_TRUE(relays_.close());
    EXPECT_FALSE(relays_.is_open());
    expect("n", "0", "0");
}

TEST_F(RelayTest, AreFedWhileADataplaneForwards) {
    relays_.open();
    relays_.put_away();
    EXPECT_TRUE(relays_.watch_over(FailPolicy::open));
    expect("n", "1", "1");
    EXPECT_EQ(get("period"), "4");
    set("wdt", "fed before");
    EXPECT_TRUE(relays_.watch_over(FailPolicy::open));
    EXPECT_EQ(get("wdt"), "1");
    relays_.leave();
    expect("n", "0", "1");
}

TEST_F(RelayTest, OfAClosedPairDoNotOpenByThemselves) {
    relays_.watch_over(FailPolicy::open);
    EXPECT_TRUE(relays_.watch_over(FailPolicy::closed));
    expect("n", "0", "0");
    relays_.watch_over(FailPolicy::open);
    EXPECT_TRUE(relays_.close());
    expect("n", "0", "0");
}

TEST_F(RelayTest, ThatOpenedByThemselvesAreClosedAgain) {
    relays_.watch_over(FailPolicy::open);
    set("bypass", "b");
    EXPECT_TRUE(relays_.watch_over(FailPolicy::open));
    expect("n", "1", "1");
}

TEST_F(RelayTest, AnEepromIsNotWornOut) {
    relays_.watch_over(FailPolicy::open);
    const auto written = std::filesystem::last_write_time(folder_ / "nextboot") - std::chrono::hours(1);
    for (const char* attribute : {"bypass", "nextboot", "bpe", "period"})
        std::filesystem::last_write_time(folder_ / attribute, written);
    relays_.put_away();
    relays_.watch_over(FailPolicy::open);
    for (const char* attribute : {"bypass", "nextboot", "bpe", "period"})
        EXPECT_EQ(std::filesystem::last_write_time(folder_ / attribute), written) << attribute;
}

TEST_F(RelayTest, NotEveryOneSaysWhatItDoesWithoutPower) {
    std::filesystem::remove(folder_ / "bpe");
    EXPECT_TRUE(relays_.watch_over(FailPolicy::open));
    EXPECT_EQ(get("nextboot"), "1");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "bpe"));
}

TEST_F(RelayTest, ThatDoNotSwitchAreSaid) {
    ignore("bypass");
    const auto opened = relays_.open();
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("do not go to \"b\""), std::string::npos) << opened.error();
    EXPECT_FALSE(relays_.close());
    EXPECT_FALSE(relays_.watch_over(FailPolicy::open));
}

TEST_F(RelayTest, ATimerThatCannotBeFedIsSaid) {
    ignore("wdt", "/dev/full");
    const auto fed = relays_.watch_over(FailPolicy::open);
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error(), "cannot write " + (folder_ / "wdt") + ": No space left on device");
    EXPECT_EQ(get("bypass"), "n");
}

TEST_F(RelayTest, OpenAlsoWhereNothingElseWorks) {
    for (const char* attribute : {"wdt", "period", "nextboot", "bpe"}) std::filesystem::remove(folder_ / attribute);
    EXPECT_TRUE(relays_.open());
    EXPECT_TRUE(relays_.is_open());
}

TEST_F(RelayTest, ThatAreNotThereAreSaid) {
    RelayBypass missing("/nowhere/g3bp0", 4);
    EXPECT_EQ(missing.try_out().error(), "cannot read /nowhere/g3bp0/bypass: No such file or directory");
    EXPECT_FALSE(missing.is_open());
    EXPECT_FALSE(missing.open());
    EXPECT_FALSE(missing.close());
}

}  // namespace
}  // namespace sluis
