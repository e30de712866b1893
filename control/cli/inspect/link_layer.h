// Puts captured packets of other link types behind a synthetic Ethernet header, so that the one pipeline reads them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/packet/bytes.h"

namespace sluis {

/// An Ethernet frame in two parts: a header made up for it (empty for Ethernet itself), and borrowed bytes.
struct EthernetParts {
    std::array<std::byte, 14> header{};
    std::size_t header_size = 0;
    Bytes rest;

    Bytes made_up() const noexcept { return Bytes(header).first(header_size); }
    std::size_t size() const noexcept { return header_size + rest.size(); }
};

/// Whether packets of this LINKTYPE_ value can be read.
bool is_supported_link_type(std::uint16_t link_type) noexcept;
/// One line that says that this one cannot, and which can.
std::string unsupported(std::uint16_t link_type);

/// A packet too short for its own link header becomes a frame of the loopback-test EtherType 0x9000, which is not IP.
/// REQUIRES: is_supported_link_type(link_type).
EthernetParts as_ethernet(std::uint16_t link_type, Bytes packet) noexcept;

}  // namespace sluis
