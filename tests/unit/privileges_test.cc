#include "dataplane/interface/privileges.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "tests/unit/sanitized.h"

namespace sluis::test {
namespace {

/// What /proc says of the calling thread.
std::string status(const std::string& key) {
    std::ifstream file("/proc/thread-self/status");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(key + ":")) return line.substr(line.find_first_not_of(" \t", key.size() + 1));
    return "";
}

Capabilities set(const std::string& key) { return std::stoull(status(key), nullptr, 16); }

/// Runs `check` in a process of its own, which gives up what this one needs. True when it returned true.
bool holds_in_a_child(const std::function<bool()>& check) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(check() ? 0 : 1);
    int ended = -1;
    ::waitpid(child, &ended, 0);
    return WIFEXITED(ended) && WEXITSTATUS(ended) == 0;
}

bool is_refused(long outcome) { return outcome == -1 && errno == EPERM; }

bool starts_a_program() {
    const pid_t child = ::fork();
    if (child == 0) {
        ::execl("/bin/true", "true", nullptr);
        ::_exit(errno == EPERM ? 1 : 2);
    }
    int ended = -1;
    ::waitpid(child, &ended, 0);
    return ended == 0;
}

TEST(Privileges, NothingIsLeftButWhatIsKept) {
    EXPECT_TRUE(holds_in_a_child([] {
        const Capabilities had = set("CapPrm"), kept = capability(CAP_NET_ADMIN), later = capability(CAP_CHOWN);
        if (!keep_capabilities(kept, later)) return false;
        const bool one = set("CapEff") == (had & kept) && set("CapPrm") == (had & (kept | later));
        const bool other = set("CapInh") == (had & later) && set("CapAmb") == (had & later);
        return one && other && status("NoNewPrivs") == "1";
    }));
}

TEST(Privileges, NoneIsEasilyKept) {
    EXPECT_TRUE(holds_in_a_child([] {
        if (!keep_capabilities(0)) return false;
        return set("CapEff") == 0 && set("CapPrm") == 0 && set("CapInh") == 0 && set("CapAmb") == 0;
    }));
}

TEST(Privileges, OfOneThreadOtherThreadsKeepTheirs) {
    EXPECT_TRUE(holds_in_a_child([] {
        const Capabilities had = set("CapPrm");
        bool gone = false;
        std::thread([&] { gone = keep_capabilities(0) && set("CapPrm") == 0; }).join();
        return gone && set("CapPrm") == had;
    }));
}

TEST(Privileges, CallsOfIntrudersAreRefused) {
    for (const Programs programs : {Programs::refused, Programs::may_start})
        EXPECT_TRUE(holds_in_a_child([programs] {
            if (!refuse_system_calls(programs) || status("Seccomp") != "2") return false;
            const bool refused = is_refused(::unshare(CLONE_NEWUSER)) &&
                                 is_refused(::syscall(SYS_bpf, 0, nullptr, 0)) &&
                                 is_refused(::syscall(SYS_process_vm_readv, ::getpid(), nullptr, 0, nullptr, 0, 0));
            const bool traces = SLUIS_SANITIZED || is_refused(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
            return refused && traces && ::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0;
        }));
}

TEST(Privileges, ProgramsAreStartedWhereTheyMay) {
    EXPECT_TRUE(holds_in_a_child([] { return refuse_system_calls(Programs::may_start) && starts_a_program(); }));
    if (SLUIS_SANITIZED) return;  // leaks are told of by another program
    EXPECT_TRUE(holds_in_a_child([] { return refuse_system_calls(Programs::refused) && !starts_a_program(); }));
}

TEST(Privileges, CallsAreRefusedToThreadsThatRunAlready) {
    EXPECT_TRUE(holds_in_a_child([] {
        std::atomic<bool> refusing{false}, refused{false};
        std::thread other([&] {
            while (!refusing.load()) std::this_thread::yield();
            refused = is_refused(::syscall(SYS_bpf, 0, nullptr, 0)) && status("Seccomp") == "2";
        });
        const bool done = refuse_system_calls(Programs::refused).has_value();
        refusing = true;
        other.join();
        return done && refused;
    }));
}

}  // namespace
}  // namespace sluis::test
