// The head of an HTTP/1.x request, read as tolerantly as servers read it (RFC 9112; RFC 9110, section 7.2).
#pragma once

#include <array>

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"
#include "dataplane/protocol/http_body.h"

namespace sluis {

/// The longest request head that is read, bytes (nginx: 32 KiB in 8 KiB lines; Apache: 8 KiB a line). At most 32 KiB -
/// 2: see the search state of read_http_request.
inline constexpr std::size_t kHttpHeadLimit = 16384;

struct HttpRequest {
    Bytes method;
    Bytes target;
    bool is_connect = false;  ///< CONNECT: names[0] is the authority; what follows a 2xx is another protocol
    bool is_upgrade = false;  ///< Upgrade asked for: what follows a 101 is another protocol. Or h2c by prior knowledge
                              ///< (`PRI * HTTP/2.0`): what follows the head is HTTP/2, whatever is answered
    bool is_preface =
        false;  ///< the beginning of an HTTP/2 connection preface (RFC 9113, section 3.4): `SM` comes next
    HttpBody body = HttpBody::none;
    std::uint64_t body_length = 0;  ///< bytes, for HttpBody::length; never 0 there
    std::uint32_t head_end = 0;     ///< offset just past the empty line
    /// The names announced: every Host value and the authority of an absolute-form or CONNECT target, without white
    /// space, port, userinfo and one trailing dot. All name the same host (else `name_conflict`), in different cases
    /// perhaps. None for HTTP/1.0 without Host. More than four: `http_malformed`.
    std::array<Bytes, 4> names;
    std::uint8_t name_count = 0;
};

/// Whether a stream that begins with `prefix` (one byte or more) can be an HTTP/1.x request, after any number of CR,
/// LF, spaces or tabs. Once the first line is complete: whether it has a version (any method, RFC 9112, section 3) or
/// is HTTP/0.9. Before: whether it begins with a known method in any case, or with another token and what looks like a
/// target.
bool may_be_http_request(Bytes prefix) noexcept;

/// Reads the request head at the start of `stream`. `scanned` carries the search for its end from call to call over a
/// stream that grows (start with 0 for each request; its bits are no offset), so that the work is that of one call with
/// all the bytes. Fails with `incomplete`; `stream_limit` past kHttpHeadLimit; `http_malformed` when it cannot be read
/// with one meaning; `name_conflict` when two announced names differ (compared without case, port and trailing dot);
/// `not_this_protocol` when the bytes are no HTTP at all. Failures of the first line come as soon as it is complete.
Result<HttpRequest> read_http_request(Bytes stream, std::uint32_t& scanned) noexcept;

}  // namespace sluis
