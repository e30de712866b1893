// A file with what is not for everybody's eyes.
#pragma once

#include <string>

namespace sluis {

/// Writes it, mode 0600, and never over another file. Says what went wrong; the exit status.
int save_new_file(const std::string& path, const std::string& content);

}  // namespace sluis
