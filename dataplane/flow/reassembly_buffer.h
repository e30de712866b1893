// Bytes of a stream as they come, in any order: every range has one content.
#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/flow/bit_map.h"
#include "dataplane/flow/huge_array.h"
#include "dataplane/flow/slot_index.h"
#include "dataplane/packet/bytes.h"

namespace sluis {

/// What `ReassemblyBuffer::write` did.
enum class Written : std::uint8_t {
    fresh,     ///< at least one byte was new
    known,     ///< every byte was there already, with the same value
    conflict,  ///< a byte was there with another value; nothing was written
    too_long,  ///< it ends beyond the capacity; nothing was written
};

/// A window of a stream, from offset 0 up to a capacity. TCP streams and QUIC CRYPTO streams are put together in it.
/// The memory comes from a ReassemblyPool.
class ReassemblyBuffer {
public:
    ReassemblyBuffer() = default;
    ReassemblyBuffer(std::byte* data, std::uint64_t* known, std::uint32_t capacity) noexcept
        : data_(data), known_(known), capacity_(capacity) {}

    Written write(std::uint32_t offset, Bytes bytes) noexcept;
    /// The bytes that are known from offset 0 on without a hole.
    Bytes contiguous() const noexcept { return {data_, contiguous_}; }
    std::uint32_t contiguous_size() const noexcept { return contiguous_; }
    /// One past the highest byte known.
    std::uint32_t end() const noexcept { return end_; }
    std::uint32_t capacity() const noexcept { return capacity_; }
    /// Forgets all bytes.
    void clear() noexcept { contiguous_ = end_ = 0; }
    /// Forgets the first `count` bytes, known or not; what was at `count` is at 0 now.
    void discard_front(std::uint32_t count) noexcept;
    /// Takes over everything that `other` knows. REQUIRES: this one is empty and at least as large.
    void copy_from(const ReassemblyBuffer& other) noexcept;
    /// Takes over what `other` knows and this one does not, up to the capacity. False when they differ in a byte that
    /// both know: this one keeps its own.
    bool fill_from(const ReassemblyBuffer& other) noexcept;

private:
    bool conflicts(std::uint32_t offset, Bytes bytes) const noexcept;
    bool fill(std::uint32_t offset, Bytes bytes) noexcept;
    void extend_contiguous() noexcept;

    std::byte* data_ = nullptr;
    BitMap known_;  ///< has a meaning only while end_ > contiguous_, and from there on; clear from end_ on
    std::uint32_t capacity_ = 0;
    std::uint32_t contiguous_ = 0;
    std::uint32_t end_ = 0;
};

/// Buffers of two sizes, all made at construction: most hellos fit the small one.
class ReassemblyPool {
public:
    static constexpr std::uint32_t kNone = SlotIndex::kNone;
    static constexpr std::uint32_t kSmall = 2048;

    ReassemblyPool(std::uint32_t small_count, std::uint32_t large_count, std::uint32_t large_size);
    /// A handle of an empty buffer that holds at least `size` bytes, or kNone when there is none.
    std::uint32_t take(std::uint32_t size) noexcept;
    void give_back(std::uint32_t handle) noexcept;
    bool has_free(bool large) const noexcept { return large ? large_.has_free() : small_.has_free(); }
    ReassemblyBuffer& operator[](std::uint32_t handle) noexcept { return buffers_[handle]; }
    const ReassemblyBuffer& operator[](std::uint32_t handle) const noexcept { return buffers_[handle]; }
    /// Gives `handle`'s content a buffer of at least `size` bytes; false (and nothing changed) when there is none.
    bool grow(std::uint32_t& handle, std::uint32_t size) noexcept;
    std::uint32_t large_size() const noexcept { return large_size_; }

private:
    bool is_large(std::uint32_t handle) const noexcept { return handle >= small_count_; }

    std::uint32_t small_count_;
    std::uint32_t large_size_;
    HugeArray<std::byte> bytes_;
    HugeArray<std::uint64_t> maps_;
    std::unique_ptr<ReassemblyBuffer[]> buffers_;
    SlotPool<std::uint8_t> small_;
    SlotPool<std::uint8_t> large_;
};

}  // namespace sluis
