// The lines of a request head that matter here: read as tolerantly as servers read them (RFC 9112, section 5).
#pragma once

#include <cstdint>
#include <string_view>

namespace sluis {

enum class HttpField : std::uint8_t {
    other,
    host,
    content_length,
    transfer_encoding,
    upgrade,
    doubtful,  ///< one of the above for some servers only
};

struct HttpFieldLine {
    HttpField field = HttpField::other;
    std::string_view value;  ///< without the white space around it; borrowed
};

/// Reads a complete field line, without its line break. White space and controls before the name are skipped.
HttpFieldLine read_http_field_line(std::string_view line) noexcept;

/// Whether a line that begins with `part` is an `other` one, whatever follows. A line that tells so late that no server
/// reads it counts as not certain.
bool is_certainly_other_field(std::string_view part) noexcept;

}  // namespace sluis
