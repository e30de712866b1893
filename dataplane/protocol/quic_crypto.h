// The primitives below QUIC's Initial protection: HMAC-SHA-256, AES-128 and AES-128-GCM.
//
// Several libraries stand behind this header (crypto/): the build takes the fastest that the processor has. Nothing
// here allocates. Nothing is constant-time with purpose: Initial keys are public.
#pragma once

#include <array>
#include <span>

#include "dataplane/packet/bytes.h"

namespace sluis {

inline constexpr std::size_t kGcmTagSize = 16;  ///< bytes

using Sha256Digest = std::array<std::byte, 32>;
using AesBlock = std::array<std::byte, 16>;
using Aes128Key = std::array<std::byte, 16>;
using GcmNonce = std::array<std::byte, 12>;

/// An HMAC-SHA-256 key (RFC 2104), with the two padded key blocks hashed once for all messages.
class HmacSha256 {
public:
    static constexpr std::size_t kMessages = 4;  ///< at once
    static constexpr std::size_t kLongest = 55;  ///< bytes of a message: with its padding it fills one block

    /// REQUIRES: key.size() <= 64, SHA-256's block.
    explicit HmacSha256(Bytes key) noexcept;
    /// REQUIRES: message.size() <= kLongest.
    Sha256Digest operator()(Bytes message) const noexcept {
        Sha256Digest of_it;
        digest({&message, 1}, {&of_it, 1});
        return of_it;
    }
    /// The same of several messages, which some processors work on side by side. REQUIRES: at most kMessages, none
    /// longer than kLongest; digests.size() == messages.size().
    void digest(std::span<const Bytes> messages, std::span<Sha256Digest> digests) const noexcept;

private:
    /// Holds the library's hash state by value, unseen from here.
    using HashState = std::array<std::byte, 128>;
    HashState inner_;
    HashState outer_;
};

/// One block of AES-128 in the forward direction.
AesBlock aes128_encrypt(const Aes128Key& key, const AesBlock& block) noexcept;

/// AES-128-GCM (NIST SP 800-38D). `sealed` is the ciphertext with its tag behind. Returns false when the tag is wrong;
/// what is in `plaintext` then is not to be read. REQUIRES: sealed.size() >= kGcmTagSize;
/// plaintext.size() == sealed.size() - kGcmTagSize; the two do not overlap.
bool aes128_gcm_open(const Aes128Key& key, const GcmNonce& nonce, Bytes additional, Bytes sealed,
                     MutableBytes plaintext) noexcept;

/// Encrypts, and appends the tag. REQUIRES: sealed.size() == plaintext.size() + kGcmTagSize; the two begin at the same
/// byte or do not overlap.
void aes128_gcm_seal(const Aes128Key& key, const GcmNonce& nonce, Bytes additional, Bytes plaintext,
                     MutableBytes sealed) noexcept;

}  // namespace sluis
