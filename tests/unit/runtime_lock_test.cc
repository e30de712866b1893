#include "dataplane/interface/runtime_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

class RuntimeLockTest : public testing::Test {
protected:
    ScratchFolder folder_;
    std::string directory_ = folder_ / "run";
};

TEST_F(RuntimeLockTest, ASecondOneIsToldWhoHoldsIt) {
    const auto first = RuntimeLock::take(directory_);
    ASSERT_TRUE(first) << first.error();
    const auto second = RuntimeLock::take(directory_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), "another sluis-dataplane (pid " + std::to_string(::getpid()) +
                                  ") runs with the directory " + directory_ +
                                  "; stop it, or set [runtime] directory to another one");
}

TEST_F(RuntimeLockTest, EndsWithItsHolder) {
    {
        auto first = RuntimeLock::take(directory_);
        ASSERT_TRUE(first);
        const RuntimeLock moved = std::move(*first);
        EXPECT_FALSE(RuntimeLock::take(directory_)) << "moved, not ended";
    }
    EXPECT_TRUE(RuntimeLock::take(directory_));
}

TEST_F(RuntimeLockTest, WhatAnEarlierOneWroteIsNoMatter) {
    std::filesystem::create_directories(directory_);
    std::ofstream(directory_ + "/lock") << "4194304 and a long line of nonsense\n";
    const auto lock = RuntimeLock::take(directory_);
    ASSERT_TRUE(lock) << lock.error();
    std::string text;
    std::getline(std::ifstream(directory_ + "/lock"), text);
    EXPECT_EQ(text, std::to_string(::getpid()));
}

TEST_F(RuntimeLockTest, FollowsNoLink) {
    std::filesystem::create_directories(directory_);
    std::filesystem::create_symlink(directory_ + "/elsewhere", directory_ + "/lock");
    EXPECT_FALSE(RuntimeLock::take(directory_));
    EXPECT_FALSE(std::filesystem::exists(directory_ + "/elsewhere"));
}

TEST(RuntimeLock, AnUnwritableDirectoryIsSaid) {
    const auto lock = RuntimeLock::take("/proc/sluis-test");
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().find("cannot make the directory /proc/sluis-test: "), 0u) << lock.error();
    EXPECT_NE(lock.error().find("set [runtime] directory"), std::string::npos);
}

}  // namespace
}  // namespace sluis
