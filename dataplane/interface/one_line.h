// Text from outside in messages for people: a message stays one line, and cannot steer a terminal.
#pragma once

#include <string>
#include <string_view>

namespace sluis {

/// `text` with each control character written as \xNN.
inline std::string one_line(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string line;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            line += c;
            continue;
        }
        line += "\\x";
        line += kDigits[byte >> 4];
        line += kDigits[byte & 15];
    }
    return line;
}

}  // namespace sluis
