// What a client asks of a SOCKS proxy: SOCKS4, SOCKS4A and SOCKS5 (RFC 1928, RFC 1929).
#pragma once

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"

namespace sluis {

struct SocksRequest {
    Bytes host;              ///< the domain name asked for; empty when it was an address
    std::uint32_t size = 0;  ///< bytes of the client's stream, up to the first that is for the destination
};

/// Whether a client's stream that begins with `prefix` (one byte or more) can be SOCKS.
bool may_be_socks_request(Bytes prefix) noexcept;

/// Reads a client's side from its first byte: of SOCKS5 the greeting, a user name and password, and the request; what
/// the server answers between them is not needed. Fails with `incomplete`, or with `not_this_protocol`: after
/// authentication of another kind, too. At most 1.1 KB are ever needed.
Result<SocksRequest> read_socks_request(Bytes stream) noexcept;

}  // namespace sluis
