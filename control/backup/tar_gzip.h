// Archives in memory: POSIX ustar (IEEE 1003.1, pax), plain or in gzip (RFC 1952).
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace sluis {

inline constexpr std::size_t kArchiveNameLimit = 99;

struct ArchiveFile {
    std::string name;  ///< at most kArchiveNameLimit bytes, with its folders
    std::string content;
};

/// Without compression. `time`: of all files, seconds since 1970.
std::string make_tar(const std::vector<ArchiveFile>& files, long time);

/// The same in gzip. Empty when there is no memory.
std::string make_archive(const std::vector<ArchiveFile>& files, long time);

}  // namespace sluis
