#include "dataplane/protocol/hpack_huffman.h"

#include <array>

namespace sluis {
namespace {

constexpr std::size_t kSymbols = 257;  ///< all bytes, and the end of a string
constexpr std::uint16_t kEndOfString = 256;
constexpr std::size_t kShortest = 5, kLongest = 30;

/// Bits of each symbol's code (RFC 7541, appendix B). The code is canonical, so that the lengths say all: codes count
/// up by length and, within one length, by symbol.
// clang-format off
constexpr std::array<std::uint8_t, kSymbols> kLengths{
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,  // 0x00
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,  // 0x10
     6, 10, 10, 12, 13,  6,  8, 11, 10, 10,  8, 11,  8,  6,  6,  6,  // 0x20
     5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8, 15,  6, 12, 10,  // 0x30
    13,  6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  // 0x40
     7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8, 13, 19, 13, 14,  6,  // 0x50
    15,  5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  // 0x60
     6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7, 15, 11, 14, 13, 28,  // 0x70
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,  // 0x80
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,  // 0x90
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,  // 0xa0
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,  // 0xb0
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,  // 0xc0
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,  // 0xd0
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,  // 0xe0
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,  // 0xf0
    30,
};
// clang-format on

/// A canonical code: for each length the codes of that length are one interval.
struct Code {
    std::array<std::uint64_t, kLongest + 1>
        end{};  ///< one past the last code of up to this length, in the top of 32 bits
    std::array<std::uint32_t, kLongest + 1> first{};  ///< the first code of this length
    std::array<std::uint16_t, kLongest + 1> index{};  ///< of that code's symbol in `symbols`
    std::array<std::uint16_t, kSymbols> symbols{};    ///< in the order of their codes
};

constexpr Code make_code() noexcept {
    Code code;
    std::uint32_t next = 0;
    std::uint16_t count = 0;
    for (std::size_t length = 1; length <= kLongest; ++length) {
        next <<= 1;
        code.first[length] = next;
        code.index[length] = count;
        for (std::uint16_t symbol = 0; symbol < kSymbols; ++symbol) {
            if (kLengths[symbol] != length) continue;
            code.symbols[count++] = symbol;
            ++next;
        }
        code.end[length] = std::uint64_t{next} << (32 - length);
    }
    return code;
}

constexpr Code kCode = make_code();
static_assert(kCode.end[kLongest] == std::uint64_t{1} << 32, "every bit string is a code");

/// Takes codes off a string of bits, which one bits without end follow.
class BitReader {
public:
    explicit BitReader(Bytes bytes) noexcept : bytes_(bytes) {}

    struct Symbol {
        std::uint16_t value;
        bool complete;  ///< all its bits came from the string
    };
    Symbol next() noexcept {
        fill();
        const auto window = static_cast<std::uint32_t>((bits_ | ~std::uint64_t{0} >> count_) >> 32);
        std::size_t length = kShortest;
        while (window >= kCode.end[length]) ++length;
        const std::uint32_t place = (window >> (32 - length)) - kCode.first[length];
        const bool complete = length <= count_;
        if (complete) {
            bits_ <<= length;
            count_ -= length;
        }
        return {kCode.symbols[kCode.index[length] + place], complete};
    }
    /// Whether less than a byte is left, and nothing but one bits.
    bool ends_well() const noexcept { return count_ < 8 && (bits_ | ~std::uint64_t{0} >> count_) == ~std::uint64_t{0}; }

private:
    void fill() noexcept {
        for (; count_ <= 48 && at_ < bytes_.size(); count_ += 8)
            bits_ |= std::to_integer<std::uint64_t>(bytes_[at_++]) << (56 - count_);
    }

    Bytes bytes_;
    std::size_t at_ = 0;
    std::uint64_t bits_ = 0;  ///< the next `count_` bits at the top, zeros below
    std::size_t count_ = 0;   ///< at most 56
};

}  // namespace

Result<std::size_t> decode_hpack_huffman(Bytes encoded, MutableBytes room) noexcept {
    BitReader reader(encoded);
    std::size_t size = 0;
    for (auto symbol = reader.next(); symbol.complete; symbol = reader.next()) {
        if (symbol.value == kEndOfString) return Failure(Reason::http_malformed);
        if (size == room.size()) return Failure(Reason::stream_limit);
        room[size++] = static_cast<std::byte>(symbol.value);
    }
    if (!reader.ends_well()) return Failure(Reason::http_malformed);
    return size;
}

}  // namespace sluis
