// The search for the end of a request head, resumable at any byte.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/protocol/http_request.h"

namespace sluis {

/// What is known of a head so far. It packs into the caller's 32 bits: two offsets of 15 bits and a flag.
class HttpHeadSearch {
public:
    explicit HttpHeadSearch(std::uint32_t packed) noexcept
        : at_(packed & kMask), line_(packed >> kBits & kMask), line_done_((packed >> (2 * kBits) & 1) != 0) {}
    std::uint32_t packed() const noexcept {
        return static_cast<std::uint32_t>(at_) | static_cast<std::uint32_t>(line_) << kBits |
               std::uint32_t{line_done_} << (2 * kBits);
    }

    /// Searches on. `none`: `head()` is complete. Else a failure as of read_http_request.
    Reason advance(std::string_view stream) noexcept;
    /// From the request line to the empty line. REQUIRES: advance() came to `none`.
    std::string_view head(std::string_view stream) const noexcept {
        return stream.substr(line_ - 1, end() - (line_ - 1));
    }
    std::size_t end() const noexcept { return at_ + 1; }

private:
    static constexpr unsigned kBits = 15;
    static constexpr std::uint32_t kMask = (1U << kBits) - 1;
    static_assert(kHttpHeadLimit + 1 <= kMask);

    /// Whether the byte at `at_` ends the head. `none`: it does; `incomplete`: it does not.
    Reason read_byte(std::string_view stream) noexcept;
    Reason read_line_feed(std::string_view stream) noexcept;
    Reason unreadable(std::string_view stream) const noexcept;
    Reason at_end_of(std::string_view stream) const noexcept;

    std::size_t at_;    ///< offset of the next byte to look at; of the last line feed when the head is complete
    std::size_t line_;  ///< 1 + offset of the request line; 0 while there was only white space
    bool line_done_;    ///< the request line is complete, and HTTP
};

}  // namespace sluis
