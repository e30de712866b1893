// The Unix sockets that the API is asked on.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "dataplane/interface/file_descriptor.h"
#include "dataplane/interface/socket_file.h"

namespace sluis {

/// The sockets for readers, and for those who may change things; and where their groups are named.
inline std::string read_socket_path(const std::string& runtime_directory) {
    return runtime_directory + "/control-ro.sock";
}
inline std::string admin_socket_path(const std::string& runtime_directory) {
    return runtime_directory + "/control-rw.sock";
}
inline constexpr const char* kReadGroup = "[control] read_group";
inline constexpr const char* kAdminGroup = "[control] admin_group";

/// A listening, non-blocking socket with its name, which goes with it.
class UnixListener {
public:
    /// Mode 0660, for `group` when one is named (`group_key`: where, for errors). A socket that nobody listens on any
    /// more is replaced; one that is in use, or a file of another kind, is an error, in one line.
    static tl::expected<UnixListener, std::string> open(const std::string& path, const char* group_key,
                                                        const std::string& group);

    int descriptor() const noexcept { return descriptor_.get(); }
    /// Removes the name now.
    void remove() noexcept { name_.remove(); }

private:
    UnixListener(FileDescriptor descriptor, SocketFile name)
        : descriptor_(std::move(descriptor)), name_(std::move(name)) {}

    FileDescriptor descriptor_;
    SocketFile name_;
};

/// Begins to connect a non-blocking socket. Below zero, with errno, when that fails at once.
int connect_to_unix_socket(int descriptor, const std::string& path);

}  // namespace sluis
