// UDP ports on which packets come in tunnels.
#pragma once

#include <cstdint>

namespace sluis {

inline constexpr std::uint16_t kPortVxlan = 4789;     ///< RFC 7348, section 5
inline constexpr std::uint16_t kPortVxlanOld = 8472;  ///< what Linux took before that
inline constexpr std::uint16_t kPortGeneve = 6081;    ///< RFC 8926, section 3.3

constexpr bool is_tunnel_port(std::uint16_t port) noexcept {
    return port == kPortVxlan || port == kPortVxlanOld || port == kPortGeneve;
}

}  // namespace sluis
