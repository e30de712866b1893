// EtherTypes of what is looked through and looked into (IANA, IEEE 802 Numbers).
#pragma once

#include <cstdint>

namespace sluis {

inline constexpr std::uint16_t kEtherLengthLimit = 1500;  ///< up to here it is no type, but a length (IEEE 802.3)
inline constexpr std::uint16_t kEtherIpv4 = 0x0800, kEtherIpv6 = 0x86dd;
inline constexpr std::uint16_t kEtherVlan = 0x8100, kEtherServiceVlan = 0x88a8, kEtherOldVlan1 = 0x9100,
                               kEtherOldVlan2 = 0x9200;
inline constexpr std::uint16_t kEtherMpls = 0x8847, kEtherMplsUp = 0x8848;
inline constexpr std::uint16_t kEtherPppoe = 0x8864;
inline constexpr std::uint16_t kEtherTransparent = 0x6558;  ///< a whole Ethernet frame (RFC 1701)

constexpr bool is_vlan_tag(std::uint16_t type) noexcept {
    return type == kEtherVlan || type == kEtherServiceVlan || type == kEtherOldVlan1 || type == kEtherOldVlan2;
}

}  // namespace sluis
