// The TLS ClientHello and the one name in it (RFC 8446, section 4.1.2; RFC 6066, section 3).
#pragma once

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"

namespace sluis {

/// What a hello announces. Views borrow from the bytes parsed.
struct ClientHello {
    bool has_server_name = false;
    Bytes server_name;  ///< the host_name as sent, not normalised; may be empty
    Bytes alpn;         ///< the ProtocolNameList's content: length-prefixed names (RFC 7301, 3.1)
};

/// Parses the body of a ClientHello, i.e. the handshake message without its four-byte header. Accepts TLS 1.0 to
/// 1.3 and SSL 3.0 style hellos without extensions; any legacy_version 3.x, since servers that see supported_versions
/// ignore it. All extensions are walked, in any order, GREASE or not. An empty server_name extension or list, and
/// entries that are no host_name, count as no name.
/// Fails with `tls_malformed` for lengths that lie, another major version, no cipher suite or compression method,
/// or more than 128 extensions; `tls_duplicate_extension` for an extension that comes twice or a server_name list
/// with two host_names; `tls_name` for a name with NUL, space, control or non-ASCII bytes or longer than 255.
inline Result<ClientHello> parse_client_hello(Bytes body) noexcept;

/// The same into `hello`, which has to be as new, and is of no use afterwards where it fails: for a hello that is a
/// part of something, and need not be copied there.
Reason read_client_hello(Bytes body, ClientHello& hello) noexcept;

Result<ClientHello> parse_client_hello(Bytes body) noexcept {
    Result<ClientHello> hello{tl::in_place};
    if (const Reason reason = read_client_hello(body, *hello); reason != Reason::none) hello = Failure(reason);
    return hello;
}

}  // namespace sluis
