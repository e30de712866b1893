#include "dataplane/interface/sealed_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "dataplane/interface/memory_need.h"
#include "dataplane/interface/write_all.h"

namespace sluis {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

/// By offset: the file's position is shared with whoever sent it.
bool read_all(int descriptor, std::vector<std::byte>& bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t count = ::pread(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        done += static_cast<std::size_t>(count);
    }
    return true;
}

}  // namespace

tl::expected<FileDescriptor, std::string> seal_memory(const char* name, Bytes bytes) {
    FileDescriptor file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (file.valid() && write_all(file.get(), bytes) && ::fcntl(file.get(), F_ADD_SEALS, kSeals) == 0) return file;
    return tl::unexpected(std::string("cannot put ") + name + " into sealed memory: " + std::strerror(errno));
}

tl::expected<std::vector<std::byte>, SealedError> read_sealed(int descriptor, std::uint64_t limit,
                                                              std::uint32_t copies) {
    const int seals = ::fcntl(descriptor, F_GET_SEALS);
    struct stat status {};
    if (seals < 0 || (seals & kSeals) != kSeals || ::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        return tl::unexpected(SealedError::not_sealed);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > limit) return tl::unexpected(SealedError::too_large);
    if (available_memory().bytes < size * copies + kSpareMemory) return tl::unexpected(SealedError::no_memory);
    std::vector<std::byte> bytes(size);
    if (!read_all(descriptor, bytes)) return tl::unexpected(SealedError::unreadable);
    return bytes;
}

}  // namespace sluis
