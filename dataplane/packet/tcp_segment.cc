#include "dataplane/packet/tcp_segment.h"

#include <algorithm>

#include "dataplane/packet/byte_order.h"

namespace sluis {
namespace {

constexpr std::size_t kFixedHeader = 20;  ///< without options, bytes

// Kinds of options (RFC 9293, section 3.2; RFC 2018, 2385, 7323, 7413, 6994).
constexpr std::uint8_t kEndOfList = 0, kNoOperation = 1, kMaximumSegmentSize = 2, kWindowScale = 3, kSackPermitted = 4,
                       kTimestamps = 8, kMd5 = 19, kFastOpen = 34, kExperiment = 254;
constexpr std::size_t kOptionHead = 2;  ///< kind and length

/// The lengths that options must have, of those that are known; 0: any.
constexpr std::size_t length_of(std::uint8_t kind) noexcept {
    switch (kind) {
        case kMaximumSegmentSize:
            return 4;
        case kWindowScale:
            return 3;
        case kSackPermitted:
            return 2;
        case kTimestamps:
            return 10;
        default:
            return 0;
    }
}

void read_option(std::uint8_t kind, Bytes value, TcpOptions& options) noexcept {
    constexpr std::uint8_t kGreatestShift = 14;  // RFC 7323, section 2.3
    constexpr std::uint16_t kFastOpenExperiment = 0xf989;
    switch (kind) {
        case kWindowScale:
            options.has_window_scale = true;
            options.window_scale = std::min(std::to_integer<std::uint8_t>(value[0]), kGreatestShift);
            break;
        case kTimestamps:
            options.has_timestamp = true;
            options.timestamp = load_be<std::uint32_t>(value.data());
            break;
        case kMd5:
            options.has_md5 = true;
            break;
        case kFastOpen:
            options.has_fast_open = true;
            break;
        case kExperiment:
            options.has_fast_open |= value.size() >= 2 && load_be<std::uint16_t>(value.data()) == kFastOpenExperiment;
            break;
        default:
            break;
    }
}

/// RFC 9293, section 3.2. Known options must have their length; unknown ones are skipped by theirs.
bool read_options(Bytes list, TcpOptions& options) noexcept {
    while (!list.empty()) {
        const auto kind = std::to_integer<std::uint8_t>(list[0]);
        if (kind == kEndOfList) return true;
        if (kind == kNoOperation) {
            list = list.subspan(1);
            continue;
        }
        const std::size_t length = list.size() < kOptionHead ? 0 : std::to_integer<std::size_t>(list[1]);
        if (length < kOptionHead || length > list.size()) return false;
        if (const std::size_t right = length_of(kind); right != 0 && length != right) return false;
        read_option(kind, list.subspan(kOptionHead, length - kOptionHead), options);
        list = list.subspan(length);
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
    switch (segment.flags & (kTcpSyn | kTcpFin | kTcpRst)) {
        case 0:
        case kTcpFin:
            return segment.has(kTcpAck);  // each but a SYN or a reset does (RFC 9293, 3.10.7.4)
        case kTcpSyn:
            return true;
        case kTcpRst:
            return segment.payload.empty();
        default:
            return false;
    }
}

}  // namespace

Result<TcpSegment> read_tcp_segment(Bytes transport) noexcept {
    Result<TcpSegment> result{tl::in_place};
    TcpSegment& segment = *result;
    const std::byte* const fields = transport.data();
    segment.seq = load_be<std::uint32_t>(fields + 4);
    segment.ack = load_be<std::uint32_t>(fields + 8);
    const std::size_t header = std::size_t{4} * (std::to_integer<std::uint8_t>(fields[12]) >> 4);
    segment.flags = tcp_flags(transport) & 0x3f;
    segment.window = load_be<std::uint16_t>(fields + 14);
    segment.urgent = load_be<std::uint16_t>(fields + 18);
    const Bytes options = transport.subspan(kFixedHeader, header - kFixedHeader);
    segment.payload = transport.subspan(header);
    if (!read_usual_options(options, segment.options) && !read_options(options, segment.options))
        result = Failure(Reason::tcp_options);
    else if (!flags_acceptable(segment))
        result = Failure(Reason::tcp_flags);
    return result;
}

}  // namespace sluis
