// The PROXY protocol's header, which a proxy sends before a client's bytes (HAProxy's proxy-protocol.txt, versions 1
// and 2).
#pragma once

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"

namespace sluis {

struct ProxyHeader {
    Bytes authority;         ///< PP2_TYPE_AUTHORITY: the name that the client asked the proxy for; empty without one
    std::uint32_t size = 0;  ///< bytes, up to the client's first
};

/// Whether a stream that begins with `prefix` (one byte or more) can begin with such a header. The first bytes of
/// version 2 are line breaks: HTTP may begin with them, too.
bool may_be_proxy_header(Bytes prefix) noexcept;

/// Reads the header at the start of `stream`. Fails with `incomplete`, or with `not_this_protocol` when servers would
/// not take it: another signature, a version 1 line over 107 bytes, lengths that lie. A second authority counts as
/// such.
Result<ProxyHeader> read_proxy_header(Bytes stream) noexcept;

}  // namespace sluis
