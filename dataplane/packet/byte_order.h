// Byte order as a type: a field that is big-endian on the wire says so, and nobody calls ntohs.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sluis {

template <std::unsigned_integral T>
constexpr T byte_swap(T value) noexcept {
    if constexpr (sizeof(T) == 1) return value;
    if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
    if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
    if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

/// An unsigned integer that is stored big-endian, without alignment (size and layout of the wire field).
template <std::unsigned_integral T>
class BigEndian {
public:
    constexpr BigEndian() = default;
    constexpr BigEndian(T value) noexcept { store(value); }
    constexpr operator T() const noexcept { return load(); }

private:
    constexpr T load() const noexcept {
        T value = 0;
        for (std::uint8_t byte : bytes_) value = static_cast<T>((std::uint64_t{value} << 8) | byte);
        return value;
    }
    constexpr void store(T value) noexcept {
        for (std::size_t i = sizeof(T); i-- > 0;) {
            bytes_[i] = static_cast<std::uint8_t>(value);
            value = static_cast<T>(std::uint64_t{value} >> 8);
        }
    }
    std::uint8_t bytes_[sizeof(T)]{};
};

using be16 = BigEndian<std::uint16_t>;
using be32 = BigEndian<std::uint32_t>;
using be64 = BigEndian<std::uint64_t>;

/// Reads a big-endian integer from unaligned memory. REQUIRES: sizeof(T) readable bytes at `from`.
template <std::unsigned_integral T>
inline T load_be(const std::byte* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof value);
    return std::endian::native == std::endian::little ? byte_swap(value) : value;
}

/// Writes a big-endian integer to unaligned memory. REQUIRES: sizeof(T) writable bytes at `to`.
template <std::unsigned_integral T>
inline void store_be(std::byte* to, T value) noexcept {
    if (std::endian::native == std::endian::little) value = byte_swap(value);
    std::memcpy(to, &value, sizeof value);
}

}  // namespace sluis
