// The frames that an HTTP/2 client sends, as far as header blocks need them (RFC 9113, sections 4 and 6).
#pragma once

#include <string_view>

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"

namespace sluis {

/// What follows `PRI * HTTP/2.0` and its empty line in the client's connection preface (RFC 9113, section 3.4).
inline constexpr std::string_view kHttp2PrefaceRest = "SM\r\n\r\n";
inline constexpr std::size_t kHttp2FrameHeaderSize = 9;
/// The longest payload that every server takes, bytes: SETTINGS_MAX_FRAME_SIZE begins with it (RFC 9113,
/// section 6.5.2).
inline constexpr std::uint32_t kHttp2FrameLimit = 16384;
/// The longest header block that is read, bytes, the headers of its frames included.
inline constexpr std::uint32_t kHttp2BlockLimit = 16384;

/// By their IANA numbers; others are extensions.
enum class Http2FrameType : std::uint8_t {
    data = 0,
    headers = 1,
    priority = 2,
    rst_stream = 3,
    settings = 4,
    push_promise = 5,
    ping = 6,
    goaway = 7,
    window_update = 8,
    continuation = 9,
};

inline constexpr std::uint8_t kHttp2EndHeaders = 0x04;
inline constexpr std::uint8_t kHttp2Padded = 0x08;
inline constexpr std::uint8_t kHttp2Priority = 0x20;

struct Http2FrameHeader {
    std::uint32_t length = 0;  ///< of the payload, bytes
    Http2FrameType type = Http2FrameType::data;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;  ///< without the reserved bit

    std::size_t size() const noexcept { return kHttp2FrameHeaderSize + length; }
};

/// Reads the frame header at the start of `stream`. Fails with `incomplete`, or with `http_malformed` when servers end
/// the connection for it: a type that no client sends, or a length or stream that its type does not have. Only DATA may
/// be longer than kHttp2FrameLimit (a server may announce that it takes more). So no text passes as a frame, and a
/// server that goes on reading HTTP/1.1 after a preface gets nothing past us.
Result<Http2FrameHeader> read_http2_frame_header(Bytes stream) noexcept;

/// The field block fragment in a HEADERS payload, without padding and priority (RFC 9113, section 6.2). Fails with
/// `http_malformed`.
Result<Bytes> http2_headers_fragment(const Http2FrameHeader& header, Bytes payload) noexcept;

struct Http2HeaderBlock {
    Bytes fragments;        ///< joined; borrows from the stream or from `room`
    std::uint32_t end = 0;  ///< offset just past the last frame
};

/// Reads the header block that begins with the HEADERS frame at the start of `stream`, with the CONTINUATION frames
/// that belong to it; `room` is for joining them. `scanned` carries the search for its end from call to call over a
/// stream that grows: start with 0 for each block. Fails with `incomplete`; `stream_limit` past kHttp2BlockLimit, as
/// soon as the lengths say so, or when `room` is smaller than that; `http_malformed`. REQUIRES: a complete HEADERS
/// frame header.
Result<Http2HeaderBlock> read_http2_header_block(Bytes stream, std::uint32_t& scanned, MutableBytes room) noexcept;

}  // namespace sluis
