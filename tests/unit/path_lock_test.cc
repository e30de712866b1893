#include "dataplane/interface/path_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using namespace std::chrono_literals;

/// Another process, which holds the way until it is told to end, or is killed.
class Holder {
public:
    explicit Holder(const std::string& directory) {
        std::array<int, 2> ready{}, go{};
        if (::pipe(ready.data()) != 0 || ::pipe(go.data()) != 0) ADD_FAILURE() << "no pipe";
        pid_ = ::fork();
        if (pid_ == 0) {
            auto lock = PathLock::open(directory);
            const char taken = lock && lock->try_take() ? 'y' : 'n';
            char end = 0;
            ::close(go[1]);
            if (::write(ready[1], &taken, 1) == 1) [[maybe_unused]]
                const ssize_t got = ::read(go[0], &end, 1);
            ::_exit(0);
        }
        ::close(ready[1]);
        ::close(go[0]);
        go_ = go[1];
        if (::read(ready[0], &taken_, 1) != 1) taken_ = '?';
        ::close(ready[0]);
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    ~Holder() { end(0); }
    bool has_it() const { return taken_ == 'y'; }
    pid_t pid() const { return pid_; }
    void end(int signal) {
        if (pid_ == 0) return;
        if (signal != 0) ::kill(pid_, signal);
        ::close(go_);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

private:
    pid_t pid_ = 0;
    int go_ = -1;
    char taken_ = '?';
};

class PathLockTest : public testing::Test {
protected:
    ScratchFolder folder_;
    std::string directory_ = folder_ / "run";
};

TEST_F(PathLockTest, OneProcessHoldsIt) {
    auto lock = PathLock::open(directory_);
    ASSERT_TRUE(lock) << lock.error();
    EXPECT_EQ(lock->holder(), std::nullopt);
    ASSERT_TRUE(lock->try_take());
    EXPECT_FALSE(Holder(directory_).has_it());
    lock->release();
    EXPECT_TRUE(Holder(directory_).has_it());
}

TEST_F(PathLockTest, TellsWhoHasItAndEndsWithIt) {
    auto lock = PathLock::open(directory_);
    ASSERT_TRUE(lock);
    Holder other(directory_);
    ASSERT_TRUE(other.has_it());
    EXPECT_EQ(lock->holder(), other.pid());
    EXPECT_FALSE(lock->try_take());
    const auto waited = lock->take_within(20ms);
    ASSERT_FALSE(waited);
    EXPECT_NE(waited.error().find("process " + std::to_string(other.pid())), std::string::npos) << waited.error();
    other.end(SIGKILL);
    EXPECT_EQ(lock->holder(), std::nullopt);
    EXPECT_TRUE(lock->take_within(20ms));
}

TEST_F(PathLockTest, AFileThatIsReplacedIsNoticed) {
    auto lock = PathLock::open(directory_);
    ASSERT_TRUE(lock);
    EXPECT_TRUE(lock->is_current());
    std::filesystem::rename(directory_ + "/way", directory_ + "/old");
    EXPECT_FALSE(lock->is_current());
    std::ofstream(directory_ + "/way") << "";
    EXPECT_FALSE(lock->is_current());
}

TEST_F(PathLockTest, FollowsNoLink) {
    std::filesystem::create_directories(directory_);
    std::filesystem::create_symlink(directory_ + "/elsewhere", directory_ + "/way");
    EXPECT_FALSE(PathLock::open(directory_));
    EXPECT_FALSE(std::filesystem::exists(directory_ + "/elsewhere"));
}

}  // namespace
}  // namespace sluis
