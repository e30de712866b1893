#include "control/cli/inspect/input_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace sluis {

void InputFile::Close::operator()(std::FILE* stream) const noexcept {
    if (stream != stdin) std::fclose(stream);
}

tl::expected<InputFile, std::string> InputFile::open(const std::string& path) {
    if (path == "-") return InputFile(stdin, "standard input");
    std::FILE* stream = std::fopen(path.c_str(), "rbe");
    if (stream == nullptr) return tl::unexpected(path + ": cannot be read: " + std::strerror(errno));
    InputFile file(stream, path);
    struct stat status {};
    if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode))
        return tl::unexpected(path + ": is a directory; name the captures in it");
    return file;
}

InputFile::InputFile(std::FILE* stream, std::string name) : stream_(stream), name_(std::move(name)) {
    struct stat status {};
    const int descriptor = fileno(stream);  // -1 for a stream over memory
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
        size_ = static_cast<std::uint64_t>(status.st_size);
    }
}

std::size_t InputFile::read(MutableBytes room) noexcept {
    if (room.empty()) return 0;
    errno = 0;
    const std::size_t count = std::fread(room.data(), 1, room.size(), stream_.get());
    if (count < room.size() && std::ferror(stream_.get()) != 0) error_ = errno;
    position_ += count;
    return count;
}

std::uint64_t InputFile::skip(std::uint64_t count) noexcept {
    std::array<std::byte, 4096> scratch;
    std::uint64_t skipped = 0;
    while (skipped < count) {
        const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(count - skipped, scratch.size()));
        const std::size_t got = read(MutableBytes(scratch).first(want));
        skipped += got;
        if (got < want) break;
    }
    return skipped;
}

std::string InputFile::why_short() const { return error_ != 0 ? std::strerror(error_) : "the file ends here"; }

}  // namespace sluis
