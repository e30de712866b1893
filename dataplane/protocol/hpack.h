// HPACK: the header fields of HTTP/2, decoded (RFC 7541).
#pragma once

#include <array>

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"
#include "dataplane/protocol/hpack_huffman.h"

namespace sluis {

/// The largest dynamic table that is kept, in RFC 7541's units: the value that SETTINGS_HEADER_TABLE_SIZE begins with
/// (RFC 9113, section 6.5.2).
inline constexpr std::size_t kHpackTableLimit = 4096;
/// What an entry counts for besides the bytes of its name and value (RFC 7541, section 4.1).
inline constexpr std::size_t kHpackEntryOverhead = 32;
/// The largest header list that one block may decode to, in the same units: a few bytes that point at a large entry can
/// stand for much more. nghttp2 stops at as many; nginx and Apache at less.
inline constexpr std::size_t kHpackListLimit = 65536;

/// What `HpackDecoder::decode` needs to decode into, for a block of `block` bytes.
constexpr std::size_t hpack_scratch_size(std::size_t block) noexcept {
    return kHpackTableLimit + hpack_huffman_limit(block);
}

struct HpackField {
    Bytes name;
    Bytes value;
    std::size_t size() const noexcept { return name.size() + value.size() + kHpackEntryOverhead; }
};

/// The dynamic table (RFC 7541, sections 2.3.2 and 4).
class HpackTable {
public:
    /// The entry at `index`, 1 for the newest; valid until the table changes. REQUIRES: 1 <= index <= count().
    HpackField operator[](std::size_t index) const noexcept;
    /// Adds an entry, after as many old ones are gone as must be; one that is larger than the table leaves it empty.
    /// REQUIRES: `field` lies outside of the table.
    void insert(const HpackField& field) noexcept;
    /// Sets the most that the entries may come to. REQUIRES: limit <= kHpackTableLimit.
    void resize(std::size_t limit) noexcept;
    std::size_t count() const noexcept { return count_; }
    /// What the entries come to (RFC 7541, section 4.1).
    std::size_t size() const noexcept { return size_; }

private:
    static constexpr std::size_t kEntries = kHpackTableLimit / kHpackEntryOverhead;
    struct Entry {
        std::uint16_t begin;  ///< offset of the name; the value follows
        std::uint16_t name_length;
        std::uint16_t value_length;
        std::size_t length() const noexcept { return std::size_t{name_length} + value_length; }
    };

    const Entry& oldest() const noexcept { return entries_[(next_ + kEntries - count_) % kEntries]; }
    void evict_to(std::size_t limit) noexcept;
    void move_to_front() noexcept;
    void append(Bytes bytes) noexcept;

    std::array<std::byte, kHpackTableLimit> bytes_;  ///< the entries' names and values without gaps, oldest first
    std::array<Entry, kEntries> entries_;            ///< a ring
    std::size_t end_ = 0;                            ///< of the newest entry's bytes
    std::size_t next_ = 0;                           ///< ring place of the next entry
    std::size_t count_ = 0;
    std::size_t size_ = 0;
    std::size_t limit_ = kHpackTableLimit;
};

/// Receives the fields of a header block.
class HpackFieldVisitor {
public:
    /// The field is valid during the call. Return a reason other than `none` to stop with it.
    virtual Reason on_field(const HpackField& field) noexcept = 0;

protected:
    ~HpackFieldVisitor() = default;
};

/// One direction of a connection. All of its header blocks must be decoded, each once and in order.
class HpackDecoder {
public:
    /// Decodes a whole block. Returns `none`; `http_malformed` when the block is not what RFC 7541 says; `stream_limit`
    /// past kHpackListLimit, for a table above kHpackTableLimit, or when `scratch` is smaller than hpack_scratch_size;
    /// or what the visitor stopped with. After anything but `none` the state is of no use. The work is linear in the
    /// block's size and kHpackListLimit.
    ///
    /// A client may make its table larger than kHpackTableLimit when its server has announced that it may. We do not
    /// read what servers announce, and keep no larger table: to read on with another table than the server's would show
    /// other names than the server sees.
    Reason decode(Bytes block, MutableBytes scratch, HpackFieldVisitor& visitor) noexcept;
    const HpackTable& table() const noexcept { return table_; }

private:
    HpackTable table_;
};

}  // namespace sluis
