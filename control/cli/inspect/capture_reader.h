// Capture files, read packet by packet in constant memory: pcap (micro- and nanosecond, either byte order) and pcapng
// (either byte order, several sections, several interfaces with link types and resolutions of their own).
//
// libpcap is not used here: it refuses a pcapng file whose interfaces differ in link type or snap length, which is
// what merging two captures makes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "control/cli/inspect/input_file.h"
#include "dataplane/interface/finding.h"
#include "dataplane/packet/bytes.h"

namespace sluis {

/// The most bytes of one packet that a reader takes; larger ones mean a damaged file. libpcap's bound, too.
inline constexpr std::uint32_t kCaptureLengthLimit = 262144;

struct CapturedPacket {
    Nanoseconds time = 0;               ///< since 1970-01-01 UTC
    std::uint16_t link_type = 0;        ///< LINKTYPE_ value
    std::uint32_t original_length = 0;  ///< bytes on the wire; more than data.size() when the capture cut it
    Bytes data;                         ///< borrowed, until the next packet is read
};

class CaptureReader {
public:
    virtual ~CaptureReader() = default;

    /// Opens and reads as far as the file's header. The error is one line with the path.
    static tl::expected<std::unique_ptr<CaptureReader>, std::string> open(const std::string& path);
    static tl::expected<std::unique_ptr<CaptureReader>, std::string> open(InputFile file);

    /// The next packet; nothing at the file's end. The error is one line that names the file and the packet; the reader
    /// is of no use afterwards.
    tl::expected<std::optional<CapturedPacket>, std::string> next();

    /// Packets read so far.
    std::uint64_t packets() const noexcept { return packets_; }
    const InputFile& file() const noexcept { return file_; }

protected:
    using Step = tl::expected<std::optional<CapturedPacket>, std::string>;

    explicit CaptureReader(InputFile file) : file_(std::move(file)) {}
    virtual Step read_packet() = 0;
    /// An error about the packet that is being read, as one line.
    tl::unexpected<std::string> damaged(const std::string& what) const;
    /// Reads `length` bytes into the reader's buffer. False when the file ends before.
    bool fill(std::size_t length);

    InputFile file_;
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t capacity_ = 0;
    std::uint64_t packets_ = 0;
};

}  // namespace sluis
