// Takes Encrypted Client Hello configurations out of DNS answers, so that clients send their names readable
// (RFC 9460, section 14.3.2; RFC 9848).
#pragma once

#include <cstddef>

#include "dataplane/packet/bytes.h"

namespace sluis {

/// Hides the `ech` parameters of the HTTPS and SVCB records in a response's answer and additional sections, in place:
/// each moves to the end of its parameter list under a key for private use, which clients skip, so that all lengths
/// stay as they are and the message fits the TCP segments it came in. A `mandatory` list follows suit; clients then
/// ignore that record. A response with an RRSIG over HTTPS or SVCB records is left alone, for validators would reject
/// it; so is a record whose parameters are malformed. Linear in the message's length. Returns whether anything changed;
/// checksums are the caller's. Visit the names of what comes out, not of what went in: a hostile compression pointer
/// may lead into the bytes moved.
bool strip_ech(MutableBytes message) noexcept;

/// Where the bytes begin that `strip_ech` may change once the rest of a message is here, of which `part` is the first
/// part: at an `ech` parameter, or at one that is cut off and may be one. `part.size()` when nothing in it changes,
/// whatever follows. Linear in the part's length.
std::size_t first_ech_byte(Bytes part) noexcept;

}  // namespace sluis
