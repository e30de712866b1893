// The bounds of one HTTP connection and of all. None can be configured: each is far above what a client needs.
#pragma once

#include <chrono>
#include <cstddef>

namespace sluis {

/// Bytes of a request's head, with its empty line. Beyond it: 431.
inline constexpr std::size_t kHeadLimit = 8192;
/// Header fields of one request. Beyond it: 431.
inline constexpr std::size_t kHeaderFieldLimit = 64;
/// Bytes of a body that is a message. Beyond it: 413. (A bundle's bound is kEnvelopeLimit.)
inline constexpr std::size_t kMessageBodyLimit = 65536;
/// Bytes of a body that is a file of TOML: as many as such a file may have. Beyond it: 413.
inline constexpr std::size_t kTomlBodyLimit = std::size_t{1} << 20;
/// Bytes of all bodies that one socket's clients send at once. Beyond it: 503, try again.
inline constexpr std::size_t kAllBodiesLimit = std::size_t{128} << 20;
/// Connections of one socket. Beyond it the oldest that waits for a request makes room; when none waits: 503.
inline constexpr std::size_t kConnectionLimit = 128;

/// From a request's first byte to the end of its head.
inline constexpr std::chrono::seconds kHeadTime{10};
/// From the head to the end of the body.
inline constexpr std::chrono::seconds kBodyTime{300};
/// From the answer's first byte to its last one being taken.
inline constexpr std::chrono::seconds kAnswerTime{60};
/// Between two requests, and before the first.
inline constexpr std::chrono::seconds kIdleTime{60};
/// What a client whose request was refused may still send before the connection closes.
inline constexpr std::chrono::seconds kLingerTime{2};

/// Bytes of a stream that wait for its client at the most; more is read when they are taken.
inline constexpr std::size_t kStreamAhead = 65536;
/// Between two heartbeats of a stream without news. A client that takes nothing for so long is cut.
inline constexpr std::chrono::seconds kStreamBeat{15};

}  // namespace sluis
