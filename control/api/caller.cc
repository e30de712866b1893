#include "control/api/caller.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>

namespace sluis {
namespace {

using GetName = int (*)(int, sockaddr*, socklen_t*);

/// An abstract address as bytes, empty for any other.
std::string abstract_address(int descriptor, GetName get_name) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    if (get_name(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    constexpr std::size_t kPathOffset = offsetof(sockaddr_un, sun_path);
    if (address.sun_family != AF_UNIX || size <= kPathOffset + 1 || size > sizeof address) return {};
    if (address.sun_path[0] != '\0') return {};
    return {address.sun_path, size - kPathOffset};
}

}  // namespace

void RemoteCallers::add(const std::string& address, const std::string& name) {
    const std::lock_guard lock(mutex_);
    names_[address] = name;
}

void RemoteCallers::remove(const std::string& address) {
    const std::lock_guard lock(mutex_);
    names_.erase(address);
}

std::optional<std::string> RemoteCallers::find(const std::string& address) const {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(address);
    return found == names_.end() ? std::nullopt : std::optional(found->second);
}

std::string bind_to_own_address(int descriptor) {
    const sa_family_t family = AF_UNIX;
    if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&family), sizeof family) != 0) return {};
    return abstract_address(descriptor, ::getsockname);
}

std::optional<Caller> identify(int descriptor, Role role, const RemoteCallers& remote) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
    if (peer.pid != ::getpid())
        return Caller{role, "uid " + std::to_string(peer.uid) + ", pid " + std::to_string(peer.pid)};
    auto name = remote.find(abstract_address(descriptor, ::getpeername));
    if (!name) return std::nullopt;
    return Caller{role, std::move(*name)};
}

}  // namespace sluis
