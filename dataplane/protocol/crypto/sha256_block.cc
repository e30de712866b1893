#include "dataplane/protocol/crypto/sha256_block.h"

#include <nettle/sha2.h>

#include <algorithm>
#include <utility>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace sluis {

void sha256::compress_by_library(const Sha256Step& step) noexcept {
    sha256_ctx context{};  // between two blocks
    static_assert(sizeof context.state == sizeof(Sha256State));
    std::copy_n(step.state->data(), step.state->size(), context.state);
    sha256_update(&context, step.block->size(), reinterpret_cast<const std::uint8_t*>(step.block->data()));
    std::copy_n(context.state, step.state->size(), step.state->data());
}

#if defined(__x86_64__)
namespace {

bool has_sha_extensions() noexcept {
    constexpr unsigned kSha = 1u << 29;
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & kSha) != 0;
}
/// Who hashes before this is known, while the program starts, has it done by the library.
const bool kHasShaExtensions = has_sha_extensions();

/// FIPS 180-4, section 4.2.2.
alignas(16) constexpr std::array<std::uint32_t, 64> kRoundConstants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// Four words of a vector register, the first one lowest.
using Words = __m128i;

Words load(const void* from) noexcept { return _mm_loadu_si128(static_cast<const Words*>(from)); }

/// What a hash is while its rounds run: the working variables as the instructions want them (a, b, e, f and c, d, g, h,
/// the last one lowest), and the last sixteen words of the message schedule.
struct Lane {
    Words abef, cdgh;
    Words schedule[4];
};

[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void begin(Lane& lane, const Sha256State& state) noexcept {
    const Words badc = _mm_shuffle_epi32(load(state.data()), 0xb1);
    const Words efgh = _mm_shuffle_epi32(load(state.data() + 4), 0x1b);
    lane.abef = _mm_alignr_epi8(badc, efgh, 8);
    lane.cdgh = _mm_blend_epi16(efgh, badc, 0xf0);
}

/// Adds the working variables to the state.
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void end(const Lane& lane, Sha256State& state) noexcept {
    const Words feba = _mm_shuffle_epi32(lane.abef, 0x1b);
    const Words dchg = _mm_shuffle_epi32(lane.cdgh, 0xb1);
    auto* const to = reinterpret_cast<Words*>(state.data());
    _mm_storeu_si128(to, _mm_add_epi32(load(to), _mm_blend_epi16(feba, dchg, 0xf0)));
    _mm_storeu_si128(to + 1, _mm_add_epi32(load(to + 1), _mm_alignr_epi8(dchg, feba, 8)));
}

/// Words 4 * group and following of the message schedule.
template <int Group>
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline Words schedule(Lane& lane, const Sha256Block& block) noexcept {
    Words& oldest = lane.schedule[Group % 4];
    if constexpr (Group < 4) {
        const Words big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
        return oldest = _mm_shuffle_epi8(load(block.data() + Group * sizeof(Words)), big_endian);
    } else {
        const Words second = lane.schedule[(Group + 1) % 4], third = lane.schedule[(Group + 2) % 4];
        const Words newest = lane.schedule[(Group + 3) % 4];
        const Words sum = _mm_add_epi32(_mm_sha256msg1_epu32(oldest, second), _mm_alignr_epi8(newest, third, 4));
        return oldest = _mm_sha256msg2_epu32(sum, newest);
    }
}

/// Four rounds of each lane.
template <int Group, std::size_t Lanes>
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void rounds(Lane (&lanes)[Lanes],
                                                                     const Sha256Step* steps) noexcept {
    const Words constants = load(&kRoundConstants[Group * 4]);
    Words words[Lanes];
    for (std::size_t i = 0; i < Lanes; ++i)
        words[i] = _mm_add_epi32(schedule<Group>(lanes[i], *steps[i].block), constants);
    for (std::size_t i = 0; i < Lanes; ++i)
        lanes[i].cdgh = _mm_sha256rnds2_epu32(lanes[i].cdgh, lanes[i].abef, words[i]);
    for (std::size_t i = 0; i < Lanes; ++i)
        lanes[i].abef = _mm_sha256rnds2_epu32(lanes[i].abef, lanes[i].cdgh, _mm_shuffle_epi32(words[i], 0x0e));
}

template <std::size_t Lanes, int... Groups>
[[gnu::target("sha,sse4.1"), gnu::always_inline]] inline void all_rounds(
    Lane (&lanes)[Lanes], const Sha256Step* steps, std::integer_sequence<int, Groups...>) noexcept {
    (rounds<Groups>(lanes, steps), ...);
}

template <std::size_t Lanes>
[[gnu::target("sha,sse4.1")]] void compress_lanes(const Sha256Step* steps) noexcept {
    Lane lanes[Lanes];
    for (std::size_t i = 0; i < Lanes; ++i) begin(lanes[i], *steps[i].state);
    all_rounds(lanes, steps, std::make_integer_sequence<int, 16>());
    for (std::size_t i = 0; i < Lanes; ++i) end(lanes[i], *steps[i].state);
}

}  // namespace
#endif

void sha256::compress(std::span<const Sha256Step> steps) noexcept {
#if defined(__x86_64__)
    if (kHasShaExtensions) {
        for (; steps.size() >= 2; steps = steps.subspan(2)) compress_lanes<2>(steps.data());
        if (!steps.empty()) compress_lanes<1>(steps.data());
        return;
    }
#endif
    for (const Sha256Step& step : steps) compress_by_library(step);
}

}  // namespace sluis
