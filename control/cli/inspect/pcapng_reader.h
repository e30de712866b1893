// The pcapng file format (draft-ietf-opsawg-pcapng): blocks in sections; a section header sets the byte order and
// forgets the interfaces before it.
#pragma once

#include "control/cli/inspect/capture_reader.h"

namespace sluis {

/// The type of a Section Header Block, the same in both byte orders.
inline constexpr std::uint32_t kPcapngSectionHeader = 0x0a0d0d0a;

/// Goes on after the first four bytes of the file, the type of its first block.
tl::expected<std::unique_ptr<CaptureReader>, std::string> open_pcapng(InputFile file);

/// A time stamp of `units` at the resolution `if_tsresol` (10^-n, or 2^-n with the top bit set), in nanoseconds,
/// rounded down; the largest value where it does not fit. REQUIRES: is_time_resolution(resolution).
Nanoseconds pcapng_time(std::uint64_t units, std::uint8_t resolution, std::int64_t offset_seconds) noexcept;
/// Whether a resolution is one that `pcapng_time` takes: its units fit in 64 bits.
bool is_time_resolution(std::uint8_t resolution) noexcept;

}  // namespace sluis
