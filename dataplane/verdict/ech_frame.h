// DNS answers in frames, rewritten in place so that they hold no `ech` parameter (see dns_ech.h).
#pragma once

#include "dataplane/packet/packet.h"

namespace sluis {

/// Strips the answer that a UDP datagram carries, and keeps its checksum right. A datagram that came in fragments is
/// left alone: its bytes lie in several frames. Returns whether anything changed.
bool strip_ech_from_datagram(const Packet& packet) noexcept;

/// Strips every answer that lies whole in a TCP segment, from its first byte on, and keeps its checksum right. An
/// answer over several segments is left alone. Call it once the segment's bytes were read: a retransmission is compared
/// with them. Returns whether anything changed.
bool strip_ech_from_segment(const Packet& packet) noexcept;

}  // namespace sluis
