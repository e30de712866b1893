#include "control/api/unix_socket.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

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

/// Whether nobody answers there: what is left of a process that was killed.
bool is_dead(const sockaddr_un& address) {
    struct stat status {};
    if (::lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return false;
    const bool refused =
        ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno == ECONNREFUSED;
    ::close(probe);
    return refused;
}

bool bind_to(int descriptor, const sockaddr_un& address) {
    return ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool give_to_group(const std::string& path, const std::string& group) {
    if (group.empty()) return true;
    errno = 0;
    const struct group* found = ::getgrnam(group.c_str());
    if (found == nullptr && errno == 0) errno = ENOENT;
    return found != nullptr && ::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) == 0;
}

}  // namespace

tl::expected<int, std::string> listen_on_unix_socket(const std::string& path, const std::string& group) {
    const auto address = address_of(path);
    if (!address) return tl::unexpected(path + ": is too long for a socket; set [runtime] directory to a shorter one");
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return error(path, "raise the process's limit of open files");
    bool bound = bind_to(descriptor, *address);
    if (!bound && errno == EADDRINUSE && is_dead(*address))
        bound = ::unlink(path.c_str()) == 0 && bind_to(descriptor, *address);
    // Nobody can connect before the mode and the group are as they have to be: it listens last.
    tl::expected<int, std::string> result = descriptor;
    if (!bound) {
        result = error(path, errno == EADDRINUSE ? "is another sluis-control running?"
                                                 : "set [runtime] directory to one that this user may write to");
    } else if (!give_to_group(path, group)) {
        result =
            error(path, "cannot be given to the group \"" + group + "\"; make it, or name another one in [control]");
    } else if (::chmod(path.c_str(), 0660) != 0 || ::listen(descriptor, kBacklog) != 0) {
        result = error(path, "cannot be listened on");
    }
    if (!result) ::close(descriptor);
    return result;
}

int connect_to_unix_socket(int descriptor, const std::string& path) {
    const auto address = address_of(path);
    if (address) return ::connect(descriptor, reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
    errno = ENAMETOOLONG;
    return -1;
}

}  // namespace sluis
