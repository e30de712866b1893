// The name of a Unix socket in the file system, as long as it is its maker's.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace sluis {

/// Removes the name at the end of its life, unless another file has got it meanwhile: somebody may have removed the
/// folder and started another process there. The kernel keeps the file's inode number as long as the socket is open.
class SocketFile {
public:
    SocketFile() = default;
    /// REQUIRES: the caller has bound a socket to `path`, and keeps it open for longer than this lives.
    explicit SocketFile(std::string path) : path_(std::move(path)) {
        if (::lstat(path_.c_str(), &made_) != 0) path_.clear();
    }
    SocketFile(SocketFile&& other) noexcept : path_(std::exchange(other.path_, {})), made_(other.made_) {}
    SocketFile& operator=(SocketFile&&) = delete;
    ~SocketFile() { remove(); }

    void remove() noexcept {
        struct stat now {};
        const bool is_ours = !path_.empty() && ::lstat(path_.c_str(), &now) == 0 && now.st_dev == made_.st_dev &&
                             now.st_ino == made_.st_ino;
        if (is_ours) ::unlink(path_.c_str());
        path_.clear();
    }

private:
    std::string path_;
    struct stat made_ {};
};

}  // namespace sluis
