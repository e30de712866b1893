// Writing a file so that a power cut leaves the old one or the new one, whole.
#pragma once

#include <sys/types.h>

#include <string>

#include <tl/expected.hpp>

#include "dataplane/packet/bytes.h"

namespace sluis {

/// Writes a temporary file in the same folder, fsync, rename over `path`, fsync of the folder. The folder
/// must exist; `path` may exist as a regular file only, so that no device or link is replaced. The error is one line:
/// the path, and what the system said.
tl::expected<void, std::string> write_file_atomically(const std::string& path, Bytes content, mode_t mode = 0644);

/// Removes what writers of `path` left that were killed: temporary files of its name that nobody has touched for a
/// minute.
void remove_unfinished(const std::string& path);

}  // namespace sluis
