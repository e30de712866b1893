// The first line of a request, as far as servers can read one at all (RFC 9112, section 3).
#pragma once

#include <string_view>

#include "dataplane/packet/result.h"

namespace sluis {

struct HttpRequestLine {
    std::string_view method;
    std::string_view target;  ///< without white space around it; may hold some
    bool has_version = true;  ///< false: HTTP/0.9, whose server answers this line alone
};

/// Reads a complete request line, without its CR LF. Any method will do when a version follows. Fails with
/// `not_this_protocol`, or with `http_malformed` when it is HTTP that cannot be read with one meaning, or that is
/// answered without a head.
Result<HttpRequestLine> read_http_request_line(std::string_view line) noexcept;

/// Whether more bytes can make a request line of `prefix` (one byte or more, the first no white space). Bounded work.
bool may_become_http_request_line(std::string_view prefix) noexcept;

/// Whether `prefix` begins with a method that is in use, in any case, and white space.
bool has_known_http_method(std::string_view prefix) noexcept;

/// The same, and behind it nothing yet, or what can be a target: many text protocols have commands of these names.
bool has_known_http_target(std::string_view prefix) noexcept;

}  // namespace sluis
