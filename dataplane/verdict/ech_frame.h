// DNS answers in frames, rewritten in place so that they hold no `ech` parameter (see dns_ech.h). Checksums stay right
// if they were, and unused if they were. The innermost one in use is mended; with it, all that the headers around it
// add up stays the same.
#pragma once

#include <cstddef>

#include "dataplane/packet/decode.h"
#include "dataplane/packet/packet.h"

namespace sluis {

/// Strips the answer that a UDP datagram carries. `memory` is what the packet's views lie in: its frame, or what its
/// fragments were put together in (`write_back` then). Returns whether anything changed.
bool strip_ech_from_datagram(const Packet& packet, MutableBytes memory) noexcept;

/// Puts `bytes` in the place of those at `offset` of a TCP packet's payload. Returns whether anything changed.
/// REQUIRES: they end within the payload.
bool overwrite_payload(const Packet& packet, MutableBytes memory, std::size_t offset, Bytes bytes) noexcept;

/// Copies a datagram's bytes back into the fragments that it came in. `limits` are those that they were decoded with.
void write_back(Frame* fragments, Bytes datagram, const DecodeLimits& limits) noexcept;

}  // namespace sluis
