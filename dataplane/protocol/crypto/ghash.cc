#include "dataplane/protocol/crypto/ghash.h"

#include <cstring>

#include "dataplane/packet/byte_order.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sluis {
namespace {

/// An element of GF(2^128) in GCM's order: the top bit of `high` is the coefficient of x^0.
struct FieldElement {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
};

FieldElement load_element(const std::byte* from) noexcept {
    return {load_be<std::uint64_t>(from), load_be<std::uint64_t>(from + 8)};
}

constexpr FieldElement add(FieldElement a, FieldElement b) noexcept { return {a.high ^ b.high, a.low ^ b.low}; }

constexpr FieldElement times_x(FieldElement a) noexcept {
    const std::uint64_t reduction = (a.low & 1) != 0 ? 0xe100'0000'0000'0000 : 0;
    return {a.high >> 1 ^ reduction, a.high << 63 | a.low >> 1};
}

/// What the four coefficients that a multiplication by x^4 moves past x^127 come to.
constexpr std::array<std::uint64_t, 16> kOverflow = [] {
    std::array<std::uint64_t, 16> table{};
    for (std::uint64_t bits = 0; bits < table.size(); ++bits) {
        table[bits] = times_x(times_x(times_x(times_x({0, bits})))).high;
    }
    return table;
}();

/// Multiplies by the hash key four coefficients at a time.
class TableMultiplier {
public:
    explicit TableMultiplier(const AesBlock& hash_key) noexcept {
        multiples_[8] = load_element(hash_key.data());
        for (std::size_t i = 4; i > 0; i /= 2) multiples_[i] = times_x(multiples_[2 * i]);
        for (std::size_t top = 2; top < 16; top *= 2) {
            for (std::size_t i = 1; i < top; ++i) multiples_[top + i] = add(multiples_[top], multiples_[i]);
        }
    }

    void absorb(const std::byte* block) noexcept {
        const FieldElement factor = add(state_, load_element(block));
        state_ = {};
        absorb_word(factor.low);
        absorb_word(factor.high);
    }

    AesBlock result() const noexcept {
        AesBlock block;
        store_be(block.data(), state_.high);
        store_be(block.data() + 8, state_.low);
        return block;
    }

private:
    /// Horner's rule, from the highest power down.
    void absorb_word(std::uint64_t word) noexcept {
        for (int i = 0; i < 16; ++i, word >>= 4) {
            const FieldElement shifted{state_.high >> 4 ^ kOverflow[state_.low & 15],
                                       state_.high << 60 | state_.low >> 4};
            state_ = add(shifted, multiples_[word & 15]);
        }
    }

    std::array<FieldElement, 16> multiples_;
    FieldElement state_;
};

/// Feeds `input` in blocks, the last one filled up with zeros.
template <typename Multiplier>
void absorb(Multiplier& multiplier, Bytes input) noexcept {
    for (; input.size() >= sizeof(AesBlock); input = input.subspan(sizeof(AesBlock))) multiplier.absorb(input.data());
    if (input.empty()) return;
    AesBlock last{};
    std::memcpy(last.data(), input.data(), input.size());
    multiplier.absorb(last.data());
}

template <typename Multiplier>
AesBlock ghash_with(Multiplier multiplier, Bytes additional, Bytes ciphertext) noexcept {
    absorb(multiplier, additional);
    absorb(multiplier, ciphertext);
    AesBlock lengths;
    store_be(lengths.data(), std::uint64_t{additional.size()} * 8);
    store_be(lengths.data() + 8, std::uint64_t{ciphertext.size()} * 8);
    multiplier.absorb(lengths.data());
    return multiplier.result();
}

#if defined(__x86_64__)
#define SLUIS_TARGET_CLMUL [[gnu::target("pclmul,ssse3")]]

/// Multiplies by carry-less multiplication. Elements are kept byte-reversed, so that bit i of the 128-bit integer is
/// the coefficient of x^(127-i). A product of two such integers is one bit short of that order; the hash key is divided
/// by x beforehand to make up for it.
class CarrylessMultiplier {
public:
    SLUIS_TARGET_CLMUL explicit CarrylessMultiplier(const AesBlock& hash_key) noexcept : state_(_mm_setzero_si128()) {
        const FieldElement h = load_element(hash_key.data());
        const std::uint64_t overflow = h.high >> 63;
        const std::uint64_t high = (h.high << 1 | h.low >> 63) ^ overflow * kPolynomial;
        const std::uint64_t low = h.low << 1 ^ overflow;
        hash_key_ = _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
    }

    SLUIS_TARGET_CLMUL void absorb(const std::byte* block) noexcept {
        const __m128i input = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
        const __m128i factor = _mm_xor_si128(state_, reverse_bytes(input));
        __m128i low = _mm_clmulepi64_si128(factor, hash_key_, 0x00);
        __m128i high = _mm_clmulepi64_si128(factor, hash_key_, 0x11);
        const __m128i middle =
            _mm_xor_si128(_mm_clmulepi64_si128(factor, hash_key_, 0x01), _mm_clmulepi64_si128(factor, hash_key_, 0x10));
        low = _mm_xor_si128(low, _mm_slli_si128(middle, 8));
        high = _mm_xor_si128(high, _mm_srli_si128(middle, 8));
        state_ = _mm_xor_si128(high, fold(fold(low)));
    }

    SLUIS_TARGET_CLMUL AesBlock result() const noexcept {
        AesBlock block;
        _mm_storeu_si128(reinterpret_cast<__m128i*>(block.data()), reverse_bytes(state_));
        return block;
    }

private:
    static constexpr std::uint64_t kPolynomial = 0xc200'0000'0000'0000;  ///< 1 + x + x^6, seen from 64 bits above

    SLUIS_TARGET_CLMUL static __m128i reverse_bytes(__m128i value) noexcept {
        return _mm_shuffle_epi8(value, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    }
    /// Adds the multiple of the field's polynomial that clears the lowest 64 bits, and drops these.
    SLUIS_TARGET_CLMUL static __m128i fold(__m128i low) noexcept {
        const __m128i polynomial = _mm_set_epi64x(0, static_cast<long long>(kPolynomial));
        return _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e), _mm_clmulepi64_si128(low, polynomial, 0x00));
    }

    __m128i hash_key_;
    __m128i state_;
};
#endif

}  // namespace

AesBlock ghash_portable(const AesBlock& hash_key, Bytes additional, Bytes ciphertext) noexcept {
    return ghash_with(TableMultiplier(hash_key), additional, ciphertext);
}

AesBlock ghash(const AesBlock& hash_key, Bytes additional, Bytes ciphertext) noexcept {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("ssse3")) {
        return ghash_with(CarrylessMultiplier(hash_key), additional, ciphertext);
    }
#endif
    return ghash_portable(hash_key, additional, ciphertext);
}

}  // namespace sluis
