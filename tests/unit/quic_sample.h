// Datagrams and byte strings for the QUIC tests.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/packet/bytes.h"

namespace sluis {

using Buffer = std::vector<std::byte>;

/// Bytes from pairs of hexadecimal digits; white space is skipped.
inline Buffer from_hex(std::string_view text) {
    std::string digits;
    for (char c : text) {
        if (c != ' ' && c != '\n') digits += c;
    }
    Buffer bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        bytes.push_back(static_cast<std::byte>(std::stoi(digits.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

inline std::string to_hex(Bytes bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (std::byte b : bytes) {
        text += kDigits[std::to_integer<std::size_t>(b >> 4)];
        text += kDigits[std::to_integer<std::size_t>(b & std::byte{15})];
    }
    return text;
}

/// A file of tests/unit/data/quic; empty when it cannot be read.
inline Buffer read_sample(const std::string& name) {
    std::ifstream file(SLUIS_SOURCE_DIR "/tests/unit/data/quic/" + name, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const Bytes bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

inline void append(Buffer& to, Bytes bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

}  // namespace sluis
