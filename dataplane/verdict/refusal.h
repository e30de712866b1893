// How the box answers when it drops: one line a way.
#pragma once

#include <cstdint>

namespace sluis {

enum class Refusal : std::uint8_t {
    none,
    reset_both,        ///< a TCP reset to both sides
    reset_sender,      ///< a TCP reset to the sender of the frame
    tls_alert,         ///< the alert access_denied, with FIN, to the client, and a reset to the server
    http_redirect,     ///< a redirect to the notice page, with FIN, to the client, and a reset to the server
    acknowledge,       ///< a TCP acknowledgment to the sender (of a FIN on a flow that the box has answered itself)
    dns_answer,        ///< the answer that refuses the question, in the server's place
    dns_format_error,  ///< FORMERR
    dns_tcp_answer,    ///< the answer, with FIN, to the client, and a reset to the server
    quic_close,        ///< a server Initial with CONNECTION_CLOSE
    quic_close_first,  ///< the same, where the datagram holds a client's Initial that some known keys open
};

}  // namespace sluis
