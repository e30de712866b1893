// Blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian, appended to a text: a file is whole after each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/packet/bytes.h"

namespace sluis {

/// Begins a file. `application` and `comment` are shown by readers.
void append_section(std::string& file, std::string_view application, std::string_view comment);

/// An Ethernet interface with times in nanoseconds; they are numbered from 0 in their order.
void append_interface(std::string& file, std::string_view name, std::uint32_t snap);

struct CapturedFrame {
    std::uint32_t interface = 0;
    std::uint64_t time = 0;    ///< nanoseconds since 1970-01-01 UTC
    std::uint32_t length = 0;  ///< bytes on the wire
    bool outbound = false;
    Bytes bytes;  ///< what was kept of it
    std::string_view comment;
};
void append_frame(std::string& file, const CapturedFrame& frame);

}  // namespace sluis
