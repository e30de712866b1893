#include "control/bundle/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace sluis {
namespace {

using Clock = std::chrono::steady_clock;

/// Closes with its scope.
class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() { close(); }
    int get() const { return number_; }
    void close() {
        if (number_ >= 0) ::close(number_);
        number_ = -1;
    }

private:
    int number_;
};

struct Pipe {
    Descriptor read_end;
    Descriptor write_end;
};

bool open_pipe(Pipe& pipe) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    pipe.read_end = Descriptor(ends[0]);
    pipe.write_end = Descriptor(ends[1]);
    return true;
}

/// What the child starts with, besides its program: descriptors, signals, its own group.
class SpawnSettings {
public:
    SpawnSettings(int input, int output) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
        posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;

    int spawn(pid_t& child, const std::vector<std::string>& arguments) {
        std::vector<char*> pointers;
        for (const std::string& each : arguments) pointers.push_back(const_cast<char*>(each.c_str()));
        pointers.push_back(nullptr);
        std::array<char*, 1> environment{nullptr};
        return posix_spawn(&child, pointers[0], &actions_, &attributes_, pointers.data(), environment.data());
    }

private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

/// Writes and reads without ever waiting for one while the child waits for the other.
class Exchange {
public:
    Exchange(Descriptor to, Descriptor from, std::string_view input, std::uint64_t output_limit)
        : to_(std::move(to)), from_(std::move(from)), input_(input), output_limit_(output_limit) {
        ::fcntl(to_.get(), F_SETFL, O_NONBLOCK);
        ::fcntl(from_.get(), F_SETFL, O_NONBLOCK);
    }

    /// Until the child closes its output (`exited`), or time or room is over.
    ChildEnd::Reason run(Clock::time_point end) {
        while (from_.get() >= 0) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
            if (left <= 0) return ChildEnd::Reason::timed_out;
            // poll skips negative descriptors.
            std::array<pollfd, 2> ends{pollfd{from_.get(), POLLIN, 0}, pollfd{to_.get(), POLLOUT, 0}};
            const int timeout = static_cast<int>(std::min<long long>(left, 60'000));
            if (::poll(ends.data(), ends.size(), timeout) < 0 && errno != EINTR) return ChildEnd::Reason::timed_out;
            if (ends[1].revents != 0) send();
            if (ends[0].revents != 0) receive();
            if (output_.size() > output_limit_) return ChildEnd::Reason::too_much_output;
        }
        return ChildEnd::Reason::exited;
    }
    std::string take_output() { return std::move(output_); }

private:
    void send() {
        const ssize_t count = ::write(to_.get(), input_.data(), input_.size());
        if (count >= 0) input_.remove_prefix(static_cast<std::size_t>(count));
        // A child that reads no more may still answer.
        if (input_.empty() || (count < 0 && errno != EAGAIN && errno != EINTR)) to_.close();
    }
    void receive() {
        std::array<char, 65536> room;
        const ssize_t count = ::read(from_.get(), room.data(), room.size());
        if (count > 0) output_.append(room.data(), static_cast<std::size_t>(count));
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) from_.close();
    }

    Descriptor to_;
    Descriptor from_;
    std::string_view input_;
    std::uint64_t output_limit_;
    std::string output_;
};

/// Keeps SIGPIPE from this thread while it writes to a child that may be gone.
class PipeSignalBlocked {
public:
    PipeSignalBlocked() {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~PipeSignalBlocked() {
        // One that came is taken, so that it does not arrive now.
        const timespec no_time{};
        if (sigismember(&before_, SIGPIPE) == 0) {
            while (sigtimedwait(&pipe_, nullptr, &no_time) == SIGPIPE) {
            }
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    PipeSignalBlocked(const PipeSignalBlocked&) = delete;
    PipeSignalBlocked& operator=(const PipeSignalBlocked&) = delete;

private:
    sigset_t pipe_;
    sigset_t before_;
};

/// Waits for a child that closed its output; kills it when it is still there at the end.
void wait_for(pid_t child, Clock::time_point until, ChildEnd& end) {
    int status = 0;
    bool killed = end.reason != ChildEnd::Reason::exited;
    if (killed) ::kill(-child, SIGKILL);
    for (pid_t done = 0; done != child;) {
        done = ::waitpid(child, &status, killed ? 0 : WNOHANG);
        if (done < 0 && errno != EINTR) return;
        if (done == child || killed) continue;
        if (Clock::now() >= until) {
            ::kill(-child, SIGKILL);
            killed = true;
            end.reason = ChildEnd::Reason::timed_out;
        } else {
            const timespec moment{0, 1'000'000};
            ::nanosleep(&moment, nullptr);
        }
    }
    if (WIFEXITED(status)) end.status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    if (end.reason == ChildEnd::Reason::exited && end.signal != 0) end.reason = ChildEnd::Reason::killed;
}

}  // namespace

ChildEnd run_child(const std::vector<std::string>& arguments, const std::string& input, std::chrono::milliseconds time,
                   std::uint64_t output_limit) {
    ChildEnd end;
    Pipe in, out;
    if (!open_pipe(in) || !open_pipe(out)) {
        end.message = std::string("no pipe to a child process: ") + std::strerror(errno);
        return end;
    }
    const auto until = Clock::now() + time;
    pid_t child = 0;
    if (const int problem = SpawnSettings(in.read_end.get(), out.write_end.get()).spawn(child, arguments);
        problem != 0) {
        end.message = arguments[0] + " cannot be started: " + std::strerror(problem);
        return end;
    }
    in.read_end.close();
    out.write_end.close();
    const PipeSignalBlocked blocked;
    Exchange exchange(std::move(in.write_end), std::move(out.read_end), input, output_limit);
    end.reason = exchange.run(until);
    wait_for(child, until, end);
    end.output = exchange.take_output();
    return end;
}

}  // namespace sluis
