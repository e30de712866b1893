#include "dataplane/flow/tcp_selection.h"

#include <algorithm>
#include <array>

#include "dataplane/packet/byte_order.h"
#include "dataplane/protocol/dns_message.h"
#include "dataplane/protocol/dns_stream.h"
#include "dataplane/protocol/http_request.h"
#include "dataplane/protocol/http_syntax.h"
#include "dataplane/protocol/proxy_header.h"
#include "dataplane/protocol/tls_record.h"

namespace sluis {
namespace {

/// Bytes that can be among the first two of a request line or a PROXY header: of a method, or white space.
constexpr std::array<bool, 256> kRequestBytes = [] {
    std::array<bool, 256> table{};
    for (int byte = 0; byte < 256; ++byte)
        table[static_cast<std::size_t>(byte)] = http_is_token(static_cast<char>(byte));
    for (const char blank : {'\r', '\n', ' ', '\t'}) table[static_cast<unsigned char>(blank)] = true;
    return table;
}();

/// Nine of ten segments from the middle of encrypted streams need no longer look.
bool may_be_text(Bytes payload) noexcept {
    for (const std::byte byte : payload.first(std::min<std::size_t>(payload.size(), 2)))
        if (!kRequestBytes[std::to_integer<std::size_t>(byte)]) return false;
    return true;
}

/// Whether a segment has a whole DNS query at its start, on whatever port.
bool begins_dns_query(Bytes payload) noexcept {
    constexpr std::size_t kLengthSize = 2;
    if (payload.size() < kLengthSize || load_be<std::uint16_t>(payload.data()) > payload.size() - kLengthSize)
        return false;
    return read_dns_stream_start(payload, payload.size()) == DnsStreamStart::yes;
}

}  // namespace

bool may_begin_message(Bytes payload, bool dns) noexcept {
    if (payload.empty()) return dns;
    return dns || may_be_client_hello(payload) ||
           (may_be_text(payload) && (may_be_http_request(payload) || may_be_proxy_header(payload))) ||
           begins_dns_query(payload);
}

}  // namespace sluis
