#include "control/cli/inspect/pcapng_reader.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "control/cli/inspect/file_order.h"
#include "control/cli/inspect/link_layer.h"

namespace sluis {
namespace {

// Section numbers are of draft-ietf-opsawg-pcapng.
constexpr std::uint32_t kInterfaceDescription = 1;  // 4.2
constexpr std::uint32_t kObsoletePacket = 2;        // appendix A
constexpr std::uint32_t kSimplePacket = 3;          // 4.4
constexpr std::uint32_t kEnhancedPacket = 6;        // 4.3
constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr std::uint16_t kOptionTimeResolution = 9;
constexpr std::uint16_t kOptionTimeOffset = 14;
constexpr std::uint32_t kFraming = 12;  // a block's type and both of its lengths
// What a block that we read may hold: the largest packet, its fields, and options.
constexpr std::uint32_t kBlockLimit = kCaptureLengthLimit + 65536;
constexpr std::size_t kInterfaceLimit = 65536;

struct Interface {
    std::uint16_t link_type = 0;
    std::uint32_t snap_length = 0;  ///< 0: none
    std::uint8_t time_resolution = 6;
    std::int64_t time_offset = 0;  ///< seconds
};

struct Block {
    std::uint32_t type = 0;
    std::uint32_t body = 0;  ///< bytes between the two lengths
};

class PcapngReader final : public CaptureReader {
public:
    explicit PcapngReader(InputFile file) : CaptureReader(std::move(file)) {}

    /// After the type of a Section Header Block: reads the rest of it.
    tl::expected<void, std::string> read_section_header();

private:
    Step read_packet() override;
    /// The next block's type and size; nothing at the file's end.
    tl::expected<std::optional<Block>, std::string> read_block_header();
    /// Reads the body into the buffer, and the length after it.
    tl::expected<void, std::string> read_body(const Block& block);
    tl::expected<void, std::string> read_trailer(const Block& block);
    tl::expected<void, std::string> skip(const Block& block);
    tl::expected<void, std::string> read_interface(const Block& block);
    void read_option(std::uint16_t code, Bytes value, Interface& interface) const;
    Step read_packet_block(const Block& block);
    Step timed_packet(Bytes body, bool obsolete);
    Step simple_packet(Bytes body);
    Step end() const;

    std::uint16_t u16(const std::byte* from) const { return order_.load<std::uint16_t>(from); }
    std::uint32_t u32(const std::byte* from) const { return order_.load<std::uint32_t>(from); }
    std::string cut_short() const { return "the block is cut short: " + file_.why_short(); }

    FileOrder order_;
    std::vector<Interface> interfaces_;
    Nanoseconds last_time_ = 0;
    // Of all sections' interfaces.
    bool any_readable_ = false;
    std::optional<std::uint16_t> unreadable_;
};

tl::expected<void, std::string> PcapngReader::read_section_header() {
    // Total length, byte-order magic, major and minor version, section length (which we have no use for).
    std::array<std::byte, 20> header{};
    if (file_.read(header) < header.size()) return damaged("the section header is cut short: " + file_.why_short());
    order_ = FileOrder(std::endian::little);
    if (u32(&header[4]) != kByteOrderMagic) order_ = FileOrder(std::endian::big);
    if (u32(&header[4]) != kByteOrderMagic) return damaged("a section header without the byte-order magic");
    if (u16(&header[8]) != 1) {
        return damaged("pcapng version " + std::to_string(u16(&header[8])) + " is not supported, only 1");
    }
    const std::uint32_t total = u32(&header[0]);
    if (total < kFraming + 16 || total % 4 != 0) return damaged("a section header with an impossible length");
    interfaces_.clear();
    const std::uint32_t options = total - kFraming - 16;
    if (file_.skip(options) < options) return damaged(cut_short());
    return read_trailer({kPcapngSectionHeader, total - kFraming});
}

tl::expected<std::optional<Block>, std::string> PcapngReader::read_block_header() {
    std::array<std::byte, 8> header{};
    const std::size_t type_size = file_.read(MutableBytes(header).first(4));
    if (type_size == 0 && !file_.failed()) return std::nullopt;
    if (type_size < 4) return damaged(cut_short());
    const std::uint32_t type = u32(&header[0]);
    if (type == kPcapngSectionHeader) return Block{type, 0};  // its length is in a byte order not known yet
    if (file_.read(MutableBytes(header).last(4)) < 4) return damaged(cut_short());
    const std::uint32_t total = u32(&header[4]);
    if (total < kFraming || total % 4 != 0) {
        return damaged("a block of " + std::to_string(total) + " bytes, the file is damaged");
    }
    return Block{type, total - kFraming};
}

tl::expected<void, std::string> PcapngReader::read_trailer(const Block& block) {
    std::array<std::byte, 4> trailer{};
    if (file_.read(trailer) < trailer.size()) return damaged(cut_short());
    if (u32(trailer.data()) != block.body + kFraming) {
        return damaged("the two lengths of a block differ, the file is damaged");
    }
    return {};
}

tl::expected<void, std::string> PcapngReader::read_body(const Block& block) {
    if (block.body > kBlockLimit) {
        return damaged("a block of " + std::to_string(block.body) + " bytes, the file is damaged");
    }
    if (!fill(block.body)) return damaged(cut_short());
    return read_trailer(block);
}

tl::expected<void, std::string> PcapngReader::skip(const Block& block) {
    if (file_.skip(block.body) < block.body) return damaged(cut_short());
    return read_trailer(block);
}

void PcapngReader::read_option(std::uint16_t code, Bytes value, Interface& interface) const {
    if (code == kOptionTimeResolution && value.size() >= 1) {
        interface.time_resolution = std::to_integer<std::uint8_t>(value[0]);
    }
    if (code == kOptionTimeOffset && value.size() >= 8) {
        interface.time_offset = static_cast<std::int64_t>(order_.load<std::uint64_t>(value.data()));
    }
}

tl::expected<void, std::string> PcapngReader::read_interface(const Block& block) {
    if (auto read = read_body(block); !read) return read;
    if (block.body < 8) return damaged("an interface description that is too short");
    if (interfaces_.size() >= kInterfaceLimit) return damaged("more than 65536 interfaces");
    Bytes body(buffer_.get(), block.body);
    Interface interface { u16(&body[0]), u32(&body[4]) };
    body = body.subspan(8);
    while (body.size() >= 4) {
        const std::uint16_t code = u16(&body[0]);
        const std::size_t length = u16(&body[2]);
        const std::size_t padded = 4 + (length + 3) / 4 * 4;
        if (code == 0 || padded > body.size()) break;
        read_option(code, body.subspan(4, length), interface);
        body = body.subspan(padded);
    }
    if (!is_time_resolution(interface.time_resolution))
        return damaged("an interface with a time resolution beyond 64 bits");
    interfaces_.push_back(interface);
    if (is_supported_link_type(interface.link_type))
        any_readable_ = true;
    else
        unreadable_ = interface.link_type;
    return {};
}

CaptureReader::Step PcapngReader::timed_packet(Bytes body, bool obsolete) {
    if (body.size() < 20) return damaged("a packet block that is too short");
    // The obsolete block has 16 bits of interface and 16 bits of drop count; all else is the same.
    const std::uint32_t interface = obsolete ? u16(&body[0]) : u32(&body[0]);
    const std::uint32_t length = u32(&body[12]);
    if (interface >= interfaces_.size()) return damaged("names an interface that is not described");
    if (length > body.size() - 20) return damaged("its length is more than its block holds");
    if (length > kCaptureLengthLimit)
        return damaged("claims " + std::to_string(length) + " bytes, the file is damaged");
    const Interface& from = interfaces_[interface];
    const std::uint64_t units = std::uint64_t{u32(&body[4])} << 32 | u32(&body[8]);
    last_time_ = pcapng_time(units, from.time_resolution, from.time_offset);
    return CapturedPacket{last_time_, from.link_type, u32(&body[16]), body.subspan(20, length)};
}

CaptureReader::Step PcapngReader::simple_packet(Bytes body) {
    if (body.size() < 4) return damaged("a packet block that is too short");
    if (interfaces_.empty()) return damaged("names an interface that is not described");
    const std::uint32_t original = u32(&body[0]);
    std::size_t length = std::min<std::size_t>({original, body.size() - 4, kCaptureLengthLimit});
    if (interfaces_[0].snap_length != 0) length = std::min<std::size_t>(length, interfaces_[0].snap_length);
    // It has no time of its own.
    return CapturedPacket{last_time_, interfaces_[0].link_type, original, body.subspan(4, length)};
}

CaptureReader::Step PcapngReader::read_packet_block(const Block& block) {
    if (auto read = read_body(block); !read) return tl::unexpected(read.error());
    const Bytes body(buffer_.get(), block.body);
    if (block.type == kSimplePacket) return simple_packet(body);
    return timed_packet(body, block.type == kObsoletePacket);
}

/// An empty capture of what nobody could have read is no capture that was read.
CaptureReader::Step PcapngReader::end() const {
    if (packets() == 0 && !any_readable_ && unreadable_)
        return tl::unexpected(file_.name() + ": " + unsupported(*unreadable_));
    return std::nullopt;
}

CaptureReader::Step PcapngReader::read_packet() {
    for (;;) {
        const auto block = read_block_header();
        if (!block) return tl::unexpected(block.error());
        if (!*block) return end();
        tl::expected<void, std::string> done;
        switch ((*block)->type) {
            case kPcapngSectionHeader:
                done = read_section_header();
                break;
            case kInterfaceDescription:
                done = read_interface(**block);
                break;
            case kEnhancedPacket:
            case kSimplePacket:
            case kObsoletePacket:
                return read_packet_block(**block);
            default:
                done = skip(**block);
        }
        if (!done) return tl::unexpected(done.error());
    }
}

}  // namespace

tl::expected<std::unique_ptr<CaptureReader>, std::string> open_pcapng(InputFile file) {
    auto reader = std::make_unique<PcapngReader>(std::move(file));
    if (auto header = reader->read_section_header(); !header) return tl::unexpected(header.error());
    return reader;
}

}  // namespace sluis
