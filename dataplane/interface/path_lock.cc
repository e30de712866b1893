#include "dataplane/interface/path_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <cerrno>
#include <cstring>

#include "dataplane/interface/runtime_directory.h"

namespace sluis {
namespace {

struct flock whole_file(short type) noexcept {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

}  // namespace

tl::expected<PathLock, std::string> PathLock::open(const std::string& runtime_directory) {
    if (const auto made = make_runtime_directory(runtime_directory); !made) return tl::unexpected(made.error());
    std::string path = runtime_directory + "/way";
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    if (file < 0)
        return tl::unexpected("cannot open " + path + ": " + std::strerror(errno) +
                              "; set [runtime] directory to one that this user may write to");
    return PathLock(std::move(path), file);
}

bool PathLock::try_take() noexcept {
    const struct flock lock = whole_file(F_WRLCK);
    return ::fcntl(file_.get(), F_SETLK, &lock) == 0;
}

tl::expected<void, std::string> PathLock::take_within(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!try_take()) {
        if (errno != EACCES && errno != EAGAIN && errno != EINTR)
            return tl::unexpected("cannot lock " + path_ + ": " + std::strerror(errno));
        if (std::chrono::steady_clock::now() >= end) {
            const auto other = holder();
            return tl::unexpected(path_ + " is held by process " + (other ? std::to_string(*other) : "?") +
                                  ", which lets frames cross between the ports, or does not go on; end that one first");
        }
        const timespec pause{0, 1'000'000};
        ::nanosleep(&pause, nullptr);
    }
    return {};
}

void PathLock::release() noexcept {
    const struct flock lock = whole_file(F_UNLCK);
    ::fcntl(file_.get(), F_SETLK, &lock);
}

std::optional<pid_t> PathLock::holder() const noexcept {
    struct flock lock = whole_file(F_WRLCK);
    if (::fcntl(file_.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK || lock.l_pid <= 0) return std::nullopt;
    return lock.l_pid;
}

bool PathLock::is_current() const noexcept {
    struct stat mine {
    }, named{};
    return ::fstat(file_.get(), &mine) == 0 && ::stat(path_.c_str(), &named) == 0 && mine.st_ino == named.st_ino &&
           mine.st_dev == named.st_dev;
}

}  // namespace sluis
