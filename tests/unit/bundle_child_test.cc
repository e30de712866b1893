// A child that does not do what it should: it is ended in time, and what it leaves is taken for what it is.
#include "control/bundle/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "control/bundle/trial.h"
#include "tests/unit/bundle_harness.h"

namespace sluis {
namespace {

using namespace std::chrono_literals;
using Reason = ChildEnd::Reason;

/// Far more than any of these needs; a child that hangs is given less.
constexpr auto kEnough = 60s;
constexpr auto kLittle = 200ms;

ChildEnd run_script(const std::string& script, std::chrono::milliseconds time, const std::string& input = "",
                    std::uint64_t output_limit = 1 << 20) {
    return run_child({"/bin/sh", "-c", script}, input, time, output_limit);
}

TEST(ChildProcess, AnswersWithWhatItWasGiven) {
    const std::string input(300'000, 'x');  // more than a pipe holds
    const ChildEnd end = run_script("cat; exit 7", kEnough, input);
    EXPECT_EQ(end.reason, Reason::exited);
    EXPECT_EQ(end.status, 7);
    EXPECT_EQ(end.output, input);
}

TEST(ChildProcess, SeesNothingOfItsParent) {
    ::setenv("SLUIS_CHILD_TEST", "seen", 1);
    const ChildEnd end = run_script("echo $SLUIS_CHILD_TEST; ls /proc/self/fd | wc -l", kEnough);
    EXPECT_EQ(end.output, "\n4\n") << "standard input, output, error, and the folder that ls reads";
}

TEST(ChildProcess, IsEndedWhenItHangs) {
    struct Row {
        const char* what;
        const char* script;
    };
    const Row rows[] = {
        {"sleeps", "sleep 1000"},
        {"stops itself", "kill -STOP $$; echo never"},
        {"ignores requests to end", "trap '' TERM INT HUP; sleep 1000"},
        {"answers and stays", "echo answer; exec >&-; sleep 1000"},
        {"leaves a child that holds the pipe", "sleep 1000 & exit 0"},
        {"is stopped with its answer half written", "printf half; kill -STOP $$"},
    };
    for (const Row& row : rows) {
        const ChildEnd end = run_script(row.script, kLittle);
        EXPECT_EQ(end.reason, Reason::timed_out) << row.what;
    }
}

/// The group of the child that was ended is empty.
TEST(ChildProcess, LeavesNobodyBehind) {
    const ScratchFolder folder;
    const ChildEnd end = run_script("echo $$ > " + folder / "pid" + "; sleep 1000 & kill -STOP $$", 1s);
    EXPECT_EQ(end.reason, Reason::timed_out);
    std::ifstream file(folder / "pid");
    pid_t child = 0;
    ASSERT_TRUE(file >> child);
    // The grandchild is init's to wait for.
    const auto until = std::chrono::steady_clock::now() + kEnough;
    const auto is_there = [&] { return ::kill(-child, 0) == 0 || errno != ESRCH; };
    while (is_there() && std::chrono::steady_clock::now() < until) ::usleep(1000);
    EXPECT_FALSE(is_there());
}

TEST(ChildProcess, SaysHowItEnded) {
    const ChildEnd killed = run_script("kill -KILL $$", kEnough);
    EXPECT_EQ(killed.reason, Reason::killed);
    EXPECT_EQ(killed.signal, SIGKILL);
    EXPECT_EQ(run_script("yes", kEnough, "", 1000).reason, Reason::too_much_output);
    EXPECT_EQ(run_script("exec <&-; exit 3", kEnough, std::string(300'000, 'x')).status, 3) << "it reads nothing";
    EXPECT_EQ(run_child({"/nonexistent"}, "", kEnough, 1).reason, Reason::not_started);
}

/// sluis-rule-trial itself, stopped before it begins and in the midst of its work.
TEST(RuleTrial, IsEndedWhenItIsStopped) {
    const ScratchFolder folder;
    const std::string program = folder / "stopped-trial";
    wire::TrialRequest request;
    request.add_files()->set_name("rules.toml");
    request.mutable_files(0)->set_content(std::string(test::kRuleText));
    TrialLimits limits;
    limits.wall_time = 500ms;
    // The second is stopped once it has become sluis-rule-trial, which waits for input that never ends.
    const std::string trial = find_trial_program() + " \"$@\"";
    const std::string scripts[] = {"#!/bin/sh\nkill -STOP $$\nexec " + trial + "\n",
                                   "#!/bin/sh\n"
                                   "mkfifo \"$0.fifo\"\n"
                                   "(until grep -q sluis-rule /proc/$$/comm; do :; done; kill -STOP $$) <&- >&- &\n"
                                   "exec " +
                                       trial + " <> \"$0.fifo\"\n"};
    for (const std::string& script : scripts) {
        test::write_file(program, script);
        std::filesystem::permissions(program, std::filesystem::perms::owner_all);
        const auto outcome = run_trial(request, limits, program);
        EXPECT_EQ(test::code_of(outcome), BundleCode::trial_time) << script;
    }
}

}  // namespace
}  // namespace sluis
