// How a client's stream of DNS messages begins (RFC 1035, section 4.2.2), told from everything else.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/packet/bytes.h"

namespace sluis {

enum class DnsStreamStart : std::uint8_t {
    no,
    incomplete,  ///< so far it may be
    yes,
};

/// Whether `stream` begins with a query that is DNS beyond reasonable doubt, on whatever port: a length from 17 to
/// `limit`, and a message that fills it to the last byte, of opcode QUERY and without an error code, with one question
/// of a known class, no answer, at most one authority record (RFC 1995) and at most two additional ones (EDNS, TSIG).
/// `incomplete` until the whole of that message is there. Bytes may follow it. Linear in the message's length.
DnsStreamStart read_dns_stream_start(Bytes stream, std::size_t limit) noexcept;

}  // namespace sluis
