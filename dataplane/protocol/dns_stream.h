// How a client's stream of DNS messages begins (RFC 1035, section 4.2.2), told from everything else.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/protocol/dns_message.h"

namespace sluis {

/// A message's length and header, bytes.
inline constexpr std::size_t kDnsStreamHeaderSize = 2 + kDnsHeaderSize;

enum class DnsStreamStart : std::uint8_t {
    no,
    incomplete,  ///< so far it may be
    yes,
};

/// Whether `stream` begins with a query that is DNS beyond reasonable doubt, on whatever port: a length of 17 or more,
/// no response, a known opcode, and at least one question. The first question decides. It may ask for a name of two or
/// more labels, all of host name characters; then its type and class, the error code, the other counts and what lies
/// behind it are free, since servers answer such queries. Of any other name it must be as resolvers send it: opcode
/// QUERY and no error code, one question of a known class, no answer, at most one authority record (RFC 1995) and two
/// additional ones (EDNS, TSIG), which fill the message to its last byte; it has no more than `limit` bytes.
/// `incomplete` until the whole of the message is there, or `limit` bytes of it. Bytes may follow it. Linear in the
/// message's length.
DnsStreamStart read_dns_stream_start(Bytes stream, std::size_t limit) noexcept;

/// Whether `stream`, on DNS's own port, may be DNS and not something else that uses that port: no length under a
/// header's; else a response, or a request of a known opcode with no more questions than fit in it, whose first name
/// begins as one does. `incomplete` until one byte of that name is there. What some server answers is never `no`.
DnsStreamStart read_dns_port_start(Bytes stream) noexcept;

}  // namespace sluis
