// A frame in the pipeline's hands, whatever brought it: a DPDK port, a capture file, a vector in a test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/packet/bytes.h"
#include "dataplane/verdict/reason.h"

namespace sluis {

/// The two sides of a port pair. Clients are inside, the uplink is outside.
enum class Side : std::uint8_t { inside = 0, outside = 1 };
constexpr Side opposite(Side side) noexcept { return side == Side::inside ? Side::outside : Side::inside; }

/// The most port pairs that one inline set may have: its links.
inline constexpr std::size_t kMaxSetPairs = 8;

/// What the driver already found out about a received checksum.
enum class ChecksumState : std::uint8_t { unknown, good, bad };

/// One Ethernet frame, contiguous, without its FCS. The owner of the memory is whoever made it (`FrameIo`);
/// the pipeline holds it from `process()` until it gives it back by `transmit()` or `drop()`.
struct Frame {
    std::byte* data = nullptr;
    std::uint32_t length = 0;
    Side ingress = Side::inside;
    ChecksumState ip_checksum = ChecksumState::unknown;
    ChecksumState l4_checksum = ChecksumState::unknown;
    bool injected = false;  ///< made by the box, not received
    /// The pair that the frame came in by, among those of its set; it leaves by the same one.
    std::uint8_t link = 0;
    /// The next frame of a chain: the fragments of one datagram, or a flow's held frames.
    Frame* next = nullptr;

    Bytes bytes() const noexcept { return {data, length}; }
};

/// Where frames go when the pipeline is done with them. Calls come in batches, from one thread.
class FrameIo {
public:
    virtual ~FrameIo() = default;
    /// Sends frames, in order, out of the port on `side`. Takes ownership.
    virtual void transmit(Side side, std::span<Frame* const> frames) noexcept = 0;
    /// Takes back frames that are not sent. They are counted already.
    virtual void drop(std::span<Frame* const> frames) noexcept = 0;
    /// An empty frame with room for `size` bytes at `data`, or nullptr when none is free.
    virtual Frame* allocate(std::uint32_t size) noexcept = 0;
};

}  // namespace sluis
