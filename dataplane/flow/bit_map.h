// A map with a bit a byte of a stream, worked on by words of 64.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace sluis {

/// A view of bits; bit i is bit i % 64 of word i / 64. Every range is [begin, end).
class BitMap {
public:
    BitMap() = default;
    explicit BitMap(std::uint64_t* words) noexcept : words_(words) {}

    /// The first bit of the range that is set; `end` when none is.
    std::uint32_t next_set(std::uint32_t begin, std::uint32_t end) const noexcept { return next(begin, end, 0); }
    /// The first bit of the range that is clear; `end` when none is.
    std::uint32_t next_clear(std::uint32_t begin, std::uint32_t end) const noexcept {
        return next(begin, end, ~std::uint64_t{0});
    }
    void set(std::uint32_t begin, std::uint32_t end) noexcept {
        for (std::uint32_t at = begin; at < end;) {
            const std::uint32_t stop = std::min(end, (at / 64 + 1) * 64);
            words_[at / 64] |= ~std::uint64_t{0} >> (64 - (stop - at)) << (at % 64);
            at = stop;
        }
    }
    /// Clears all words that hold the first `size` bits.
    void clear(std::uint32_t size) noexcept { std::memset(words_, 0, words_of(size) * sizeof *words_); }
    /// Takes over the words that hold the first `size` bits of `other`.
    void copy_from(const BitMap& other, std::uint32_t size) noexcept {
        std::memcpy(words_, other.words_, words_of(size) * sizeof *words_);
    }
    /// Bit i + count becomes bit i. REQUIRES: count <= size, and all bits from `size` to the end of its word are clear;
    /// so are those from size - count on, afterwards.
    void shift_down(std::uint32_t count, std::uint32_t size) noexcept {
        const std::uint32_t words = words_of(size), skipped = count / 64, shift = count % 64;
        for (std::uint32_t to = 0; to < words; ++to) {
            const std::uint32_t from = to + skipped;
            const std::uint64_t low = from < words ? words_[from] : 0;
            const std::uint64_t high = from + 1 < words ? words_[from + 1] : 0;
            words_[to] = shift == 0 ? low : low >> shift | high << (64 - shift);
        }
    }

private:
    static std::uint32_t words_of(std::uint32_t size) noexcept { return (size + 63) / 64; }
    /// The first bit that is set once each word is xor-ed with `flip`.
    std::uint32_t next(std::uint32_t begin, std::uint32_t end, std::uint64_t flip) const noexcept {
        for (std::uint32_t at = begin; at < end; at = (at / 64 + 1) * 64) {
            const std::uint64_t rest = (words_[at / 64] ^ flip) >> (at % 64);
            if (rest != 0) return std::min(end, at + static_cast<std::uint32_t>(std::countr_zero(rest)));
        }
        return end;
    }

    std::uint64_t* words_ = nullptr;
};

}  // namespace sluis
