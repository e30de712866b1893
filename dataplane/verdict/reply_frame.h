// Frames that the box makes itself, in the shape of the frame that they answer.
#pragma once

#include "dataplane/packet/packet.h"

namespace sluis {

/// Which way a made frame goes.
enum class ReplyTo : std::uint8_t {
    sender,    ///< back, in the receiver's name
    receiver,  ///< on, in the sender's name
};

/// A frame being made: link and IP headers are written, the transport part is the caller's to fill in.
struct ReplyFrame {
    Frame* frame = nullptr;      ///< nullptr when none could be made
    Side egress = Side::inside;  ///< the side that it leaves on
    MutableBytes transport;      ///< zeroed
    std::uint64_t pseudo_sum = 0;

    /// Writes the checksum of `transport`, whose field is at `offset`, where it is zero still (RFC 1071). A UDP sum of
    /// zero is sent as all ones (RFC 768).
    void finish(std::size_t offset) noexcept;
};

/// Begins a frame with `size` bytes of transport. The link layers of `packet` (VLAN, PPPoE) are repeated, turned round
/// for ReplyTo::sender; it takes the link of the set that `packet` came by, where its MAC addresses are known. None is
/// made for what cannot be turned round (MPLS, tunnels), nor without a free frame.
ReplyFrame begin_reply(FrameIo& io, const Packet& packet, ReplyTo to, std::uint8_t protocol, std::size_t size) noexcept;

}  // namespace sluis
