// The Unix sockets that the API is asked on.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace sluis {

/// Makes a listening, non-blocking socket at `path`, mode 0660, for `group` when one is named. A socket that nobody
/// listens on any more is replaced; one that is in use, or a file of another kind, is an error.
tl::expected<int, std::string> listen_on_unix_socket(const std::string& path, const std::string& group);

/// Begins to connect a non-blocking socket. Below zero, with errno, when that fails at once.
int connect_to_unix_socket(int descriptor, const std::string& path);

}  // namespace sluis
