// What a receiver would do with a TCP segment (dataplane/README.md, rule 3).
#pragma once

#include "dataplane/flow/tcp_flow.h"

namespace sluis {

/// Tests a segment of an established (or midstream) flow, sent by `direction`: TCP-MD5, acknowledgment, timestamp,
/// window, reset. Returns Reason::none when the receiver would take it, or why it would not.
Reason test_acceptance(const TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment,
                       std::uint32_t contiguous_end) noexcept;

/// Learns from an accepted segment: what its sender has sent, acknowledged and opened, and its timestamp.
/// Acknowledgments count only from the other side than the acknowledged bytes came from, so that no client can
/// acknowledge for its server.
void learn(TcpFlow& flow, std::uint8_t direction, const TcpSegment& segment, Side ingress,
           std::uint32_t contiguous_end) noexcept;

}  // namespace sluis
