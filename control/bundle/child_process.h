// A child process that gets its input from a pipe and answers through one: both bounded, in size and in time.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

namespace sluis {

struct ChildEnd {
    enum class Reason : std::uint8_t { exited, killed, timed_out, too_much_output, not_started };
    Reason reason = Reason::not_started;
    int status = -1;  ///< of exit(), when it exited
    int signal = 0;   ///< that ended it, when it was killed
    std::string output;
    std::string message;  ///< why it could not be started
};

/// Runs `arguments` (the first is the program's path) with `input` as its standard input, and takes what it writes to
/// standard output. What it writes to standard error is dropped. It inherits no other descriptor, an empty environment,
/// no blocked signal, and is a process group of its own. A child that is still there at the end of `time`, or that
/// writes more than `output_limit` bytes, is killed. The child is always waited for.
ChildEnd run_child(const std::vector<std::string>& arguments, const std::string& input, std::chrono::milliseconds time,
                   std::uint64_t output_limit);

}  // namespace sluis
