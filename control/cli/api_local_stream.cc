#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "control/api/unix_socket.h"
#include "control/cli/api_stream.h"

namespace sluis {
namespace {

using Status = tl::expected<void, std::string>;

class LocalStream final : public ApiStream {
public:
    LocalStream(int descriptor, long patience) : descriptor_(descriptor), patience_(patience) {}
    LocalStream(const LocalStream&) = delete;
    LocalStream& operator=(const LocalStream&) = delete;
    ~LocalStream() override { ::close(descriptor_); }

    Status send(std::string_view bytes) override {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent < 0) return error();
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return {};
    }

    tl::expected<bool, std::string> receive(std::string& to) override {
        std::array<char, 16384> room;
        ssize_t received = 0;
        do received = ::recv(descriptor_, room.data(), room.size(), 0);
        while (received < 0 && errno == EINTR);
        if (received < 0) return error();
        to.append(room.data(), static_cast<std::size_t>(received));
        return received != 0;
    }

private:
    tl::unexpected<std::string> error() const {
        if (errno == EAGAIN || errno == EWOULDBLOCK) return tl::unexpected(no_answer(patience_));
        return tl::unexpected(std::string("sluis-control: ") + std::strerror(errno));
    }
    int descriptor_;
    long patience_;
};

/// Why a socket of sluis-control could not be connected to, and what to do.
std::string why(int error, bool is_admin, long patience) {
    // A queue that nobody takes from fills up in the end.
    if (error == EAGAIN) return no_answer(patience);
    const std::string group = is_admin ? "admin_group" : "read_group";
    return std::strerror(error) + (error == EACCES
                                       ? "; run as root, or as a member of " + group + " of [control]"
                                       : "; start sluis-control, or name its runtime directory by --runtime");
}

}  // namespace

OpenedStream open_local_stream(const std::string& runtime_directory, bool needs_admin, long patience) {
    std::string failure;
    bool is_forbidden = false;
    for (const std::string& path : {read_socket_path(runtime_directory), admin_socket_path(runtime_directory)}) {
        if (needs_admin && path == read_socket_path(runtime_directory)) continue;
        const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (descriptor < 0) return tl::unexpected(path + ": " + std::strerror(errno));
        const timeval limit{patience, 0};
        ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        if (connect_to_unix_socket(descriptor, path) == 0) return std::make_unique<LocalStream>(descriptor, patience);
        const int error = errno;
        ::close(descriptor);
        // The socket that would do is the one to tell of; where it is missing, one that may not be used says more.
        if (failure.empty() || (error == EACCES && !is_forbidden) || error == EAGAIN)
            failure = path + ": " + why(error, path == admin_socket_path(runtime_directory), patience);
        is_forbidden = is_forbidden || error == EACCES;
    }
    return tl::unexpected(failure);
}

}  // namespace sluis
