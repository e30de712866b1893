#include "dataplane/packet/tcp_segment.h"

#include <algorithm>

#include "dataplane/packet/byte_reader.h"

namespace sluis {
namespace {

constexpr std::size_t kFixedHeader = 20;  ///< without options, bytes

/// RFC 9293, section 3.2. Known options must have their length; unknown ones are skipped by theirs.
bool read_options(ByteReader reader, TcpOptions& options) noexcept {
    while (!reader.at_end()) {
        const std::uint8_t kind = reader.u8();
        if (kind == 0) return true;
        if (kind == 1) continue;
        const std::uint8_t length = reader.u8();
        if (length < 2) return false;
        ByteReader value = reader.sub(length - 2u);
        if (!value.ok()) return false;
        switch (kind) {
            case 2:  // maximum segment size
                if (length != 4) return false;
                break;
            case 3:
                if (length != 3) return false;
                options.has_window_scale = true;
                options.window_scale = std::min<std::uint8_t>(value.u8(), 14);
                break;
            case 4:  // SACK permitted
                if (length != 2) return false;
                break;
            case 8:
                if (length != 10) return false;
                options.has_timestamp = true;
                options.timestamp = value.u32();
                break;
            case 19:
                options.has_md5 = true;
                break;
            case 34:
                options.has_fast_open = true;
                break;
            case 254:
                options.has_fast_open |= length >= 4 && value.u16() == 0xf989;
                break;
            default:
                break;
        }
    }
    return true;
}

/// The options of nearly all segments: none, or a timestamp laid out as RFC 7323, appendix A, proposes. False for
/// others.
bool read_usual_options(Bytes bytes, TcpOptions& options) noexcept {
    constexpr std::uint32_t kNopNopTimestamp = 0x0101080a;
    if (bytes.empty()) return true;
    if (bytes.size() != 12 || load_be<std::uint32_t>(bytes.data()) != kNopNopTimestamp) return false;
    options.has_timestamp = true;
    options.timestamp = load_be<std::uint32_t>(bytes.data() + 4);
    return true;
}

bool flags_acceptable(const TcpSegment& segment) noexcept {
    const bool syn = segment.has(kTcpSyn), fin = segment.has(kTcpFin), rst = segment.has(kTcpRst),
               ack = segment.has(kTcpAck);
    if (syn + fin + rst > 1) return false;
    if (rst) return segment.payload.empty();
    if (syn) return true;
    return ack;  // every other segment of a connection acknowledges (RFC 9293, 3.10.7.4)
}

}  // namespace

Result<TcpSegment> read_tcp_segment(Bytes transport) noexcept {
    TcpSegment segment;
    const std::byte* const fields = transport.data();
    segment.seq = load_be<std::uint32_t>(fields + 4);
    segment.ack = load_be<std::uint32_t>(fields + 8);
    const std::size_t header = std::size_t{4} * (std::to_integer<std::uint8_t>(fields[12]) >> 4);
    segment.flags = tcp_flags(transport) & 0x3f;
    segment.window = load_be<std::uint16_t>(fields + 14);
    segment.urgent = load_be<std::uint16_t>(fields + 18);
    const Bytes options = transport.subspan(kFixedHeader, header - kFixedHeader);
    segment.payload = transport.subspan(header);
    if (!read_usual_options(options, segment.options) && !read_options(ByteReader(options), segment.options))
        return Failure(Reason::tcp_options);
    if (!flags_acceptable(segment)) return Failure(Reason::tcp_flags);
    return segment;
}

}  // namespace sluis
