// The head of an HTTP/1.x request, read as tolerantly as servers read it (RFC 9112; RFC 9110, section 7.2).
#pragma once

#include <array>

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"
#include "dataplane/protocol/http_head_reader.h"

namespace sluis {

struct HttpRequest : HttpFraming {
    Bytes method;
    Bytes target;
    std::uint32_t head_end = 0;  ///< offset just past the empty line
    /// The names announced: every Host value and the authority of an absolute-form or CONNECT target (then names[0]),
    /// as HttpHeadProgress has them. All name the same host, in different cases perhaps.
    std::array<Bytes, kHttpNameLimit> names;
    std::uint8_t name_count = 0;
};

/// Whether a stream that begins with `prefix` (one byte or more) can be an HTTP/1.x request, after any number of CR,
/// LF, spaces or tabs. Once the first line is complete: whether it has a version (any method, RFC 9112, section 3) or
/// is HTTP/0.9. Before: whether it begins with a known method in any case, or with another token and what looks like a
/// target.
bool may_be_http_request(Bytes prefix) noexcept;

/// Reads a whole request head at the start of `stream`, or the rest of the one that `reader` has begun (then without
/// method and target). Fails with `incomplete`, or as HttpHeadReader does.
Result<HttpRequest> read_http_request(Bytes stream, HttpHeadReader reader = {}) noexcept;

}  // namespace sluis
