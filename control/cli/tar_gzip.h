// A compressed archive in memory: POSIX ustar (IEEE 1003.1, pax) in gzip (RFC 1952).
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sluis {

struct ArchiveFile {
    std::string name;  ///< at most 99 bytes, with its folders
    std::string content;
};

/// Empty when there is no memory. `time`: of all files, seconds since 1970.
std::string make_archive(const std::vector<ArchiveFile>& files, long time);

}  // namespace sluis
