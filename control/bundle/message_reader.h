// Reading protobuf messages from outside: one encoding of each content, nothing besides, and bounded.
#pragma once

#include <google/protobuf/message_lite.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluis {

/// The fields that a message has, since the lite library tells nobody of the fields that it does not know. A letter
/// for each field number from 1 on: v (a number), b (bytes or a text), m (a message).
struct MessageShape {
    std::string_view fields;
    std::array<const MessageShape*, 3> messages{};  ///< of the m, in order
};

/// The bytes of `message`; the same message always has the same.
std::string write_message(const google::protobuf::MessageLite& message);

/// Reads the whole of `bytes`. False when they are no such message, or not in the encoding that write_message gives:
/// fields out of order or twice, numbers longer than needed, bytes behind the end. REQUIRES: bytes.size() < 2 GiB.
bool read_message(std::string_view bytes, google::protobuf::MessageLite& message);

/// Whether all fields of an encoded message are of `shape`.
bool has_shape(std::string_view bytes, const MessageShape& shape);

/// How often a field stands in an encoded message, without reading it into memory: two bytes of a repeated field that
/// is empty become a hundred in a message. Of bytes that are no message, the fields before the mistake.
std::size_t count_fields(std::string_view bytes, std::uint32_t field);

namespace shape {

inline constexpr MessageShape kSignature{"bb", {}};
inline constexpr MessageShape kEnvelope{"bm", {&kSignature}};
inline constexpr MessageShape kKeySet{"vvbvbvbvvbbv", {}};
inline constexpr MessageShape kBlob{"bbvvvb", {}};
inline constexpr MessageShape kRuleLimits{"vvv", {}};
inline constexpr MessageShape kQuicHello{"b", {}};
inline constexpr MessageShape kSelfTest{"bbbvbbbm", {&kQuicHello}};
inline constexpr MessageShape kRuleBundle{"vbbvvvvvbbbmmm", {&kBlob, &kRuleLimits, &kSelfTest}};
inline constexpr MessageShape kFreshness{"vbvv", {}};

}  // namespace shape
}  // namespace sluis
