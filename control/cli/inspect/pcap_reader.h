// The pcap file format (draft-ietf-opsawg-pcap): a file header, then for each packet a header and its bytes.
#pragma once

#include <array>

#include "control/cli/inspect/capture_reader.h"

namespace sluis {

/// Goes on after the first four bytes of the file, its magic number.
tl::expected<std::unique_ptr<CaptureReader>, std::string> open_pcap(InputFile file, std::array<std::byte, 4> magic);

}  // namespace sluis
