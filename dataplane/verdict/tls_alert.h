// The alert that a refused TLS client gets, in the server's place.
#pragma once

#include <array>
#include <cstddef>

namespace sluis {

/// A record of its own, with the version that every client takes there: a fatal access_denied (RFC 8446, sections 5.1
/// and 6.2; RFC 5246, section 7.2).
inline constexpr std::array<std::byte, 7> kTlsAccessDenied{std::byte{21}, std::byte{3}, std::byte{3}, std::byte{0},
                                                           std::byte{2},  std::byte{2}, std::byte{49}};

}  // namespace sluis
