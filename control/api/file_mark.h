// Whether a file has changed, without reading it.
#pragma once

#include <sys/stat.h>

#include <string>

namespace sluis {

/// A text that changes when the file is written or replaced, and when it comes or goes.
inline std::string file_mark(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return "-";
    return std::to_string(found.st_ino) + "." + std::to_string(found.st_size) + "." +
           std::to_string(found.st_mtim.tv_sec) + "." + std::to_string(found.st_mtim.tv_nsec);
}

}  // namespace sluis
