#include "control/updates/download_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace sluis {
namespace {

namespace fs = std::filesystem;

tl::unexpected<UpdateFailure> storage_error(const std::string& path) {
    return failed(UpdateCause::storage, path + ": cannot be written: " + std::strerror(errno));
}

tl::unexpected<UpdateFailure> wrong_status(int status) {
    return failed(UpdateCause::status, "the mirror answers with status " + std::to_string(status));
}

}  // namespace

Fetched<void> DownloadFolder::prepare(const std::string& sha256) const {
    std::error_code problem;
    fs::create_directories(directory_, problem);
    if (problem) return failed(UpdateCause::storage, directory_ + ": cannot be made: " + problem.message());
    for (fs::directory_iterator entry(directory_, problem), end; !problem && entry != end; entry.increment(problem)) {
        const fs::path& path = entry->path();
        const bool is_ours = path.extension() == ".part" || path.extension() == ".bundle";
        std::error_code ignored;
        if (is_ours && path.stem() != sha256) fs::remove(path, ignored);
    }
    return {};
}

std::uint64_t DownloadFolder::part_size(const std::string& sha256) const {
    struct stat found {};
    const bool is_file = ::lstat(part_path(sha256).c_str(), &found) == 0 && S_ISREG(found.st_mode);
    return is_file ? static_cast<std::uint64_t>(found.st_size) : 0;
}

void DownloadFolder::remove_part(const std::string& sha256) const { ::unlink(part_path(sha256).c_str()); }

Fetched<void> DownloadFolder::finish(const std::string& sha256) const {
    if (::rename(part_path(sha256).c_str(), bundle_path(sha256).c_str()) == 0) return {};
    return storage_error(bundle_path(sha256));
}

FileBody::~FileBody() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

/// What a power cut leaves of it need not be right: the digest tells.
Fetched<void> FileBody::open(std::uint64_t keep) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (descriptor_ < 0 || ::ftruncate(descriptor_, static_cast<off_t>(keep)) != 0 ||
        ::lseek(descriptor_, 0, SEEK_END) != static_cast<off_t>(keep)) {
        return storage_error(path_);
    }
    resumed_ = keep != 0;
    return {};
}

Fetched<void> FileBody::begin(const AnswerHead& head) {
    if (head.status == 200) return open(0);
    beginning_useless_ = from_ != 0 && head.status == 416;
    if (head.status != 206 || from_ == 0) return wrong_status(head.status);
    const bool is_rest = head.range && head.range->first == from_ && head.range->last + 1 == head.range->whole;
    beginning_useless_ = !is_rest || head.range->whole > size_limit_;
    if (!is_rest) return failed(UpdateCause::transfer, "the mirror sends another range than it was asked for");
    if (head.range->whole > size_limit_)
        return failed(UpdateCause::size, "the file would have " + std::to_string(head.range->whole) + " bytes");
    return open(from_);
}

Fetched<void> FileBody::take(Bytes bytes) {
    taken_ += bytes.size();
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const bool is_full = errno == ENOSPC;
            auto failure = storage_error(path_);
            if (is_full) ::unlink(path_.c_str());  // others need the room more
            return failure;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Fetched<void> MemoryBody::begin(const AnswerHead& head) {
    if (head.status == 200 || (head.status == 304 && may_be_same_)) return {};
    return wrong_status(head.status);
}

Fetched<void> MemoryBody::take(Bytes bytes) {
    content_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
}

}  // namespace sluis
