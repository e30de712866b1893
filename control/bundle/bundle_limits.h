// The bounds of what a signed file may hold. Each is far above what is needed, and low enough that a file at all of its
// bounds is still read in a moment and in little memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluis {

/// Bytes of an envelope: ten times the compressed source of 200,000 rules.
inline constexpr std::size_t kEnvelopeLimit = std::size_t{64} << 20;
/// Bytes of an envelope that holds a key set: 48 keys and all the revocations take a fifth of it.
inline constexpr std::size_t kKeySetEnvelopeLimit = std::size_t{1} << 20;
/// Bytes of an envelope that holds a freshness note: the note has 50, each signature 90.
inline constexpr std::size_t kFreshnessLimit = 4096;
/// Signatures of an envelope: two full generations of rule keys. Each costs about 2 ms to check.
inline constexpr std::size_t kSignatureLimit = 16;
/// Keys of one role.
inline constexpr std::size_t kRoleKeyLimit = 16;
/// Digests of withdrawn bundles that a key set may name.
inline constexpr std::size_t kRevokedLimit = 4096;
/// Key sets from the first to the newest: one a week for ten years. All are checked at each start.
inline constexpr std::uint64_t kKeySetVersionLimit = 520;
/// The highest sequence: a date and time in twelve digits (YYYYMMDDhhmm) fits. Numbers above leave no successor room.
inline constexpr std::uint64_t kSequenceLimit = 999'999'999'999;
inline constexpr std::size_t kBoardLimit = 64;
inline constexpr std::size_t kFeatureLimit = 64;
inline constexpr std::size_t kBlobLimit = 256;
/// Bytes of a blob's content: what the compiler reads of one source file.
inline constexpr std::uint64_t kBlobSizeLimit = std::uint64_t{16} << 20;
/// Bytes of the contents of all blobs.
inline constexpr std::uint64_t kBlobTotalLimit = std::uint64_t{96} << 20;
inline constexpr std::size_t kSelfTestLimit = 20'000;
/// Bytes of a self-test's input: a hello of the largest size that is read, with its records' headers.
inline constexpr std::size_t kSelfTestSizeLimit = 32 * 1024;
/// Datagrams of a QUIC hello: one of the largest size in Initials of 1,200 bytes, twice over.
inline constexpr std::size_t kSelfTestDatagramLimit = 32;
/// Bytes of a text for people or a name.
inline constexpr std::size_t kBundleTextLimit = 4096;
inline constexpr std::size_t kBundleNameLimit = 64;
/// How far `created` may lie ahead of the box's clock, seconds: clocks differ, and so do ideas of time zones.
inline constexpr std::int64_t kCreatedAheadLimit = 24 * 60 * 60;
/// How long a bundle is on probation unless said otherwise, and at the most, seconds.
inline constexpr std::uint32_t kProbationDefault = 10 * 60;
inline constexpr std::uint32_t kProbationLimit = 30 * 24 * 60 * 60;
/// How long before a key set expires people are told, seconds: time for a ceremony with offline keys.
inline constexpr std::int64_t kKeysExpireSoon = 30 * 24 * 60 * 60;
/// Levels of messages in messages; a SelfTest in a RuleBundle has two.
inline constexpr int kMessageDepthLimit = 8;

}  // namespace sluis
