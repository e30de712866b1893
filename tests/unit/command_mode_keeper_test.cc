// Who says in which mode a pair is run, and what outlives the process. Time is the test's own.
#include "dataplane/mode_keeper.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using std::chrono::seconds;

struct ModeKeeperTest : testing::Test {
    ModeKeeper make(PairMode configured = PairMode::in_line) {
        return {{{"first", configured}, {"second", PairMode::in_line}}, path, now};
    }
    void wait(int time) {
        now.steady += seconds(time);
        now.wall += time;
    }
    static ModeKeeper::Change change(PairMode mode, std::uint32_t time = 0) {
        return {mode, "uid 0", "the ISP asks for it", time};
    }
    static std::uint64_t count(const ModeKeeper& keeper, ModeCause cause) {
        return keeper.transitions(0)[static_cast<std::size_t>(cause)];
    }

    ScratchFolder folder;
    std::string path = folder / "modes";
    ModeKeeper::Moment now{ModeKeeper::Steady(seconds(1000)), 1'679'900'400};
};

TEST_F(ModeKeeperTest, BeginsAsTheConfigurationSays) {
    const ModeKeeper keeper = make(PairMode::monitor);
    EXPECT_EQ(keeper.state(0).mode, PairMode::monitor);
    EXPECT_EQ(keeper.state(0).cause, ModeCause::configuration);
    EXPECT_EQ(keeper.state(0).since, now.wall);
    EXPECT_EQ(keeper.state(1).mode, PairMode::in_line);
    EXPECT_EQ(keeper.find("second"), 1u);
    EXPECT_FALSE(keeper.find("third"));
    EXPECT_FALSE(std::filesystem::exists(path)) << "nothing was set by hand";
}

TEST_F(ModeKeeperTest, WhatIsSetByHandSaysWhoAndWhy) {
    ModeKeeper keeper = make();
    wait(5);
    keeper.set(0, change(PairMode::wire), now);
    EXPECT_EQ(keeper.state(0).mode, PairMode::wire);
    EXPECT_EQ(keeper.state(0).cause, ModeCause::command);
    EXPECT_EQ(keeper.state(0).author, "uid 0");
    EXPECT_EQ(keeper.state(0).reason, "the ISP asks for it");
    EXPECT_EQ(keeper.state(0).since, now.wall);
    EXPECT_EQ(keeper.state(0).until, 0);
    EXPECT_EQ(keeper.state(1).mode, PairMode::in_line);
    EXPECT_EQ(count(keeper, ModeCause::command), 1u);
    wait(1'000'000);
    keeper.look(now);
    EXPECT_EQ(keeper.state(0).mode, PairMode::wire) << "for ever";
}

TEST_F(ModeKeeperTest, WhatIsSetByHandOutlivesTheProcess) {
    make().set(0, change(PairMode::closed), now);
    const std::int64_t since = now.wall;
    wait(100);
    const ModeKeeper keeper = make(PairMode::monitor);
    EXPECT_EQ(keeper.state(0).mode, PairMode::closed);
    EXPECT_EQ(keeper.state(0).cause, ModeCause::command);
    EXPECT_EQ(keeper.state(0).reason, "the ISP asks for it");
    EXPECT_EQ(keeper.state(0).since, since);
    EXPECT_EQ(count(keeper, ModeCause::command), 0u) << "counts are of this process";
}

TEST_F(ModeKeeperTest, TheConfigurationsModeEndsWhatWasSetByHand) {
    {
        ModeKeeper keeper = make();
        keeper.set(0, change(PairMode::wire), now);
        keeper.set(0, change(PairMode::in_line), now);
        EXPECT_EQ(keeper.state(0).mode, PairMode::in_line);
        EXPECT_EQ(keeper.state(0).author, "uid 0");
    }
    EXPECT_EQ(make(PairMode::monitor).state(0).mode, PairMode::monitor);
}

TEST_F(ModeKeeperTest, AChangeForATimeEndsByItself) {
    ModeKeeper keeper = make();
    keeper.set(0, change(PairMode::monitor), now);
    keeper.set(0, change(PairMode::wire, 60), now);
    EXPECT_EQ(keeper.state(0).until, now.wall + 60);
    wait(59);
    keeper.look(now);
    EXPECT_EQ(keeper.state(0).mode, PairMode::wire);
    wait(1);
    keeper.look(now);
    EXPECT_EQ(keeper.state(0).mode, PairMode::monitor) << "as before";
    EXPECT_EQ(keeper.state(0).cause, ModeCause::expiry);
    EXPECT_EQ(keeper.state(0).author, "uid 0");
    EXPECT_EQ(keeper.state(0).until, 0);
    EXPECT_EQ(count(keeper, ModeCause::expiry), 1u);
    EXPECT_EQ(make().state(0).mode, PairMode::monitor);
}

TEST_F(ModeKeeperTest, TheRestOfATimeOutlivesTheProcessWhateverTheClockSays) {
    for (const std::int64_t clock : {now.wall + 20, std::int64_t{0}, now.wall + 100'000}) {
        std::filesystem::remove(path);
        make().set(0, change(PairMode::wire, 60), now);
        ModeKeeper::Moment later{now.steady + seconds(20), clock};
        ModeKeeper keeper({{"first", PairMode::in_line}}, path, later);
        const bool over = clock > now.wall + 60;
        EXPECT_EQ(keeper.state(0).mode, over ? PairMode::in_line : PairMode::wire) << clock;
        later.steady += seconds(60);
        keeper.look(later);
        EXPECT_EQ(keeper.state(0).mode, PairMode::in_line) << "60 seconds are the most, " << clock;
    }
}

TEST_F(ModeKeeperTest, AClockThatIsSetEndsNothingEarly) {
    ModeKeeper keeper = make();
    keeper.set(0, change(PairMode::wire, 60), now);
    now.wall = 4'102'444'800;
    now.steady += seconds(10);
    keeper.look(now);
    EXPECT_EQ(keeper.state(0).mode, PairMode::wire);
}

TEST_F(ModeKeeperTest, AnotherConfigurationCountsWhereNothingWasSetByHand) {
    ModeKeeper keeper = make();
    keeper.configure(0, PairMode::monitor, now);
    EXPECT_EQ(keeper.state(0).mode, PairMode::monitor);
    EXPECT_EQ(count(keeper, ModeCause::configuration), 1u);
    keeper.set(0, change(PairMode::closed), now);
    keeper.configure(0, PairMode::in_line, now);
    EXPECT_EQ(keeper.state(0).mode, PairMode::closed);
}

TEST_F(ModeKeeperTest, WithoutItsFileAModeIsSetAndTheTroubleIsSaid) {
    path = folder / "missing/modes";
    ModeKeeper keeper = make();
    EXPECT_EQ(keeper.trouble(), "");
    keeper.set(0, change(PairMode::wire), now);
    EXPECT_EQ(keeper.state(0).mode, PairMode::wire);
    EXPECT_NE(keeper.trouble(), "");
    std::filesystem::create_directory(folder / "missing");
    keeper.look(now);
    EXPECT_EQ(keeper.trouble(), "") << "tried again";
    EXPECT_EQ(make().state(0).mode, PairMode::wire);
}

TEST_F(ModeKeeperTest, AFileThatIsNoneIsSaid) {
    std::ofstream(path) << "\x0a\xff nonsense";
    const ModeKeeper keeper = make(PairMode::monitor);
    EXPECT_EQ(keeper.state(0).mode, PairMode::monitor);
    EXPECT_NE(keeper.trouble(), "");
}

TEST_F(ModeKeeperTest, PairsThatAreGoneAreForgotten) {
    make().set(1, change(PairMode::wire), now);
    ModeKeeper keeper({{"first", PairMode::in_line}}, path, now);
    EXPECT_EQ(keeper.state(0).mode, PairMode::in_line);
    keeper.set(0, change(PairMode::monitor), now);
    EXPECT_EQ(make().state(1).mode, PairMode::in_line);
}

}  // namespace
}  // namespace sluis
