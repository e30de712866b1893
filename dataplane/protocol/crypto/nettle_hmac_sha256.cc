// HMAC-SHA-256 by Nettle, which uses the processor's SHA instructions (x86-64 and ARMv8) and never allocates.
#include <nettle/sha2.h>

#include <cstring>
#include <type_traits>

#include "dataplane/protocol/quic_crypto.h"

namespace sluis {
namespace {

const std::uint8_t* data_of(Bytes bytes) noexcept { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

/// Saves the hash of one key block XORed with `pad`, ready for more input.
template <typename HashState>
void hash_padded_key(Bytes key, std::byte pad, HashState& state) noexcept {
    static_assert(sizeof(sha256_ctx) <= sizeof(HashState) && std::is_trivially_copyable_v<sha256_ctx>);
    std::array<std::byte, SHA256_BLOCK_SIZE> block{};
    std::memcpy(block.data(), key.data(), key.size());
    for (std::byte& byte : block) byte ^= pad;
    sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, block.size(), data_of(block));
    std::memcpy(state.data(), &context, sizeof context);
}

/// Hashes `message` on from a saved state.
template <typename HashState>
Sha256Digest finish(const HashState& state, Bytes message) noexcept {
    sha256_ctx context;
    std::memcpy(&context, state.data(), sizeof context);
    sha256_update(&context, message.size(), data_of(message));
    Sha256Digest digest;
    sha256_digest(&context, digest.size(), reinterpret_cast<std::uint8_t*>(digest.data()));
    return digest;
}

}  // namespace

HmacSha256::HmacSha256(Bytes key) noexcept {
    hash_padded_key(key, std::byte{0x36}, inner_);
    hash_padded_key(key, std::byte{0x5c}, outer_);
}

Sha256Digest HmacSha256::operator()(Bytes message) const noexcept { return finish(outer_, finish(inner_, message)); }

}  // namespace sluis
