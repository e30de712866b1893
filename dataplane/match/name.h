// A name as rules see it, and the burst's buffer that names are matched in.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"

namespace sluis {

/// The longest normalised name: 255 bytes of which every one is escaped as \DDD.
inline constexpr std::size_t kNormalNameLimit = 1024;

/// Writes the normalised form of a DNS name in uncompressed wire form: labels joined by dots, A-Z folded to a-z,
/// nothing before the first label or after the last. A byte inside a label that is a dot, a backslash, a control byte,
/// a space or above 0x7e is written as \DDD (decimal, RFC 1035 section 5.1), so that it can separate nothing. The root
/// is the empty text. REQUIRES: `wire` is well formed. Returns the length written; 0 for the root, or when `room` is
/// smaller than kNormalNameLimit and the name might not fit.
std::size_t normalise_dns_name(Bytes wire, std::span<char> room) noexcept;

/// Writes the normalised form of a name that came as text (SNI, Host, CONNECT authority): trims white space, a port
/// and one trailing dot; a bracketed IPv6 literal keeps its brackets; dots separate; other odd bytes are escaped as
/// above. For Host the caller need not strip userinfo: what is before an '@' is dropped. Of a text longer than 255
/// bytes only the last labels are kept, after a dot, so that suffix rules still match. Returns as above.
std::size_t normalise_text_name(Bytes text, std::span<char> room) noexcept;

/// The names of one burst, as one text that one scan covers: "\n" and then ".name\n" for each.
/// Holds no name across bursts. Fixed capacity, no allocation after construction.
class NameBatch {
public:
    static constexpr std::uint32_t kMaxNames = 512;
    static constexpr std::uint32_t kTextSize = kMaxNames * 128 + kNormalNameLimit + 2;

    NameBatch();
    /// Appends a name; returns its index, or -1 when the batch is full (scan, clear and append again).
    int add_dns(Bytes wire) noexcept;
    int add_text(Bytes text) noexcept;

    std::uint32_t size() const noexcept { return count_; }
    bool empty() const noexcept { return count_ == 0; }
    /// The normalised name, without the leading dot.
    std::string_view name(std::uint32_t index) const noexcept;
    /// What is scanned.
    std::string_view text() const noexcept { return {text_.get(), length_}; }
    /// The index of the name that a match belongs to, by its end offset in text(): one past the name's newline.
    /// REQUIRES: 1 < end_offset <= text().size().
    std::uint32_t name_ending_at(std::uint64_t end_offset) const noexcept;
    /// Forgets the names from `count` on. REQUIRES: count <= size().
    void truncate(std::uint32_t count) noexcept {
        count_ = count;
        length_ = count == 0 ? 1 : ends_[count - 1];
    }
    void clear() noexcept { truncate(0); }

private:
    bool full() const noexcept;
    int commit(std::size_t length) noexcept;

    std::unique_ptr<char[]> text_;
    std::unique_ptr<std::uint32_t[]> ends_;  ///< offset past each name's newline
    std::uint32_t length_ = 1;
    std::uint32_t count_ = 0;
};

}  // namespace sluis
