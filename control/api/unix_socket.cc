#include "control/api/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "dataplane/interface/group.h"

namespace sluis {
namespace {

constexpr int kBacklog = 1024;

std::optional<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
    path.copy(address.sun_path, path.size());
    return address;
}

tl::unexpected<std::string> error(const std::string& path, const std::string& advice) {
    return tl::unexpected(path + ": " + std::strerror(errno) + "; " + advice);
}

/// What lies at the name that a socket should get, and is none that may be replaced; empty: it may be.
std::string obstacle(const std::string& path, const sockaddr_un& address) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return path + ": " + std::strerror(errno);
    if (!S_ISSOCK(status.st_mode))
        return path + ": " + (S_ISDIR(status.st_mode) ? "a directory" : "a file that is no socket") +
               " is in the way; remove it";
    const FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe.valid()) return path + ": " + std::strerror(errno) + "; raise the process's limit of open files";
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno == ECONNREFUSED) return {};  // what is left of a process that was killed
        if (errno != EAGAIN) return path + ": another program's socket is in the way: " + std::strerror(errno);
    }
    ucred peer{};
    socklen_t size = sizeof peer;
    const bool known = ::getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 0;
    return path + ": another sluis-control" + (known ? " (pid " + std::to_string(peer.pid) + ")" : "") +
           " listens there; stop it, or set [runtime] directory to another one";
}

/// Empty, or what is wrong.
std::string bind_to(int descriptor, const std::string& path, const sockaddr_un& address) {
    const auto bound = [&] {
        return ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    };
    if (bound()) return {};
    if (errno == EADDRINUSE) {
        if (std::string found = obstacle(path, address); !found.empty()) return found;
        if (::unlink(path.c_str()) == 0 && bound()) return {};
    }
    return path + ": " + std::strerror(errno) + "; set [runtime] directory to one that this user may write to";
}

}  // namespace

tl::expected<UnixListener, std::string> UnixListener::open(const std::string& path, const char* group_key,
                                                           const std::string& group) {
    const auto address = address_of(path);
    if (!address) return tl::unexpected(path + ": is too long for a socket; set [runtime] directory to a shorter one");
    FileDescriptor descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!descriptor.valid()) return error(path, "raise the process's limit of open files");
    if (std::string wrong = bind_to(descriptor.get(), path, *address); !wrong.empty()) return tl::unexpected(wrong);
    SocketFile name(path);
    // Nobody can connect before the mode and the group are as they have to be: it listens last.
    if (!group.empty()) {
        const auto id = find_group(group_key, group);
        if (!id) return tl::unexpected(id.error());
        if (::chown(path.c_str(), static_cast<uid_t>(-1), *id) != 0)
            return error(path, "cannot be given to the group \"" + group + "\"; run as root, or as one of that group");
    }
    if (::chmod(path.c_str(), 0660) != 0 || ::listen(descriptor.get(), kBacklog) != 0)
        return error(path, "cannot be listened on");
    return UnixListener(std::move(descriptor), std::move(name));
}

int connect_to_unix_socket(int descriptor, const std::string& path) {
    const auto address = address_of(path);
    if (address) return ::connect(descriptor, reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
    errno = ENAMETOOLONG;
    return -1;
}

}  // namespace sluis
