// Text from outside in messages for people: a message stays one line, and cannot steer a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluis {

/// `text` with each control character written as \xNN: C0, DEL, and C1 whichever way a terminal reads its bytes, as
/// UTF-8 (U+0080 to U+009F, ECMA-48) or one by one. So is every byte that is no part of well-formed UTF-8 (RFC 3629).
inline std::string one_line(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte_at = [text](std::size_t at) {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : static_cast<unsigned char>(0);
    };
    /// Bytes of the printable character there; 0: none.
    const auto length_at = [&](std::size_t at) -> std::size_t {
        const unsigned first = byte_at(at), second = byte_at(at + 1);
        if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
        const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        if (first < 0xc2 || first > 0xf4) return 0;
        for (std::size_t i = 1; i < length; ++i)
            if ((byte_at(at + i) & 0xc0) != 0x80) return 0;
        const bool is_overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
        const bool is_surrogate = first == 0xed && second >= 0xa0, is_beyond = first == 0xf4 && second >= 0x90;
        const bool is_control = first == 0xc2 && second < 0xa0;
        // U+2028 and U+2029 end lines; U+202A to U+202E and U+2066 to U+2069 turn the direction of what follows.
        const unsigned third = byte_at(at + 2);
        const bool is_mark = first == 0xe2 && ((second == 0x80 && third >= 0xa8 && third <= 0xae) ||
                                               (second == 0x81 && third >= 0xa6 && third <= 0xa9));
        return is_overlong || is_surrogate || is_beyond || is_control || is_mark ? 0 : length;
    };
    std::string line;
    for (std::size_t at = 0; at < text.size();) {
        if (const std::size_t length = length_at(at); length != 0) {
            line += text.substr(at, length);
            at += length;
            continue;
        }
        const unsigned char byte = byte_at(at++);
        line += "\\x";
        line += kDigits[byte >> 4];
        line += kDigits[byte & 15];
    }
    return line;
}

}  // namespace sluis
