#include "control/cli/inspect/pcap_reader.h"

#include "control/cli/inspect/file_order.h"
#include "control/cli/inspect/link_layer.h"
#include "dataplane/interface/limits.h"

namespace sluis {
namespace {

constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;
constexpr std::uint32_t kLinkTypeMask = 0xffff;  // above it: the length of the FCS, and reserved bits
constexpr std::size_t kPacketHeader = 16;

struct Flavour {
    FileOrder order;
    Nanoseconds fraction = 0;  ///< nanoseconds in one unit of a time stamp's second half
};

std::optional<Flavour> flavour_of(std::array<std::byte, 4> magic) {
    for (const std::endian order : {std::endian::little, std::endian::big}) {
        const FileOrder file_order(order);
        const auto value = file_order.load<std::uint32_t>(magic.data());
        if (value == kMicroseconds) return Flavour{file_order, 1000};
        if (value == kNanoseconds) return Flavour{file_order, 1};
    }
    return std::nullopt;
}

class PcapReader final : public CaptureReader {
public:
    PcapReader(InputFile file, Flavour flavour, std::uint16_t link_type)
        : CaptureReader(std::move(file)), flavour_(flavour), link_type_(link_type) {}

private:
    Step read_packet() override {
        std::array<std::byte, kPacketHeader> header{};
        const std::size_t got = file_.read(header);
        if (got == 0 && !file_.failed()) return std::nullopt;
        if (got < header.size()) return damaged("its header is cut short: " + file_.why_short());
        const auto field = [&](std::size_t offset) { return flavour_.order.load<std::uint32_t>(&header[offset]); };
        const std::uint32_t length = field(8);
        if (length > kCaptureLengthLimit) {
            return damaged("claims " + std::to_string(length) + " bytes, the file is damaged");
        }
        if (!fill(length)) {
            return damaged("cut short, not all of its " + std::to_string(length) +
                           " bytes are there: " + file_.why_short());
        }
        const Nanoseconds time = Nanoseconds{field(0)} * kSecond + Nanoseconds{field(4)} * flavour_.fraction;
        return CapturedPacket{time, link_type_, field(12), {buffer_.get(), length}};
    }

    Flavour flavour_;
    std::uint16_t link_type_;
};

}  // namespace

tl::expected<std::unique_ptr<CaptureReader>, std::string> open_pcap(InputFile file, std::array<std::byte, 4> magic) {
    const auto flavour = flavour_of(magic);
    if (!flavour) return tl::unexpected(file.name() + ": neither pcap nor pcapng; name a capture");
    std::array<std::byte, 20> header{};  // what follows the magic number
    if (file.read(header) < header.size()) {
        return tl::unexpected(file.name() + ": the file header is cut short: " + file.why_short());
    }
    const auto major = flavour->order.load<std::uint16_t>(&header[0]);
    if (major != 2) {
        return tl::unexpected(file.name() + ": pcap version " + std::to_string(major) + " is not supported, only 2");
    }
    const auto link_type = static_cast<std::uint16_t>(flavour->order.load<std::uint32_t>(&header[16]) & kLinkTypeMask);
    if (!is_supported_link_type(link_type)) return tl::unexpected(file.name() + ": " + unsupported(link_type));
    return std::make_unique<PcapReader>(std::move(file), *flavour, link_type);
}

}  // namespace sluis
