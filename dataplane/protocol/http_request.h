// What begins an HTTP/1.x request (RFC 9112, section 3).
#pragma once

#include "dataplane/packet/bytes.h"
#include "dataplane/protocol/http_head_reader.h"

namespace sluis {

/// Whether a stream that begins with `prefix` (one byte or more) can be an HTTP/1.x request, after any number of CR,
/// LF, spaces or tabs. Once the first line is complete: whether it has a version (any method, RFC 9112, section 3) or
/// is HTTP/0.9. Before: whether it begins with a known method in any case, or with another token and what looks like a
/// target.
bool may_be_http_request(Bytes prefix) noexcept;

}  // namespace sluis
