// A TCP segment's header in numbers (RFC 9293, section 3.1; RFC 7323; RFC 7413; RFC 2385).
#pragma once

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"

namespace sluis {

inline constexpr std::uint8_t kTcpFin = 0x01, kTcpSyn = 0x02, kTcpRst = 0x04, kTcpPsh = 0x08, kTcpAck = 0x10,
                              kTcpUrg = 0x20;

/// Sequence numbers compare modulo 2^32 (RFC 9293, section 3.4).
constexpr bool seq_before(std::uint32_t a, std::uint32_t b) noexcept { return static_cast<std::int32_t>(a - b) < 0; }
constexpr bool seq_after(std::uint32_t a, std::uint32_t b) noexcept { return seq_before(b, a); }
constexpr std::uint32_t seq_max(std::uint32_t a, std::uint32_t b) noexcept { return seq_before(a, b) ? b : a; }

struct TcpOptions {
    bool has_timestamp = false;
    bool has_md5 = false;        ///< TCP-MD5 (19)
    bool has_fast_open = false;  ///< 34, or the experiment that used 254 (RFC 7413, section 4.1.1)
    bool has_window_scale = false;
    std::uint8_t window_scale = 0;  ///< shift, at most 14
    std::uint32_t timestamp = 0;    ///< TSval
};

struct TcpSegment {
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::uint16_t window = 0;  ///< as sent, unscaled
    std::uint16_t urgent = 0;  ///< offset of the byte after the urgent one (RFC 6093), where kTcpUrg is set
    std::uint8_t flags = 0;
    TcpOptions options;
    Bytes payload;

    bool has(std::uint8_t flag) const noexcept { return flags & flag; }
    /// Sequence numbers that it takes: payload, SYN and FIN.
    std::uint32_t length() const noexcept {
        return static_cast<std::uint32_t>(payload.size()) + has(kTcpSyn) + has(kTcpFin);
    }
};

/// Reads a segment whose header lengths `decode` has checked. Fails with `tcp_options` for a malformed option list and
/// `tcp_flags` for flags that no endpoint accepts together.
Result<TcpSegment> read_tcp_segment(Bytes transport) noexcept;

/// The flags, without the options: one load. REQUIRES: a header that `decode` has checked.
inline std::uint8_t tcp_flags(Bytes transport) noexcept { return std::to_integer<std::uint8_t>(transport[13]); }

}  // namespace sluis
