#include "dataplane/protocol/http2_frame.h"

#include <cstring>

#include "dataplane/packet/byte_reader.h"

namespace sluis {
namespace {

constexpr std::uint32_t kStreamMask = 0x7fff'ffff;
constexpr std::size_t kPrioritySize = 5;

/// Whether servers take such a frame (RFC 9113, section 6). Streams: those that only a connection has, those that only
/// streams have, and those that both may have.
bool is_acceptable(const Http2FrameHeader& header) noexcept {
    const bool on_connection = header.stream == 0;
    const bool short_enough = header.length <= kHttp2FrameLimit;
    switch (header.type) {
        case Http2FrameType::data:
            return !on_connection;
        case Http2FrameType::headers:
            return !on_connection && short_enough;
        case Http2FrameType::priority:
            return !on_connection && header.length == kPrioritySize;
        case Http2FrameType::rst_stream:
            return !on_connection && header.length == 4;
        case Http2FrameType::settings:
            return on_connection && header.length % 6 == 0 && short_enough;
        case Http2FrameType::push_promise:
            return false;
        case Http2FrameType::ping:
            return on_connection && header.length == 8;
        case Http2FrameType::goaway:
            return on_connection && header.length >= 8 && short_enough;
        case Http2FrameType::window_update:
            return header.length == 4;
        case Http2FrameType::continuation:
            return !on_connection && short_enough;
    }
    return short_enough;
}

/// What a HEADERS or CONTINUATION frame holds of the block.
Result<Bytes> fragment_of(const Http2FrameHeader& header, Bytes payload) noexcept {
    if (header.type == Http2FrameType::headers) return http2_headers_fragment(header, payload);
    return payload;
}

/// Puts the fragments of complete, well-formed frames one after the other.
Result<Bytes> join(Bytes frames, MutableBytes room) noexcept {
    std::size_t size = 0;
    while (!frames.empty()) {
        const auto header = read_http2_frame_header(frames);
        if (!header) return Failure(header.error());
        const auto fragment = fragment_of(*header, frames.subspan(kHttp2FrameHeaderSize, header->length));
        if (!fragment) return Failure(fragment.error());
        if (fragment->size() > room.size() - size) return Failure(Reason::stream_limit);
        if (!fragment->empty()) std::memcpy(room.data() + size, fragment->data(), fragment->size());
        size += fragment->size();
        frames = frames.subspan(header->size());
    }
    return Bytes(room.first(size));
}

}  // namespace

Result<Http2FrameHeader> read_http2_frame_header(Bytes stream) noexcept {
    ByteReader reader(stream);
    Http2FrameHeader header;
    header.length = reader.u24();
    header.type = static_cast<Http2FrameType>(reader.u8());
    header.flags = reader.u8();
    header.stream = reader.u32() & kStreamMask;
    if (!reader.ok()) return Failure(Reason::incomplete);
    if (!is_acceptable(header)) return Failure(Reason::http_malformed);
    return header;
}

Result<Bytes> http2_headers_fragment(const Http2FrameHeader& header, Bytes payload) noexcept {
    ByteReader reader(payload);
    const std::size_t padding = (header.flags & kHttp2Padded) != 0 ? reader.u8() : 0;
    if ((header.flags & kHttp2Priority) != 0) reader.skip(kPrioritySize);
    if (!reader.ok() || padding > reader.remaining()) return Failure(Reason::http_malformed);
    return reader.bytes(reader.remaining() - padding);
}

Result<Http2HeaderBlock> read_http2_header_block(Bytes stream, std::uint32_t& scanned, MutableBytes room) noexcept {
    const auto first = read_http2_frame_header(stream);
    if (!first) return Failure(first.error());
    for (;;) {
        const auto header = read_http2_frame_header(stream.subspan(scanned));
        if (!header) return Failure(header.error());
        const auto expected = scanned == 0 ? Http2FrameType::headers : Http2FrameType::continuation;
        if (header->type != expected || header->stream != first->stream) return Failure(Reason::http_malformed);
        if (scanned + header->size() > kHttp2BlockLimit) return Failure(Reason::stream_limit);
        if (scanned + header->size() > stream.size()) return Failure(Reason::incomplete);
        scanned += static_cast<std::uint32_t>(header->size());
        if ((header->flags & kHttp2EndHeaders) != 0) break;
    }
    const auto fragments = scanned == first->size()
                               ? http2_headers_fragment(*first, stream.subspan(kHttp2FrameHeaderSize, first->length))
                               : join(stream.first(scanned), room);
    if (!fragments) return Failure(fragments.error());
    return Http2HeaderBlock{*fragments, scanned};
}

}  // namespace sluis
