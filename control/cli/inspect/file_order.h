// Integers in the byte order of a capture file, which is that of the machine that wrote it.
#pragma once

#include <bit>
#include <concepts>
#include <cstring>

#include "dataplane/packet/byte_order.h"

namespace sluis {

class FileOrder {
public:
    constexpr FileOrder() = default;
    explicit constexpr FileOrder(std::endian order) noexcept : swapped_(order != std::endian::native) {}

    /// REQUIRES: sizeof(T) readable bytes at `from`.
    template <std::unsigned_integral T>
    T load(const std::byte* from) const noexcept {
        T value;
        std::memcpy(&value, from, sizeof value);
        return swapped_ ? byte_swap(value) : value;
    }

private:
    bool swapped_ = false;
};

}  // namespace sluis
