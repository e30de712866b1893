#include "dataplane/packet/tcp_segment.h"

#include <algorithm>

#include "dataplane/packet/byte_order.h"

namespace sluis {
namespace {

constexpr std::size_t kFixedHeader = 20;  ///< without options, bytes

// Kinds of options (RFC 9293, section 3.2; RFC 2018, 2385, 7323, 7413, 6994).
constexpr std::uint8_t kEndOfList = 0, kNoOperation = 1, kMaximumSegmentSize = 2, kWindowScale = 3, kSackPermitted = 4,
                       kTimestamps = 8, kMd5 = 19, kFastOpen = 34, kExperiment = 254;
constexpr std::size_t kOptionHead = 2;       ///< kind and length
constexpr std::uint8_t kGreatestShift = 14;  ///< of a window (RFC 7323, section 2.3)

/// Reads one option of `length` bytes, its head included. False for a known one of another length than it must have.
bool read_option(const std::byte* option, std::size_t length, TcpOptions& options) noexcept {
    constexpr std::uint16_t kFastOpenExperiment = 0xf989;
    const std::byte* const value = option + kOptionHead;
    switch (std::to_integer<std::uint8_t>(*option)) {
        case kMaximumSegmentSize:
            return length == 4;
        case kWindowScale:
            if (length != 3) return false;
            options.has_window_scale = true;
            options.window_scale = std::min(std::to_integer<std::uint8_t>(*value), kGreatestShift);
            return true;
        case kSackPermitted:
            return length == 2;
        case kTimestamps:
            if (length != 10) return false;
            options.has_timestamp = true;
            options.timestamp = load_be<std::uint32_t>(value);
            return true;
        case kMd5:
            options.has_md5 = true;
            return true;
        case kFastOpen:
            options.has_fast_open = true;
            return true;
        case kExperiment:
            options.has_fast_open |= length >= 4 && load_be<std::uint16_t>(value) == kFastOpenExperiment;
            return true;
        default:
            return true;
    }
}

/// RFC 9293, section 3.2. Known options must have their length; unknown ones are skipped by theirs.
bool read_options(Bytes list, TcpOptions& options) noexcept {
    const std::byte* at = list.data();
    for (std::size_t left = list.size(); left != 0;) {
        if (*at == std::byte{kEndOfList}) return true;
        if (*at == std::byte{kNoOperation}) {
            ++at, --left;
            continue;
        }
        const std::size_t length = left < kOptionHead ? 0 : std::to_integer<std::size_t>(at[1]);
        if (length < kOptionHead || length > left || !read_option(at, length, options)) return false;
        at += length;
        left -= length;
    }
    return true;
}

/// The options of a SYN as Linux and Android lay them out: maximum segment size, SACK permitted, timestamps, a NOP and
/// the window scale. REQUIRES: 20 bytes.
bool read_usual_syn_options(const std::byte* list, TcpOptions& options) noexcept {
    constexpr std::uint16_t kSegmentSizeHead = 0x0204;
    constexpr std::uint32_t kSackTimestampHeads = 0x0402080a, kNopScaleHead = 0x010303;
    const bool usual = load_be<std::uint16_t>(list) == kSegmentSizeHead &&
                       load_be<std::uint32_t>(list + 4) == kSackTimestampHeads &&
                       load_be<std::uint32_t>(list + 16) >> 8 == kNopScaleHead;
    if (!usual) return false;
    options.has_timestamp = options.has_window_scale = true;
    options.timestamp = load_be<std::uint32_t>(list + 8);
    options.window_scale = std::min(std::to_integer<std::uint8_t>(list[19]), kGreatestShift);
    return true;
}

/// The options of nearly all segments: none, a timestamp laid out as RFC 7323, appendix A, proposes, or those of a
/// usual SYN. False for others, which are read one by one.
bool read_usual_options(Bytes list, TcpOptions& options) noexcept {
    constexpr std::uint32_t kNopNopTimestamp = 0x0101080a;
    if (list.empty()) return true;
    if (list.size() == 20) return read_usual_syn_options(list.data(), options);
    if (list.size() != 12 || load_be<std::uint32_t>(list.data()) != kNopNopTimestamp) return false;
    options.has_timestamp = true;
    options.timestamp = load_be<std::uint32_t>(list.data() + 4);
    return true;
}

/// Each segment but a SYN or a reset has an acknowledgment (RFC 9293, 3.10.7.4).
bool flags_acceptable(const TcpSegment& segment) noexcept {
    const unsigned kind = segment.flags & (kTcpSyn | kTcpFin | kTcpRst);
    if (kind == 0 || kind == kTcpFin) return segment.has(kTcpAck);
    return kind == kTcpSyn || (kind == kTcpRst && segment.payload.empty());
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
