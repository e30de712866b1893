#include "control/guard/guard_state.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "control/guard/bypass.h"
#include "control/guard/kept_modes.h"
#include "dataplane/interface/command.pb.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

GuardState sample() {
    GuardState state{12, 1700000000, {}};
    state.pairs.push_back(
        {"lan", "kernel-bridge", "open", Passage::bypassed, PassageCause::hung, 1700000001, "", 3, 1});
    state.pairs.push_back(
        {"up", "none", "open", Passage::cut, PassageCause::ended, 1700000002, "no \"relay\"\n\xff", 4, 0});
    state.pairs[0].former = Passage::closed;
    state.pairs[0].former_cause = PassageCause::policy;
    state.pairs[0].former_since = 1699999999;
    return state;
}

TEST(GuardState, IsReadAsItWasWritten) {
    const ScratchFolder folder;
    ASSERT_TRUE(write_guard_state(folder.path(), sample()));
    const auto read = read_guard_state(folder.path());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->pid, 12);
    EXPECT_EQ(read->started, 1700000000);
    ASSERT_EQ(read->pairs.size(), 2u);
    const GuardedPair& lan = read->pairs[0];
    EXPECT_EQ(lan.pair, "lan");
    EXPECT_EQ(lan.method, "kernel-bridge");
    EXPECT_EQ(lan.policy, "open");
    EXPECT_EQ(lan.passage, Passage::bypassed);
    EXPECT_EQ(lan.cause, PassageCause::hung);
    EXPECT_EQ(lan.since, 1700000001);
    EXPECT_EQ(lan.failures, 3u);
    EXPECT_EQ(lan.hangs, 1u);
    EXPECT_EQ(lan.former, Passage::closed);
    EXPECT_EQ(lan.former_cause, PassageCause::policy);
    EXPECT_EQ(lan.former_since, 1699999999);
    EXPECT_EQ(read->pairs[1].passage, Passage::cut);
    EXPECT_EQ(read->pairs[1].trouble.substr(0, 11), "no \"relay\"\n");
}

TEST(GuardState, ReplacesWhatIsThereAndWhatAKilledOneLeft) {
    const ScratchFolder folder;
    std::ofstream(folder / "guard.json.new") << "half";
    ASSERT_TRUE(write_guard_state(folder.path(), sample()));
    GuardState next = sample();
    next.pairs.pop_back();
    ASSERT_TRUE(write_guard_state(folder.path(), next));
    EXPECT_EQ(read_guard_state(folder.path())->pairs.size(), 1u);
    EXPECT_FALSE(std::filesystem::exists(folder / "guard.json.new"));
    struct stat file {};
    ASSERT_EQ(::stat(guard_state_path(folder.path()).c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777 & ~0640, 0u) << "not for everybody";
}

TEST(GuardState, WhatIsNoStateIsNone) {
    for (const char* text : {"", "{", "[]", "{}", R"({"pairs":1})", "null"})
        EXPECT_FALSE(guard_state_from_json(text)) << text;
    const auto odd =
        guard_state_from_json(R"({"pid":"x","pairs":[1,{"passage":"gone","since":"then","failures":-0.5}]})");
    ASSERT_TRUE(odd);
    ASSERT_EQ(odd->pairs.size(), 1u);
    EXPECT_EQ(odd->pairs[0].failures, 0u);
    const ScratchFolder folder;
    EXPECT_FALSE(read_guard_state(folder.path()));
    EXPECT_FALSE(write_guard_state(folder / "nowhere", sample()));
}

TEST(GuardState, RunsWhereItsProcessDoes) {
    GuardState state = sample();
    state.pid = ::getpid();
    EXPECT_TRUE(is_running(state));
    for (const std::int64_t pid : {0, -1, 1 << 30}) {
        state.pid = pid;
        EXPECT_FALSE(is_running(state)) << pid;
    }
}

class KeptModesTest : public testing::Test {
protected:
    void keep(const std::string& pair, const std::string& mode, std::uint32_t seconds = 0, std::int64_t until = 0) {
        command::KeptMode& kept = *kept_.add_modes();
        kept.set_pair(pair);
        kept.set_mode(mode);
        kept.set_seconds(seconds);
        kept.set_until(until);
        std::ofstream(file_, std::ios::binary) << kept_.SerializeAsString();
    }
    bool is_closed(std::int64_t now = 1000) const { return is_closed_by_hand(file_, "lan", now); }

    ScratchFolder folder_;
    std::string file_ = folder_ / "modes";
    command::KeptModes kept_;
};

TEST_F(KeptModesTest, NothingIsClosedWithoutAFile) {
    EXPECT_FALSE(is_closed());
    EXPECT_FALSE(is_closed_by_hand("", "lan", 1000));
    std::ofstream(file_) << "\xff\xff no such thing";
    EXPECT_FALSE(is_closed());
}

TEST_F(KeptModesTest, ClosedForGood) {
    keep("other", "closed");
    EXPECT_FALSE(is_closed());
    keep("lan", "closed");
    EXPECT_TRUE(is_closed());
}

TEST_F(KeptModesTest, ClosedForATime) {
    keep("lan", "closed", 60, 1010);
    EXPECT_TRUE(is_closed(1009));
    EXPECT_FALSE(is_closed(1010));
}

TEST_F(KeptModesTest, AnotherModeForATimeIsAboveIt) {
    keep("lan", "closed");
    keep("lan", "wire", 60, 1010);
    EXPECT_FALSE(is_closed(1009));
    EXPECT_TRUE(is_closed(1010));
}

TEST(BoardBypass, IsWhatTheBoardsFileSays) {
    const ScratchFolder folder;
    EXPECT_EQ(board_bypass(folder / "board"), "none");
    std::ofstream(folder / "board") << "BOARD=\"x\"\nBYPASS=\"gpio\"\nPORTS=\"\"\n";
    EXPECT_EQ(board_bypass(folder / "board"), "gpio");
}

TEST(BoardBypass, SaysWhyAPairCannotBeKeptOpen) {
    PairConfig pair;
    pair.inside = "0000:ff:1f.6";
    pair.outside = "0000:ff:1f.7";
    const auto without = make_bypass(pair, {}, "none"), with = make_bypass(pair, {}, "gpio");
    const auto unnamed = make_bypass(pair, {}, "sysfs");
    EXPECT_EQ(without->method(), "none");
    EXPECT_FALSE(without->open());
    EXPECT_NE(without->try_out().error().find("has no bypass relays"), std::string::npos);
    EXPECT_NE(with->try_out().error().find("(gpio)"), std::string::npos);
    EXPECT_NE(unnamed->try_out().error().find("[[pair]] relay does not name"), std::string::npos);
    EXPECT_TRUE(without->close());
}

}  // namespace
}  // namespace sluis
