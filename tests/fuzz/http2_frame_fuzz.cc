// Any bytes as a client's frames: views lie where they may, and one byte at a time comes to the same.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "dataplane/protocol/http2_frame.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

bool lies_in(Bytes part, Bytes whole) {
    return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// The block at the start of `stream`, which is read whole and byte by byte.
Result<Http2HeaderBlock> check_block(Bytes stream) {
    std::vector<std::byte> room(kHttp2BlockLimit), other(kHttp2BlockLimit);
    std::uint32_t scanned = 0;
    const auto whole = read_http2_header_block(stream, scanned, room);
    if (whole) {
        require(whole->end <= stream.size() && whole->end <= kHttp2BlockLimit && whole->fragments.size() < whole->end);
        require(lies_in(whole->fragments, stream) || lies_in(whole->fragments, room));
    }
    std::uint32_t carried = 0;
    for (std::size_t size = kHttp2FrameHeaderSize; size <= stream.size(); ++size) {
        const auto part = read_http2_header_block(stream.first(size), carried, other);
        if (!part && part.error() == Reason::incomplete && size < stream.size()) continue;
        require(part.has_value() == whole.has_value());
        if (!part)
            require(part.error() == whole.error());
        else
            require(part->end == whole->end && std::ranges::equal(part->fragments, whole->fragments));
        break;
    }
    return whole;
}

void check_frames(Bytes stream) {
    for (;;) {
        const auto frame = read_http2_frame_header(stream);
        if (!frame) return require(frame.error() == Reason::incomplete || frame.error() == Reason::http_malformed);
        std::size_t end = frame->size();
        if (frame->type == Http2FrameType::headers) {
            const auto block = check_block(stream);
            if (!block) return;
            end = block->end;
        }
        if (end > stream.size()) return;
        stream = stream.subspan(end);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes{reinterpret_cast<const std::byte*>(data), size};
    check_frames(bytes);
    return 0;
}
