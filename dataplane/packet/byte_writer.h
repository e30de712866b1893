// The writing counterpart of ByteReader, for the messages that the box makes itself.
#pragma once

#include <algorithm>

#include "dataplane/packet/byte_order.h"
#include "dataplane/packet/bytes.h"

namespace sluis {

/// Writes forward into borrowed memory. A write past the end writes nothing and makes `ok()` false for good.
class ByteWriter {
public:
    explicit ByteWriter(MutableBytes room) noexcept : room_(room) {}

    bool ok() const noexcept { return ok_; }
    std::size_t size() const noexcept { return size_; }
    std::size_t remaining() const noexcept { return room_.size() - size_; }
    MutableBytes written() const noexcept { return room_.first(size_); }

    void u8(std::uint8_t value) noexcept { put(value); }
    void u16(std::uint16_t value) noexcept { put(value); }
    void u32(std::uint32_t value) noexcept { put(value); }
    void u64(std::uint64_t value) noexcept { put(value); }
    void bytes(Bytes source) noexcept {
        if (MutableBytes to = claim(source.size()); ok_) std::copy(source.begin(), source.end(), to.begin());
    }
    void text(std::string_view source) noexcept { bytes(as_bytes(source)); }
    /// QUIC variable-length integer in its shortest form (RFC 9000, section 16). REQUIRES: value < 2^62.
    void varint(std::uint64_t value) noexcept {
        if (value < 0x40) return u8(static_cast<std::uint8_t>(value));
        if (value < 0x4000) return u16(static_cast<std::uint16_t>(value | 0x4000));
        if (value < 0x4000'0000) return u32(static_cast<std::uint32_t>(value | 0x8000'0000));
        u64(value | 0xc000'0000'0000'0000);
    }
    /// Room for `count` bytes to be filled in later; empty when there is none.
    MutableBytes claim(std::size_t count) noexcept {
        if (count > remaining()) ok_ = false;
        if (!ok_) return {};
        const MutableBytes claimed = room_.subspan(size_, count);
        size_ += count;
        return claimed;
    }

private:
    template <typename T>
    void put(T value) noexcept {
        if (MutableBytes to = claim(sizeof(T)); ok_) store_be(to.data(), value);
    }

    MutableBytes room_;
    std::size_t size_ = 0;
    bool ok_ = true;
};

}  // namespace sluis
