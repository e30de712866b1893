#include "control/cli/inspect/capture_writer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "dataplane/interface/limits.h"
#include "dataplane/packet/byte_writer.h"

namespace sluis {
namespace {

constexpr std::uint32_t kNanosecondMagic = 0xa1b23c4d;
constexpr std::uint32_t kEthernet = 1;
constexpr std::uint32_t kSnapLength = 262144;

}  // namespace

tl::expected<std::unique_ptr<CaptureWriter>, std::string> CaptureWriter::create(const std::string& path) {
    std::FILE* stream = std::fopen(path.c_str(), "wbe");
    if (stream == nullptr) return tl::unexpected(path + ": cannot be written: " + std::strerror(errno));
    std::unique_ptr<CaptureWriter> writer(new CaptureWriter(stream, path));
    std::array<std::byte, 24> header;
    ByteWriter fields(header);  // big-endian, so that the file is the same from every machine
    fields.u32(kNanosecondMagic);
    fields.u16(2);  // version 2.4
    fields.u16(4);
    fields.u64(0);  // reserved
    fields.u32(kSnapLength);
    fields.u32(kEthernet);
    writer->put(header);
    return writer;
}

void CaptureWriter::put(Bytes bytes) noexcept {
    if (error_ != 0 || bytes.empty()) return;
    errno = 0;
    if (std::fwrite(bytes.data(), 1, bytes.size(), stream_.get()) < bytes.size()) error_ = errno != 0 ? errno : EIO;
}

void CaptureWriter::write(Bytes frame, Nanoseconds time) noexcept {
    constexpr Nanoseconds kLastSecond = std::numeric_limits<std::uint32_t>::max();
    const auto length = static_cast<std::uint32_t>(frame.size());
    std::array<std::byte, 16> header;
    ByteWriter fields(header);
    fields.u32(static_cast<std::uint32_t>(std::min(time / kSecond, kLastSecond)));
    fields.u32(static_cast<std::uint32_t>(time % kSecond));
    fields.u32(length);
    fields.u32(length);
    put(header);
    put(frame);
    ++frames_;
}

CaptureWriter::~CaptureWriter() {
    if (stream_ != nullptr) static_cast<void>(close());
}

tl::expected<void, std::string> CaptureWriter::close() {
    struct stat status {};
    const bool regular = ::fstat(fileno(stream_.get()), &status) == 0 && S_ISREG(status.st_mode);
    errno = 0;
    if (std::fclose(stream_.release()) != 0 && error_ == 0) error_ = errno;
    if (error_ == 0) return {};
    const bool removed = regular && ::unlink(path_.c_str()) == 0;
    return tl::unexpected(path_ + ": cannot be written: " + std::strerror(error_) +
                          (removed ? "; the part that was written is removed" : ""));
}

}  // namespace sluis
