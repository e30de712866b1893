// How the body after a request head ends, so that the next request of a connection is found
// (RFC 9112, sections 6 and 7.1).
#pragma once

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"

namespace sluis {

/// How a body is delimited. `until_close` belongs to responses: a request without a length has no body.
enum class HttpBody : std::uint8_t { none, length, chunked, until_close };

/// What a request head says of the bytes that follow it.
struct HttpFraming {
    bool is_connect = false;  ///< CONNECT: what follows a 2xx is another protocol
    bool is_upgrade = false;  ///< Upgrade asked for: what follows a 101 is another protocol. Or h2c by prior knowledge
                              ///< (`PRI * HTTP/2.0`): what follows the head is HTTP/2, whatever is answered
    bool is_preface =
        false;  ///< the beginning of an HTTP/2 connection preface (RFC 9113, section 3.4): `SM` comes next
    HttpBody body = HttpBody::none;
    std::uint64_t body_length = 0;  ///< bytes, for HttpBody::length; never 0 there
};

/// The longest chunk header or trailer line that is read, bytes.
inline constexpr std::size_t kHttpChunkLineLimit = 4096;
/// The furthest stream offset that a chunk may end at.
inline constexpr std::uint32_t kHttpChunkReach = 0x8000'0000;

/// Walks a chunked body incrementally (RFC 9112, section 7.1). Data is skipped, never needed.
struct HttpChunkReader {
    /// Reads chunk headers at `stream` offset `next` on; `next` moves past data that needs no reading (it may lie
    /// beyond the stream's end). Returns true at the body's end, with `next` just past it. Fails with `incomplete`, or
    /// with `http_malformed` for a line that has more than one reading, one over kHttpChunkLineLimit, or a chunk that
    /// ends past kHttpChunkReach (subtract from `next` what was dropped at the stream's start, and even a long body
    /// never comes near).
    Result<bool> advance(Bytes stream) noexcept;
    /// The same for one line only: a chunk header, what ends a chunk's data, or a line of the trailer. REQUIRES: `next`
    /// lies in the stream.
    Result<bool> read_next(Bytes stream) noexcept;
    std::uint32_t next = 0;
    bool in_trailer = false;
    bool after_data = false;  ///< `next` is at the line break that ends a chunk's data

private:
    Reason read_data_end(std::string_view stream) noexcept;
    Result<bool> read_line(std::string_view stream) noexcept;
    Reason read_size(std::string_view line, bool had_cr) noexcept;
};

}  // namespace sluis
