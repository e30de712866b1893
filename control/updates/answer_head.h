// What of an HTTP answer's head matters to a download, read strictly (RFC 9110).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluis {

/// Bytes of an entity tag that is kept.
inline constexpr std::size_t kEntityTagLimit = 128;

/// Content-Range (RFC 9110, section 14.4): bytes `first` to `last`, of `whole` in all.
struct ContentRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t whole = 0;
    friend bool operator==(const ContentRange&, const ContentRange&) = default;
};

/// "bytes 5-9/10". None for anything else: ranges that are disordered, and a whole that is not known.
std::optional<ContentRange> parse_content_range(std::string_view value);
/// Whether this is an entity tag (RFC 9110, section 8.8.3), weak or strong, that is worth keeping.
bool is_entity_tag(std::string_view value);

struct AnswerHead {
    int status = 0;                       ///< of the final answer
    std::string etag;                     ///< with its quotes; empty: none
    std::optional<std::uint64_t> length;  ///< bytes that the body is to have
    std::optional<ContentRange> range;
    std::uint32_t retry_after = 0;  ///< seconds; 0: not said, or as a date
    bool is_broken = false;         ///< no right length, or two different ones
};

/// Takes one line of the head, with or without its line end. A status line begins anew: redirections come before the
/// final answer.
void read_head_line(std::string_view line, AnswerHead& head);

}  // namespace sluis
