// UDP ports on which packets come in tunnels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluis {

inline constexpr std::uint16_t kPortL2tp = 1701;      ///< RFC 2661, section 8.1; RFC 3931, section 4.1.2
inline constexpr std::uint16_t kPortGtpU = 2152;      ///< 3GPP TS 29.281, section 4.4.2
inline constexpr std::uint16_t kPortTeredo = 3544;    ///< RFC 4380, section 2.7
inline constexpr std::uint16_t kPortLisp = 4341;      ///< RFC 9300, section 5.3
inline constexpr std::uint16_t kPortGre = 4754;       ///< RFC 8086, section 6.1
inline constexpr std::uint16_t kPortVxlan = 4789;     ///< RFC 7348, section 5
inline constexpr std::uint16_t kPortVxlanGpe = 4790;  ///< draft-ietf-nvo3-vxlan-gpe, section 3.1
inline constexpr std::uint16_t kPortFou = 5555;       ///< what Linux's manual takes for foo over UDP
inline constexpr std::uint16_t kPortGue = 6080;       ///< draft-ietf-intarea-gue, section 5.4
inline constexpr std::uint16_t kPortGeneve = 6081;    ///< RFC 8926, section 3.3
inline constexpr std::uint16_t kPortMpls = 6635;      ///< RFC 7510, section 3
inline constexpr std::uint16_t kPortVxlanOld = 8472;  ///< what Linux took before 4789

inline constexpr std::array kTunnelPorts{kPortL2tp,     kPortGtpU, kPortTeredo, kPortLisp,   kPortGre,  kPortVxlan,
                                         kPortVxlanGpe, kPortFou,  kPortGue,    kPortGeneve, kPortMpls, kPortVxlanOld};

/// Each port at the place of its last bits: a look-up is one comparison, and every datagram needs one.
inline constexpr std::array<std::uint16_t, 128> kTunnelPortPlaces = [] {
    std::array<std::uint16_t, 128> places{};
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<std::uint16_t>(i + 1);  // of another place
    for (const std::uint16_t port : kTunnelPorts) places[port % places.size()] = port;
    return places;
}();

constexpr bool is_tunnel_port(std::uint16_t port) noexcept {
    return kTunnelPortPlaces[port % kTunnelPortPlaces.size()] == port;
}

static_assert(
    [] {
        for (const std::uint16_t port : kTunnelPorts)
            if (!is_tunnel_port(port)) return false;
        return true;
    }(),
    "two tunnel ports have one place: take more bits");

}  // namespace sluis
