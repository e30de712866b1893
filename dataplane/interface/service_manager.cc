#include "dataplane/interface/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <system_error>

namespace sluis {
namespace {

/// The variable's value, which nobody finds afterwards.
std::string take_variable(const char* name) {
    const char* value = std::getenv(name);
    std::string taken = value == nullptr ? "" : value;
    ::unsetenv(name);
    return taken;
}

std::optional<std::int64_t> number(const std::string& text) {
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (text.empty() || read.ec != std::errc{} || read.ptr != end || value < 0) return std::nullopt;
    return value;
}

/// A path, or "@name" for an abstract address.
FileDescriptor connect_to(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() < 2 || name.size() >= sizeof address.sun_path || (name[0] != '/' && name[0] != '@')) return {};
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (!socket.valid() || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return {};
    return socket;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
    ServiceManager manager;
    manager.name_ = take_variable("NOTIFY_SOCKET");
    const auto microseconds = number(take_variable("WATCHDOG_USEC"));
    const std::string pid = take_variable("WATCHDOG_PID");
    manager.socket_ = connect_to(manager.name_);
    if (manager.is_there() && microseconds && (pid.empty() || pid == std::to_string(::getpid())))
        manager.watchdog_ = std::chrono::microseconds(*microseconds);
    return manager;
}

void ServiceManager::give_back() const {
    if (!is_there()) return;
    ::setenv("NOTIFY_SOCKET", name_.c_str(), 1);
    if (watchdog_.count() != 0) ::setenv("WATCHDOG_USEC", std::to_string(watchdog_.count()).c_str(), 1);
}

void ServiceManager::feed() {
    if (watchdog_.count() != 0) send("WATCHDOG=1");
}

void ServiceManager::status(std::string_view line) {
    if (line != status_ && send("STATUS=" + std::string(line))) status_ = line;
}

bool ServiceManager::send(std::string_view message) const {
    return is_there() && ::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) >= 0;
}

}  // namespace sluis
