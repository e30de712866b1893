// The bounds of the notice page's server. None can be configured: each is far above what a browser needs.
#pragma once

#include <chrono>
#include <cstddef>

namespace sluis {

/// Bytes of a request's head, with its empty line: a sinkholed client may bring the blocked site's cookies. Beyond it:
/// 431.
inline constexpr std::size_t kNoticeHeadLimit = 16384;
/// Connections of all. Beyond it the oldest one makes room.
inline constexpr std::size_t kNoticeConnectionLimit = 256;
/// Connections of one IPv4 address or IPv6 /64. Beyond it its oldest one makes room.
inline constexpr std::size_t kNoticeConnectionsPerSource = 32;
/// Bytes behind the head that are thrown away, so that the answer is not reset with them; then the connection closes.
inline constexpr std::size_t kNoticeDrainLimit = 65536;

/// From the connection to the end of the request's head.
inline constexpr std::chrono::seconds kNoticeHeadTime{5};
/// Until the client has taken the answer.
inline constexpr std::chrono::seconds kNoticeAnswerTime{10};
/// What the client may still send before the connection closes.
inline constexpr std::chrono::seconds kNoticeLingerTime{1};

}  // namespace sluis
