#include <mbedtls/aes.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "dataplane/packet/byte_order.h"
#include "dataplane/protocol/crypto/ghash.h"
#include "dataplane/protocol/mbedtls_compat.h"
#include "dataplane/protocol/quic_crypto.h"

namespace sluis {
namespace {

constexpr std::size_t kSha256Block = 64;

/// The hash of one key block XORed with `pad`, ready for more input.
mbedtls_sha256_context hash_padded_key(Bytes key, std::byte pad) noexcept {
    std::array<std::byte, kSha256Block> block;
    block.fill(pad);
    for (std::size_t i = 0; i < key.size(); ++i) block[i] ^= key[i];
    mbedtls_sha256_context context;
    mbedtls::sha256_starts(context);
    mbedtls::sha256_update(context, block);
    return context;
}

template <typename HashState>
void save(HashState& state, const mbedtls_sha256_context& context) noexcept {
    static_assert(sizeof context <= sizeof state && std::is_trivially_copyable_v<mbedtls_sha256_context>);
    std::memcpy(state.data(), &context, sizeof context);
}

/// Hashes `message` on from a saved state.
template <typename HashState>
Sha256Digest finish(const HashState& state, Bytes message) noexcept {
    mbedtls_sha256_context context;
    std::memcpy(&context, state.data(), sizeof context);
    mbedtls::sha256_update(context, message);
    Sha256Digest digest;
    mbedtls::sha256_finish(context, digest.data());
    return digest;
}

/// An expanded key; the context may point into itself, so it stays where it is.
class Aes128 {
public:
    explicit Aes128(const Aes128Key& key) noexcept {
        mbedtls_aes_init(&context_);
        // Fails for a wrong key size only.
        [[maybe_unused]] const int status =
            mbedtls_aes_setkey_enc(&context_, reinterpret_cast<const unsigned char*>(key.data()), 128);
    }
    ~Aes128() { mbedtls_aes_free(&context_); }
    Aes128(const Aes128&) = delete;
    Aes128& operator=(const Aes128&) = delete;

    AesBlock encrypt(const AesBlock& block) noexcept {
        AesBlock output;
        [[maybe_unused]] const int status =
            mbedtls_aes_crypt_ecb(&context_, MBEDTLS_AES_ENCRYPT, reinterpret_cast<const unsigned char*>(block.data()),
                                  reinterpret_cast<unsigned char*>(output.data()));
        return output;
    }

private:
    mbedtls_aes_context context_;
};

/// The counter block of a 96-bit nonce (NIST SP 800-38D, section 7.1); 1 is the tag's, data begins with 2.
AesBlock counter_block(const GcmNonce& nonce, std::uint32_t counter) noexcept {
    AesBlock block;
    std::memcpy(block.data(), nonce.data(), nonce.size());
    store_be(block.data() + nonce.size(), counter);
    return block;
}

/// Encrypts or decrypts: the same in counter mode. REQUIRES: output.size() == input.size().
void apply_key_stream(Aes128& aes, const GcmNonce& nonce, Bytes input, MutableBytes output) noexcept {
    std::uint32_t counter = 2;
    for (std::size_t done = 0; done < input.size(); done += sizeof(AesBlock), ++counter) {
        const AesBlock stream = aes.encrypt(counter_block(nonce, counter));
        const std::size_t count = std::min(sizeof(AesBlock), input.size() - done);
        for (std::size_t i = 0; i < count; ++i) output[done + i] = input[done + i] ^ stream[i];
    }
}

AesBlock compute_tag(Aes128& aes, const GcmNonce& nonce, Bytes additional, Bytes ciphertext) noexcept {
    AesBlock tag = ghash(aes.encrypt(AesBlock{}), additional, ciphertext);
    const AesBlock mask = aes.encrypt(counter_block(nonce, 1));
    for (std::size_t i = 0; i < tag.size(); ++i) tag[i] ^= mask[i];
    return tag;
}

}  // namespace

HmacSha256::HmacSha256(Bytes key) noexcept {
    save(inner_, hash_padded_key(key, std::byte{0x36}));
    save(outer_, hash_padded_key(key, std::byte{0x5c}));
}

void HmacSha256::digest(std::span<const Bytes> messages, std::span<Sha256Digest> digests) const noexcept {
    std::transform(messages.begin(), messages.end(), digests.begin(),
                   [this](Bytes message) { return finish(outer_, finish(inner_, message)); });
}

AesBlock aes128_encrypt(const Aes128Key& key, const AesBlock& block) noexcept { return Aes128(key).encrypt(block); }

bool aes128_gcm_open(const Aes128Key& key, const GcmNonce& nonce, Bytes additional, Bytes sealed,
                     MutableBytes plaintext) noexcept {
    Aes128 aes(key);
    const Bytes ciphertext = sealed.first(plaintext.size());
    const AesBlock tag = compute_tag(aes, nonce, additional, ciphertext);
    if (std::memcmp(tag.data(), sealed.last(kGcmTagSize).data(), kGcmTagSize) != 0) return false;
    apply_key_stream(aes, nonce, ciphertext, plaintext);
    return true;
}

void aes128_gcm_seal(const Aes128Key& key, const GcmNonce& nonce, Bytes additional, Bytes plaintext,
                     MutableBytes sealed) noexcept {
    Aes128 aes(key);
    const MutableBytes ciphertext = sealed.first(plaintext.size());
    apply_key_stream(aes, nonce, plaintext, ciphertext);
    const AesBlock tag = compute_tag(aes, nonce, additional, ciphertext);
    std::memcpy(sealed.last(kGcmTagSize).data(), tag.data(), kGcmTagSize);
}

}  // namespace sluis
