// TCP segments that were captured joined: on their sender before the card cut them (TSO), or behind a kernel or card
// that had put them together (GRO, LRO). No wire carried them so.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "dataplane/packet/packet.h"

namespace sluis {

/// A joined segment, and the segments that a card makes of it: as long as an MTU of 1500 lets them be, with the headers
/// of the whole, each with its own place in the stream.
class JoinedSegment {
public:
    /// The one in `frame`, which it borrows. It may fill in the frame's IP length, and take a jumbogram's option out
    /// (RFC 2675), as senders do. Nothing when a bridge's port can have received the frame: up to the largest
    /// `[frames] mtu` it counts as jumbo, unless its IP length is 0, as senders leave it to their card. Nor are
    /// segments cut that no card cuts: with SYN, RST or URG, or in tunnels other than VXLAN and GENEVE.
    static std::optional<JoinedSegment> find(Frame& frame) noexcept;

    std::size_t parts() const noexcept { return (payload_.size() + room_ - 1) / room_; }
    /// Bytes of a part's frame.
    std::size_t size(std::size_t part) const noexcept { return headers_.size() + payload_of(part).size(); }
    /// Makes a part's frame, with right checksums: what was joined had them, whatever the capture holds. REQUIRES:
    /// part < parts(), and `to` has `size(part)` bytes.
    void write(std::size_t part, MutableBytes to) const noexcept;

private:
    /// A datagram that a tunnel's header and a frame follow.
    struct Outer {
        std::size_t network = 0;    ///< offset of its IP header
        std::size_t transport = 0;  ///< offset of its UDP header
        Endpoints endpoints;
    };
    struct Outers {
        static constexpr std::size_t kLimit = 2;
        std::array<Outer, kLimit> all{};  ///< outermost first
        std::size_t count = 0;
    };
    JoinedSegment(const Packet& packet, Bytes payload, const Outers& outers, std::size_t lowest) noexcept;
    static std::optional<Outers> outers_of(Frame& frame, std::size_t count) noexcept;
    Bytes payload_of(std::size_t part) const noexcept;
    static void write_network(std::size_t part, bool ipv6, MutableBytes network) noexcept;
    static void write_outer(const Endpoints& endpoints, MutableBytes transport) noexcept;
    void write_transport(std::size_t part, MutableBytes transport) const noexcept;

    Bytes headers_;  ///< from the frame's first byte on
    Bytes payload_;
    std::size_t room_;       ///< payload of each part but the last, bytes
    std::size_t ppp_;        ///< offset of the PPPoE header, or 0
    std::size_t network_;    ///< offset of the IP header
    std::size_t transport_;  ///< offset of the TCP header
    Endpoints endpoints_;
    Outers outers_;
};

}  // namespace sluis
