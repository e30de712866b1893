// The IPv6 extension header chain, walked as hosts walk it (RFC 8200, section 4).
#pragma once

#include "dataplane/packet/packet.h"
#include "dataplane/packet/result.h"

namespace sluis {

/// The most extension headers that are walked; longer chains are no legal traffic (RFC 7112 speaks of the reasons).
inline constexpr int kExtensionHeaderLimit = 8;

struct ExtensionChain {
    std::uint8_t protocol = 0;  ///< the first header that is no extension
    std::uint32_t length = 0;   ///< bytes of extension headers walked
    bool is_fragment = false;  ///< a Fragment header of a real fragment ended the walk (atomic ones are walked through)
    bool too_long = false;     ///< the walk ended at `kExtensionHeaderLimit`, with more to come; hosts walk on
    bool source_routed = false;  ///< a routing header with segments left: the final destination is elsewhere
    FragmentInfo fragment;
};

/// Walks the chain that begins with header type `first` at the start of `bytes` (all that follows the IPv6 header, by
/// its length). `allow_hop_by_hop` is false behind a fragment header, where one is illegal. Fails with
/// `ipv6_extension` where hosts discard the packet.
Result<ExtensionChain> walk_extensions(std::uint8_t first, Bytes bytes, bool allow_hop_by_hop) noexcept;

}  // namespace sluis
