// The answer that the box gives in a DNS server's place (RFC 2308, 6891, 8914).
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "dataplane/protocol/dns_message.h"

namespace sluis {

enum class DnsRefusalMode : std::uint8_t { nxdomain, sinkhole };

/// How refused questions are answered; from the configuration.
struct DnsRefusal {
    DnsRefusalMode mode = DnsRefusalMode::nxdomain;
    std::optional<std::array<std::byte, 4>> sinkhole_ipv4{};
    std::optional<std::array<std::byte, 16>> sinkhole_ipv6{};
    std::uint32_t ttl = 60;      ///< seconds, of the answer and of its SOA's minimum
    std::string_view text = "";  ///< EXTRA-TEXT of the extended error, UTF-8, at most 200 bytes
};

/// The largest answer that `write_dns_refusal` makes, bytes.
inline constexpr std::size_t kDnsRefusalLimit = 1024;
/// EXTRA-TEXT beyond this is cut off, bytes.
inline constexpr std::size_t kDnsRefusalTextLimit = 200;

/// Writes the refusal of `query` or, given a response, of the question in that response: the same ID, opcode, RD, CD
/// and question (case and all, but without compression), QR and RA set, AA clear. RCODE is NXDOMAIN or, in sinkhole
/// mode, NOERROR with an address for A, AAAA and ANY and NODATA for all else. An SOA is in the authority section when
/// there is no answer. Where the message has an OPT record, so has the refusal: UDP payload size 1232, the DO bit and a
/// complete DNS cookie copied (clients that expect one discard an answer without it: RFC 7873, section 5.3), and
/// extended error 15 (Blocked) with the text. The text is left out where the answer would exceed what the client takes:
/// 512 bytes, or what its query's OPT says. Fails with `dns_malformed` when there is no single question that can be
/// read, and `frame_too_long` when `room` is too small (kDnsRefusalLimit bytes always suffice). Returns the bytes
/// written into `room`, which must not overlap `query`.
Result<Bytes> write_dns_refusal(Bytes query, const DnsRefusal& refusal, MutableBytes room) noexcept;

/// Writes a FORMERR answer (RCODE 1) to a query that has no single question: header only, counts zero. Fails with
/// `dns_malformed` for a response or less than a header.
Result<Bytes> write_dns_format_error(Bytes query, MutableBytes room) noexcept;

}  // namespace sluis
