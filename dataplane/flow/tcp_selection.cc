#include "dataplane/flow/tcp_selection.h"

#include "dataplane/flow/tcp_tracker.h"
#include "dataplane/protocol/dns_message.h"
#include "dataplane/protocol/http_request.h"
#include "dataplane/protocol/tls_record.h"

namespace sluis {

bool may_begin_message(Bytes payload, bool dns) noexcept {
    return dns || may_be_client_hello(payload) || may_be_http_request(payload);
}

std::uint64_t TcpTracker::look_ahead(const PlainPacket& segment) const noexcept {
    const std::uint64_t hashed = hash(directed_key(segment).key, seed_);
    index_.prefetch(hashed);
    return hashed;
}

bool TcpTracker::passes(const PlainPacket& segment, std::uint64_t hash) const noexcept {
    if (index_.may_hold(hash) || (tcp_flags(segment.transport) & kTcpSyn) != 0) return false;
    return segment.payload.empty() || !may_begin_message(segment.payload, segment.involves(kDnsPort));
}

}  // namespace sluis
