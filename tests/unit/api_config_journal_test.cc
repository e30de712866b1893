// What a sluis-control that was killed in a change of the configuration finds at its next start, and does with it.
#include "control/api/config_journal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

constexpr std::int64_t kNow = 1'679'900'400;

struct ConfigJournalTest : testing::Test {
    /// A change whose file is replaced.
    ConfigJournal change(ConfigStage stage, std::int64_t confirm_until = 0) {
        ConfigJournal journal;
        journal.stage = stage;
        journal.before = config_digest("former");
        journal.after = config_digest("next");
        journal.who = "uid 0, pid 1";
        journal.comment = "a \"comment\"";
        journal.since = kNow;
        journal.confirm_seconds = confirm_until == 0 ? 0 : 60;
        journal.confirm_until = confirm_until;
        journal.dataplane_ran = true;
        EXPECT_TRUE(files.write("next") && files.write_previous("former") && files.write_journal(journal));
        return journal;
    }
    std::string text() const { return *files.read(); }

    ScratchFolder folder;
    ConfigFiles files{folder / "sluis.toml"};
};

TEST_F(ConfigJournalTest, IsReadAsItWasWritten) {
    EXPECT_FALSE(files.read_journal());
    const ConfigJournal written = change(ConfigStage::confirming, kNow + 60);
    EXPECT_EQ(files.read_journal(), written);
    files.remove_journal();
    EXPECT_FALSE(files.read_journal());
}

TEST_F(ConfigJournalTest, WhatIsNoJournalIsNone) {
    for (const char* text : {"", "{", "[]", "{\"stage\": 5}", "{\"stage\": \"done\"}"}) {
        std::ofstream(folder / "sluis.toml.change") << text;
        EXPECT_FALSE(files.read_journal()) << text;
        EXPECT_EQ(recover_configuration(files, kNow), "") << text;
    }
    std::ofstream(folder / "sluis.toml.change") << R"({"stage": "applying", "since": "x", "who": 5})";
    EXPECT_EQ(files.read_journal()->who, "");
}

TEST_F(ConfigJournalTest, WhatWaitsIsLeftAlone) {
    for (const ConfigStage stage : {ConfigStage::applying, ConfigStage::restarting, ConfigStage::confirming}) {
        change(stage, kNow + 10);
        EXPECT_EQ(recover_configuration(files, kNow), "");
        EXPECT_EQ(text(), "next");
    }
}

TEST_F(ConfigJournalTest, WhatNobodyConfirmedIsUndone) {
    change(ConfigStage::confirming, kNow + 10);
    EXPECT_NE(recover_configuration(files, kNow + 10), "");
    EXPECT_EQ(text(), "former");
    EXPECT_EQ(files.read_journal()->stage, ConfigStage::undoing) << "the dataplane has to be told";
}

/// The time is no longer than it was asked for; and a clock that has jumped ahead ends it early.
TEST_F(ConfigJournalTest, AClockThatWasSetBackMakesTheTimeNoLonger) {
    change(ConfigStage::confirming, kNow + 10);
    EXPECT_EQ(recover_configuration(files, 0), "") << "60 s again, and no more";
    EXPECT_NE(recover_configuration(files, 4'102'444'800), "");
}

TEST_F(ConfigJournalTest, AnUndoThatWasCutOffIsFinished) {
    change(ConfigStage::undoing);
    EXPECT_NE(recover_configuration(files, kNow), "");
    EXPECT_EQ(text(), "former");
}

TEST_F(ConfigJournalTest, WhatSomebodyElseWroteIsLeftAlone) {
    const ConfigJournal journal = change(ConfigStage::confirming, kNow + 10);
    std::ofstream(files.path()) << "by hand";
    EXPECT_FALSE(files.restore(journal));
    EXPECT_EQ(recover_configuration(files, kNow + 10), "");
    EXPECT_EQ(text(), "by hand");
    EXPECT_TRUE(files.write("next") && files.write_previous("another former"));
    EXPECT_FALSE(files.restore(journal)) << "that is not the text that was replaced";
}

TEST_F(ConfigJournalTest, TheFilesModeStays) {
    std::ofstream(files.path()) << "former";
    ::chmod(files.path().c_str(), 0640);
    change(ConfigStage::applying);
    for (const char* name : {"sluis.toml", "sluis.toml.previous", "sluis.toml.change"}) {
        struct stat found {};
        ASSERT_EQ(::stat((folder / name).c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 0777u, 0640u) << name;
    }
}

}  // namespace
}  // namespace sluis
