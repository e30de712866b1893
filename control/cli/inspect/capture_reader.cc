#include "control/cli/inspect/capture_reader.h"

#include <algorithm>
#include <array>

#include "control/cli/inspect/pcap_reader.h"
#include "control/cli/inspect/pcapng_reader.h"
#include "dataplane/packet/byte_order.h"

namespace sluis {
namespace {

/// The program that undoes a compression, by the first bytes of what it made; nullptr for anything else.
const char* decompressor(std::uint32_t magic) {
    if (magic >> 16 == 0x1f8b) return "gunzip";  // RFC 1952, section 2.3.1
    if (magic == 0x28b5'2ffd) return "unzstd";   // RFC 8878, section 3.1.1
    return magic == 0xfd37'7a58 ? "unxz" : nullptr;
}

}  // namespace

tl::expected<std::unique_ptr<CaptureReader>, std::string> CaptureReader::open(const std::string& path) {
    auto file = InputFile::open(path);
    if (!file) return tl::unexpected(file.error());
    return open(std::move(*file));
}

tl::expected<std::unique_ptr<CaptureReader>, std::string> CaptureReader::open(InputFile file) {
    std::array<std::byte, 4> magic{};
    if (file.read(magic) < magic.size()) {
        if (file.position() == 0 && !file.failed()) return tl::unexpected(file.name() + ": is empty, no capture");
        return tl::unexpected(file.name() + ": too short for a capture: " + file.why_short());
    }
    if (const char* program = decompressor(load_be<std::uint32_t>(magic.data())))
        return tl::unexpected(file.name() + ": is compressed; " + program + " it first");
    if (load_be<std::uint32_t>(magic.data()) == kPcapngSectionHeader) return open_pcapng(std::move(file));
    return open_pcap(std::move(file), magic);
}

tl::expected<std::optional<CapturedPacket>, std::string> CaptureReader::next() {
    auto step = read_packet();
    if (step && *step) ++packets_;
    return step;
}

tl::unexpected<std::string> CaptureReader::damaged(const std::string& what) const {
    return tl::unexpected(file_.name() + ": packet " + std::to_string(packets_ + 1) + ": " + what);
}

bool CaptureReader::fill(std::size_t length) {
    if (length > capacity_) {
        capacity_ = std::max<std::size_t>(length, 4096);
        buffer_ = std::make_unique<std::byte[]>(capacity_);
    }
    return file_.read({buffer_.get(), length}) == length;
}

}  // namespace sluis
