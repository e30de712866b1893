#include "control/events/file_target.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace sluis {

bool FileTarget::fail(const char* what) {
    problem_ = path_ + ": " + what + ": " + std::strerror(errno);
    return false;
}

bool FileTarget::open() {
    // A pipe without a reader is refused, and not waited for.
    file_ = FileDescriptor(
        ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640));
    struct stat status {};
    if (!file_.valid() || ::fstat(file_.get(), &status) != 0) return fail("cannot be opened");
    if (!S_ISREG(status.st_mode)) {
        file_.reset();
        errno = EINVAL;
        return fail("is no regular file");
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
    return true;
}

/// Lets go of a file that is not at its path any more.
void FileTarget::look() {
    looked_ = std::chrono::steady_clock::now();
    struct stat mine {
    }, there{};
    if (!file_.valid()) return;
    if (::fstat(file_.get(), &mine) == 0 && ::lstat(path_.c_str(), &there) == 0 && mine.st_ino == there.st_ino &&
        mine.st_dev == there.st_dev) {
        size_ = static_cast<std::uint64_t>(mine.st_size);  // somebody may have cut it
        return;
    }
    file_.reset();
}

bool FileTarget::make_room(std::size_t size) {
    if (size_ == 0 || size_ + size <= size_limit_) return true;
    if (std::rename(path_.c_str(), (path_ + ".1").c_str()) != 0) return fail("cannot be renamed");
    return open();
}

SinkTarget::Delivery FileTarget::deliver(const EventLine& line) {
    if (std::chrono::steady_clock::now() - looked_ >= std::chrono::seconds(1)) look();
    if (!file_.valid() && !open()) return Delivery::later;
    const std::string text = line.json + "\n";
    if (!make_room(text.size())) return Delivery::later;
    const ssize_t written = ::write(file_.get(), text.data(), text.size());
    if (written == static_cast<ssize_t>(text.size())) {
        size_ += text.size();
        return Delivery::done;
    }
    if (written >= 0) errno = ENOSPC;
    fail("cannot be written");
    // Half a line would spoil the next one, too.
    if (written > 0) [[maybe_unused]]
        const int cut = ::ftruncate(file_.get(), static_cast<off_t>(size_));
    return Delivery::later;
}

}  // namespace sluis
