#include "dataplane/interface/runtime_directory.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace sluis {
namespace {

using Status = tl::expected<void, std::string>;

constexpr const char* kAdvice = "; set [runtime] directory to one that this user may write to";

/// File systems of the kernel that hold no files of others. root may "write" to them all the same.
bool is_of_the_kernel(const std::string& folder) {
    struct statfs status {};
    if (::statfs(folder.c_str(), &status) != 0) return false;
    return status.f_type == PROC_SUPER_MAGIC || status.f_type == SYSFS_MAGIC || status.f_type == CGROUP2_SUPER_MAGIC;
}

/// Whether files can be made in a folder that is there.
Status check_room(const std::string& folder, std::uint64_t bytes) {
    const auto refused = [&](const std::string& why) { return tl::unexpected("[runtime] directory: " + why); };
    if (is_of_the_kernel(folder)) return refused(folder + " holds no files" + kAdvice);
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        return refused("cannot write to " + folder + ": " + std::strerror(errno) + kAdvice);
    struct statvfs room {};
    // A tmpfs without a limit says that it has no blocks at all.
    if (::statvfs(folder.c_str(), &room) != 0 || room.f_blocks == 0) return {};
    const bool has_inodes = room.f_files == 0 || room.f_favail > 0;
    if (room.f_bavail * room.f_frsize >= bytes && has_inodes) return {};
    return refused("the file system of " + folder + " is full; make room for " + std::to_string((bytes >> 10) + 1) +
                   " KiB on it");
}

}  // namespace

Status make_runtime_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
        return tl::unexpected("cannot make the directory " + path + ": " + std::strerror(errno) + kAdvice);
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0 && !S_ISDIR(found.st_mode))
        return tl::unexpected("[runtime] directory " + path + " is no directory; name another one");
    return {};
}

Status check_runtime_directory(const std::string& path, std::uint64_t bytes) {
    const std::filesystem::path directory(path);
    const std::filesystem::path parent = directory.has_parent_path() ? directory.parent_path() : ".";
    std::error_code error;
    if (std::filesystem::is_directory(directory, error)) return check_room(path, bytes);
    const bool exists = std::filesystem::exists(directory, error);
    if (!exists && std::filesystem::is_directory(parent, error)) return check_room(parent.string(), bytes);
    return tl::unexpected("[runtime] directory " + path +
                          (exists ? " is no directory" : " cannot be made: there is no directory " + parent.string()) +
                          "; name another one");
}

}  // namespace sluis
