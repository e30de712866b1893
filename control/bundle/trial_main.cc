// sluis-rule-trial MEMORY_BYTES CPU_SECONDS: reads a TrialRequest from standard input, tries its rules, and writes a
// TrialReply to standard output. A helper of sluisctl and sluis-control; nobody calls it by hand.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/bundle/message_reader.h"
#include "control/bundle/rule_trial.h"
#include "control/bundle/trial_exit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLUIS_HUGE_ADDRESS_SPACE
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLUIS_HUGE_ADDRESS_SPACE
#endif
#endif

namespace {

using namespace sluis;

/// Bytes of a request: the source files, and the self-tests.
constexpr std::size_t kRequestLimit = std::size_t{512} << 20;

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
    return value;
}

/// With `grace`, the process is told first (SIGXCPU, which ends it under a name of its own) and killed later. A bound
/// that is lower already, and that an unprivileged process cannot raise, stays.
bool limit(decltype(RLIMIT_CPU) resource, std::uint64_t most, std::uint64_t grace = 0) {
    rlimit bound{};
    if (::getrlimit(resource, &bound) != 0) return false;
    bound.rlim_cur = std::min<rlim_t>(most, bound.rlim_max);
    bound.rlim_max = std::min<rlim_t>(most + grace, bound.rlim_max);
    return ::setrlimit(resource, &bound) == 0;
}

/// Before anything from outside is read: bounds on memory and time, no new privileges, no files, and no life beyond the
/// parent's.
bool confine(std::uint64_t memory_bytes, std::uint64_t cpu_seconds) {
#ifdef SLUIS_HUGE_ADDRESS_SPACE
    memory_bytes = RLIM_INFINITY;  // the sanitizer maps terabytes that it never touches
#endif
    return ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_AS, memory_bytes) &&
           limit(RLIMIT_CPU, cpu_seconds, 1);
}

std::optional<std::string> read_input() {
    std::string input;
    std::vector<char> room(65536);
    for (;;) {
        const ssize_t count = ::read(STDIN_FILENO, room.data(), room.size());
        if (count == 0) return input;
        if (count < 0 && errno != EINTR) return std::nullopt;
        if (count > 0) input.append(room.data(), static_cast<std::size_t>(count));
        if (input.size() > kRequestLimit) return std::nullopt;
    }
}

bool write_output(std::string_view output) {
    while (!output.empty()) {
        const ssize_t count = ::write(STDOUT_FILENO, output.data(), output.size());
        if (count < 0 && errno != EINTR) return false;
        if (count > 0) output.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

int run() {
    wire::TrialRequest request;
    const auto input = read_input();
    if (!input || !read_message(*input, request)) return kTrialExitInput;
    return write_output(write_message(try_rules(request))) ? kTrialExitAnswered : kTrialExitInput;
}

}  // namespace

int main(int argc, char** argv) {
    const auto memory = argc == 3 ? number(argv[1]) : std::nullopt;
    const auto seconds = argc == 3 ? number(argv[2]) : std::nullopt;
    if (!memory || !seconds || !confine(*memory, *seconds)) return kTrialExitUsage;
    try {
        return run();
    } catch (const std::bad_alloc&) {
        return kTrialExitMemory;
    } catch (const std::exception&) {
        return kTrialExitInput;
    }
}
