// One cursor for all parsing: every read can fail, and a length-prefixed part becomes a sub-reader that
// cannot leave its bounds.
#pragma once

#include "dataplane/packet/byte_order.h"
#include "dataplane/packet/bytes.h"

namespace sluis {

/// Reads forward over borrowed bytes. A read past the end returns zero (or an empty span), reads nothing, and
/// makes `ok()` false for good, so that a parser may read several fields and test once.
class ByteReader {
public:
    constexpr ByteReader() = default;
    explicit constexpr ByteReader(Bytes bytes) noexcept : bytes_(bytes) {}

    bool ok() const noexcept { return ok_; }
    std::size_t position() const noexcept { return position_; }
    std::size_t remaining() const noexcept { return bytes_.size() - position_; }
    bool at_end() const noexcept { return remaining() == 0; }
    /// What has not been read yet.
    Bytes rest() const noexcept { return bytes_.subspan(position_); }
    /// Everything, read or not.
    Bytes all() const noexcept { return bytes_; }

    std::uint8_t u8() noexcept { return take<std::uint8_t>(); }
    std::uint16_t u16() noexcept { return take<std::uint16_t>(); }
    std::uint32_t u24() noexcept {
        const std::uint32_t high = u8();
        return high << 16 | u16();
    }
    std::uint32_t u32() noexcept { return take<std::uint32_t>(); }
    std::uint64_t u64() noexcept { return take<std::uint64_t>(); }

    /// QUIC variable-length integer, 1 to 8 bytes (RFC 9000, section 16).
    std::uint64_t varint() noexcept {
        if (remaining() == 0) return fail(), 0;
        const auto first = std::to_integer<std::uint8_t>(bytes_[position_]);
        const std::size_t length = std::size_t{1} << (first >> 6);
        if (remaining() >= sizeof(std::uint64_t)) {  // usual, and without a step for each byte
            const auto whole = load_be<std::uint64_t>(bytes_.data() + position_);
            position_ += length;
            return whole << 2 >> (66 - 8 * length);
        }
        if (remaining() < length) return fail(), 0;
        std::uint64_t value = first & 0x3f;
        for (std::size_t i = 1; i < length; ++i)
            value = value << 8 | std::to_integer<std::uint8_t>(bytes_[position_ + i]);
        position_ += length;
        return value;
    }

    /// The next `count` bytes, borrowed; empty when there are fewer.
    Bytes bytes(std::uint64_t count) noexcept {
        if (count > remaining()) return fail(), Bytes{};
        const Bytes taken = bytes_.subspan(position_, static_cast<std::size_t>(count));
        position_ += static_cast<std::size_t>(count);
        return taken;
    }
    /// A reader over the next `count` bytes; failed from the start when there are fewer.
    ByteReader sub(std::uint64_t count) noexcept {
        const bool enough = count <= remaining();
        ByteReader inner(bytes(count));
        inner.ok_ = enough && ok_;
        return inner;
    }
    void skip(std::uint64_t count) noexcept { bytes(count); }

private:
    template <typename T>
    T take() noexcept {
        if (remaining() < sizeof(T)) return fail(), T{0};
        const T value = load_be<T>(bytes_.data() + position_);
        position_ += sizeof(T);
        return value;
    }
    /// Moves to the end, so that loops over `at_end()` stop.
    void fail() noexcept {
        ok_ = false;
        position_ = bytes_.size();
    }

    Bytes bytes_;
    std::size_t position_ = 0;
    bool ok_ = true;
};

}  // namespace sluis
