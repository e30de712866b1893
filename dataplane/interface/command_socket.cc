#include "dataplane/interface/command_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "dataplane/interface/group.h"

namespace sluis {
namespace {

constexpr std::size_t kControlSize = CMSG_SPACE(kCommandDescriptorLimit * sizeof(int));
/// Connections that wait to be accepted. A few: each is served in turn, or dropped.
constexpr int kBacklog = 16;

tl::unexpected<std::string> system_error(const std::string& what) {
    return tl::unexpected(what + ": " + std::strerror(errno));
}

std::optional<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return std::nullopt;
    path.copy(address.sun_path, path.size());
    return address;
}

tl::unexpected<std::string> too_long(const std::string& path) {
    return tl::unexpected(path + " is too long for a socket's name; set [runtime] directory to a shorter one");
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

/// Takes every descriptor of a message, wanted or not: what is not taken stays open.
void take_descriptors(msghdr& header, std::vector<FileDescriptor>& descriptors) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof descriptor);
            descriptors.emplace_back(descriptor);
        }
    }
}

bool has_group(int socket, gid_t wanted) {
    std::array<gid_t, 1024> groups{};
    socklen_t size = sizeof groups;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) return false;
    const auto end = groups.begin() + size / sizeof(gid_t);
    return std::find(groups.begin(), end, wanted) != end;
}

}  // namespace

std::string command_path(const std::string& runtime_directory) { return runtime_directory + "/dataplane.sock"; }

tl::expected<CommandMessage, CommandEnd> receive_command(int socket) {
    CommandMessage message;
    message.bytes.resize(kCommandMessageLimit);
    alignas(cmsghdr) std::array<char, kControlSize> control{};
    iovec part{message.bytes.data(), message.bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    ssize_t size = 0;
    do size = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return tl::unexpected(errno == EAGAIN || errno == EWOULDBLOCK ? CommandEnd::none_yet : CommandEnd::closed);
    take_descriptors(header, message.descriptors);
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return tl::unexpected(CommandEnd::invalid);
    if (size == 0 && message.descriptors.empty()) return tl::unexpected(CommandEnd::closed);
    message.bytes.resize(static_cast<std::size_t>(size));
    return message;
}

bool send_command(int socket, const std::string& bytes, std::span<const int> descriptors) {
    if (bytes.size() > kCommandMessageLimit || descriptors.size() > kCommandDescriptorLimit) return false;
    alignas(cmsghdr) std::array<char, kControlSize> control{};
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (!descriptors.empty()) {
        header.msg_control = control.data();
        header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
    }
    ssize_t sent = 0;
    do sent = ::sendmsg(socket, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == static_cast<ssize_t>(bytes.size());
}

tl::expected<FileDescriptor, std::string> listen_for_commands(const std::string& runtime_directory,
                                                              const std::string& group) {
    const std::string path = command_path(runtime_directory);
    const auto address = address_of(path);
    if (!address) return too_long(path);
    FileDescriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) return system_error("cannot make a socket");
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("cannot remove the old " + path);
    // The file gets this mode when it is made: at no time may others connect.
    if (::fchmod(socket.get(), 0600) != 0 || ::bind(socket.get(), generic(*address), sizeof *address) != 0)
        return system_error("cannot make " + path);
    if (!group.empty()) {
        const auto id = find_group(kCommandGroup, group);
        if (!id) return tl::unexpected(id.error());
        if (::chown(path.c_str(), static_cast<uid_t>(-1), *id) != 0 || ::chmod(path.c_str(), 0660) != 0)
            return system_error("cannot give " + path + " to the group " + group);
    }
    if (::listen(socket.get(), kBacklog) != 0) return system_error("cannot listen at " + path);
    return socket;
}

tl::expected<FileDescriptor, std::string> connect_for_commands(const std::string& runtime_directory, int seconds) {
    const std::string path = command_path(runtime_directory);
    const auto address = address_of(path);
    if (!address) return too_long(path);
    FileDescriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    const timeval limit{seconds, 0};
    if (!socket.valid() || ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0)
        return system_error("cannot make a socket");
    if (::connect(socket.get(), generic(*address), sizeof *address) == 0) return socket;
    const bool forbidden = errno == EACCES || errno == EPERM;
    const std::string what = "cannot connect to " + path + ": " + std::strerror(errno);
    return tl::unexpected(what + (forbidden ? "; run as root, or as a member of [runtime] command_group"
                                            : "; start sluis-dataplane, or name its runtime directory by --runtime"));
}

bool may_command(int socket, const std::string& group) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof peer) return false;
    if (peer.uid == 0 || peer.uid == ::geteuid()) return true;
    if (group.empty()) return false;
    const auto id = find_group(kCommandGroup, group);
    return id && (peer.gid == *id || has_group(socket, *id));
}

}  // namespace sluis
