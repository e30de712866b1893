// Any bytes as a capture file: the reader ends with packets or an error, within its bounds.
#include <cstdint>
#include <cstdio>

#include "control/cli/inspect/capture_reader.h"
#include "control/cli/inspect/link_layer.h"

namespace {

volatile unsigned sink = 0;  // so that every byte is read, for the sanitizers to see

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::FILE* stream = fmemopen(const_cast<std::uint8_t*>(data), size, "rb");
    if (stream == nullptr) return 0;
    const auto reader = sluis::CaptureReader::open(sluis::InputFile(stream, "fuzz"));
    if (!reader) return 0;
    std::size_t total = 0;
    for (;;) {
        const auto packet = (*reader)->next();
        if (!packet || !*packet) break;
        if (!sluis::is_supported_link_type((*packet)->link_type)) break;
        const sluis::EthernetParts parts = sluis::as_ethernet((*packet)->link_type, (*packet)->data);
        // Every byte of a packet comes from the file.
        total += parts.rest.size();
        if (total > size || parts.size() > sluis::kCaptureLengthLimit + parts.header_size) __builtin_trap();
        for (const std::byte byte : parts.rest) sink = sink + std::to_integer<unsigned>(byte);
    }
    return 0;
}
