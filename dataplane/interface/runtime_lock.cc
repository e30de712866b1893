#include "dataplane/interface/runtime_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "dataplane/interface/runtime_directory.h"

namespace sluis {
namespace {

tl::unexpected<std::string> system_error(const std::string& what) {
    return tl::unexpected(what + ": " + std::strerror(errno) +
                          "; set [runtime] directory to one that this user may write to");
}

/// " (pid 12)" as its holder wrote it, or nothing.
std::string holder(int descriptor) {
    std::array<char, 16> text{};
    const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
    std::size_t digits = 0;
    while (digits < static_cast<std::size_t>(size < 0 ? 0 : size) && text[digits] >= '0' && text[digits] <= '9')
        ++digits;
    return digits == 0 ? "" : " (pid " + std::string(text.data(), digits) + ")";
}

/// For the message of the next one who wants the lock; nothing else depends on it, so a full disk is no error.
void write_pid(int descriptor) {
    const std::string text = std::to_string(::getpid()) + "\n";
    if (::ftruncate(descriptor, 0) != 0) return;
    [[maybe_unused]] const ssize_t written = ::pwrite(descriptor, text.data(), text.size(), 0);
}

}  // namespace

tl::expected<RuntimeLock, std::string> RuntimeLock::take(const std::string& runtime_directory) {
    if (const auto made = make_runtime_directory(runtime_directory); !made) return tl::unexpected(made.error());
    const std::string path = runtime_directory + "/lock";
    RuntimeLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644));
    if (lock.descriptor_ < 0) return system_error("cannot open " + path);
    if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return system_error("cannot lock " + path);
        return tl::unexpected("another sluis-dataplane" + holder(lock.descriptor_) + " runs with the directory " +
                              runtime_directory + "; stop it, or set [runtime] directory to another one");
    }
    write_pid(lock.descriptor_);
    return lock;
}

RuntimeLock::RuntimeLock(RuntimeLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

RuntimeLock::~RuntimeLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace sluis
