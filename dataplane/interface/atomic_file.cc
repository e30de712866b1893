#include "dataplane/interface/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "dataplane/interface/write_all.h"

namespace sluis {
namespace {

/// What mkostemp(3) puts in the place of the Xs, bytes.
constexpr std::size_t kRandomPart = 6;
/// A writer takes moments.
constexpr std::chrono::minutes kUnfinishedAge{1};

using Outcome = tl::expected<void, std::string>;

Outcome system_error(const std::string& path) {
    return tl::unexpected<std::string>(path + ": cannot be written: " + std::strerror(errno));
}

/// Fills the new file and gives it a name that outlives a power cut, or leaves nothing.
Outcome fill(int descriptor, const std::string& path, Bytes content, mode_t mode) {
    const bool written = write_all(descriptor, content) && ::fchmod(descriptor, mode) == 0 && ::fsync(descriptor) == 0;
    const Outcome outcome = written ? Outcome{} : system_error(path);
    if (::close(descriptor) != 0 && outcome) return system_error(path);
    return outcome;
}

Outcome sync_folder(const std::string& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return system_error(folder);
    const Outcome outcome = ::fsync(descriptor) == 0 ? Outcome{} : system_error(folder);
    ::close(descriptor);
    return outcome;
}

/// Whether a rename over `path` takes the place of nothing but a file: not of a device, a pipe or a link.
bool may_be_replaced(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode);
}

}  // namespace

Outcome write_file_atomically(const std::string& path, Bytes content, mode_t mode) {
    if (!may_be_replaced(path)) return tl::unexpected<std::string>(path + ": not a regular file; it is left as it is");
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    std::string temporary = path + ".XXXXXX";
    const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
    if (descriptor < 0) return system_error(path);
    Outcome outcome = fill(descriptor, temporary, content, mode);
    if (outcome && ::rename(temporary.c_str(), path.c_str()) != 0) outcome = system_error(path);
    if (!outcome) {
        ::unlink(temporary.c_str());
        return outcome;
    }
    return sync_folder(parent.empty() ? "." : parent.string());
}

void remove_unfinished(const std::string& path) {
    const std::filesystem::path whole(path);
    const std::string start = whole.filename().string() + ".";
    std::error_code problem;
    for (const auto& entry : std::filesystem::directory_iterator(whole.parent_path(), problem)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(start) || name.size() != start.size() + kRandomPart || !entry.is_regular_file(problem))
            continue;
        const auto written = entry.last_write_time(problem);
        const auto age = std::filesystem::file_time_type::clock::now() - written;
        if (!problem && age > kUnfinishedAge) std::filesystem::remove(entry.path(), problem);
    }
}

}  // namespace sluis
